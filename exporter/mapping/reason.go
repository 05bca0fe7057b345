// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

// Skip is the reason why a log record gives no update.
type Skip uint8

const (
	// NotSkipped means that the record gives an update.
	NotSkipped Skip = iota
	// SkipCondition means that the record meets none of the conditions.
	SkipCondition
	// SkipConditionFailed means that the record meets none of the conditions, and
	// that at least one of them could not be evaluated on it.
	SkipConditionFailed
	// SkipNoVisitor means that no visitor entry found an id.
	SkipNoVisitor
	// SkipVisitorFailed means that no visitor entry found an id, and that at least one of
	// them could not be evaluated on the record.
	SkipVisitorFailed
	// SkipInvalidVisitor means that ids were found, and that each is one that Target
	// refuses, or one that stands for nobody or for several people.
	SkipInvalidVisitor
	// SkipNoParameters means that no profile parameter is left to be sent.
	SkipNoParameters
	// SkipTooLarge means that no profile parameter is left to be sent, and that at
	// least one of them alone is over the size of a call.
	SkipTooLarge

	skips
)

var skipNames = [skips]string{
	NotSkipped:          "",
	SkipCondition:       "condition",
	SkipConditionFailed: "condition_failed",
	SkipNoVisitor:       "no_visitor",
	SkipVisitorFailed:   "visitor_failed",
	SkipInvalidVisitor:  "invalid_visitor",
	SkipNoParameters:    "no_parameters",
	SkipTooLarge:        "too_large",
}

// String returns the reason as metrics name it.
func (s Skip) String() string { return skipNames[s] }

// Skips returns all reasons why a log record is skipped.
func Skips() []Skip {
	all := make([]Skip, 0, skips)
	for s := NotSkipped + 1; s < skips; s++ {
		all = append(all, s)
	}
	return all
}

// Drop is the reason why a profile parameter is left out of an update.
type Drop uint8

const (
	// DropNull means that the value is null, or a time that the record does not have.
	DropNull Drop = iota
	// DropEmpty means that the value is an empty string, list, map or byte string.
	// Empty values never clear a profile attribute, so they are not sent.
	DropEmpty
	// DropNotFinite means that the value is a number without a decimal form: NaN or
	// an infinity.
	DropNotFinite
	// DropRounded means that the value is a floating-point number so large that whole
	// numbers are rounded.
	DropRounded
	// DropNotAMap means that an entry without a parameter gave something else than a
	// map, so that there is no name for it.
	DropNotAMap
	// DropExpressionFailed means that the OTTL value could not be evaluated on the
	// record.
	DropExpressionFailed
	// DropUnsupported means that the OTTL value is of a type that has no text.
	DropUnsupported
	// DropTooDeep means that maps and lists stand in each other over 20,000 levels deep.
	DropTooDeep
	// DropEmptyName means that nothing is left of the name.
	DropEmptyName
	// DropReservedName means that the name belongs to Target itself, or is none where the calls go.
	DropReservedName
	// DropMalformedName means that the name holds a control character.
	DropMalformedName
	// DropNameTooLong means that the name has over 128 characters.
	DropNameTooLong
	// DropValueTooLong means that the value has more characters than
	// max_value_length allows.
	DropValueTooLong
	// DropTooLarge means that the parameter alone is over the size of a call.
	DropTooLarge
	// DropTooMany means that the calls of one record have no room for the parameter: those
	// that come first in the order of the entries have taken it.
	DropTooMany

	drops
)

var dropNames = [drops]string{
	DropNull:             "null",
	DropEmpty:            "empty",
	DropNotFinite:        "not_finite",
	DropRounded:          "rounded",
	DropNotAMap:          "not_a_map",
	DropExpressionFailed: "expression_failed",
	DropUnsupported:      "unsupported",
	DropTooDeep:          "too_deep",
	DropEmptyName:        "empty_name",
	DropReservedName:     "reserved_name",
	DropMalformedName:    "malformed_name",
	DropNameTooLong:      "name_too_long",
	DropValueTooLong:     "value_too_long",
	DropTooLarge:         "too_large",
	DropTooMany:          "too_many",
}

// String returns the reason as metrics name it.
func (d Drop) String() string { return dropNames[d] }

// Drops counts the parameters left out, by their Drop.
type Drops [drops]int

// Add adds the counts of other.
func (d *Drops) Add(other *Drops) {
	for reason, n := range other {
		d[reason] += n
	}
}
