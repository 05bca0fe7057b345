// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// reader reads one log record after another by the entries of its Mapper.
type reader struct {
	*Mapper
	ottl       *recordContext
	attributes attributeMaps
	update     Update
	entry      int  // of the profile, which is read
	explains   bool // says which parameters are left out
}

func (r *reader) at(resource plog.ResourceLogs, scope plog.ScopeLogs, record plog.LogRecord) {
	*r.ottl.resource, *r.ottl.scope, *r.ottl.record = resource, scope, record
	r.attributes = attributeMaps{record.Attributes(), scope.Scope().Attributes(), resource.Resource().Attributes()}
}

// read makes the update of the record the reader is at.
func (r *reader) read(ctx context.Context) {
	r.update = Update{Parameters: r.update.Parameters[:0]}
	if r.update.Skip = r.condition(ctx); r.update.Skip != NotSkipped {
		return
	}
	if r.update.Visitor, r.update.Skip = r.findVisitor(ctx); r.update.Skip != NotSkipped {
		return
	}
	for i := range r.profile {
		r.entry = i
		r.addEntry(ctx, &r.profile[i])
	}
	r.bound()
	switch {
	case len(r.update.Parameters) > 0:
	case r.update.Dropped[DropTooLarge] > 0:
		r.update.Skip = SkipTooLarge
	default:
		r.update.Skip = SkipNoParameters
	}
}

// maxCalls is how many calls one record may take of the quota.
const maxCalls = 10

// bound leaves out what would need more calls.
func (r *reader) bound() {
	var all []profile.Parameter
	if r.explains {
		all = slices.Clone(r.update.Parameters)
	}
	before := len(r.update.Parameters)
	if r.maxParameters > 0 {
		r.update.Parameters = profile.BoundNames(r.update.Parameters, maxCalls*r.maxParameters)
	}
	r.update.Parameters = profile.Bound(r.update.Visitor, r.update.Parameters, maxCalls, r.maxCall)
	r.update.Dropped[DropTooMany] += before - len(r.update.Parameters)
	if r.explains {
		r.explainBound(all)
	}
}

// condition tells whether the record meets any of the conditions. They are
// evaluated one by one here: OTTL's own sequence logs whole records at debug level.
func (r *reader) condition(ctx context.Context) Skip {
	if len(r.conditions) == 0 {
		return NotSkipped
	}
	failed := ""
	for i := range r.conditions {
		met, err := r.conditions[i].ottl.Eval(ctx, r.ottl.ottl)
		switch {
		case err != nil:
			failed = cmp.Or(failed, r.conditions[i].place)
		case met:
			return NotSkipped
		}
	}
	if r.update.Failed = failed; failed != "" {
		return SkipConditionFailed
	}
	return SkipCondition
}

// findVisitor returns the visitor by the first entry that gives a usable id.
func (r *reader) findVisitor(ctx context.Context) (profile.Visitor, Skip) {
	skip, failed := SkipNoVisitor, ""
	for i := range r.visitor {
		s := &r.visitor[i]
		value, reason := r.visitorValue(ctx, s)
		switch reason {
		case kept:
		case DropExpressionFailed:
			failed = cmp.Or(failed, s.place)
			continue
		default:
			continue
		}
		id, given := idText(value)
		if !given {
			continue
		}
		if v := (profile.Visitor{Parameter: s.parameter, ID: id}); r.Sendable(v) {
			return v, NotSkipped
		}
		skip = SkipInvalidVisitor
	}
	if skip == SkipNoVisitor && failed != "" {
		r.update.Failed, skip = failed, SkipVisitorFailed
	}
	return profile.Visitor{}, skip
}

func (r *reader) visitorValue(ctx context.Context, s *visitorSource) (pcommon.Value, Drop) {
	if s.value != nil {
		return s.value.eval(ctx, r.ottl)
	}
	if v, ok := r.attributes.get(s.attribute); ok {
		return v, kept
	}
	return pcommon.Value{}, DropNull
}

// idText returns the text of an id. Null and empty say nothing of the visitor, so
// they are no id; a value of a kind that cannot be an id is one, and not usable. So
// is a floating-point number that is not whole, or so large that it was rounded:
// two ids may have become one.
func idText(v pcommon.Value) (id string, given bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str(), v.Str() != ""
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10), true
	case pcommon.ValueTypeDouble:
		f := v.Double()
		if f != math.Trunc(f) || doubleReason(f) != kept {
			return "", true
		}
		return strconv.FormatInt(int64(f), 10), true
	case pcommon.ValueTypeEmpty:
		return "", false
	default:
		return "", true
	}
}
