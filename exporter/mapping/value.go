// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// kept is the Drop of a value that is not left out.
const kept = drops

// scalarText returns the text of a value that is not a map. With a reason other
// than kept there is none.
func scalarText(v pcommon.Value) (string, Drop) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return notEmpty(v.Str())
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10), kept
	case pcommon.ValueTypeDouble:
		return doubleText(v.Double())
	case pcommon.ValueTypeBool:
		return strconv.FormatBool(v.Bool()), kept
	case pcommon.ValueTypeBytes:
		return notEmpty(base64.StdEncoding.EncodeToString(v.Bytes().AsRaw()))
	case pcommon.ValueTypeSlice:
		return listText(v.Slice())
	case pcommon.ValueTypeEmpty:
		return "", DropNull
	default:
		return "", DropUnsupported
	}
}

// listText joins the elements with commas. Elements without a text (null, empty)
// are passed over; a map among them is written as JSON.
func listText(list pcommon.Slice) (string, Drop) {
	var texts []string
	for i := range list.Len() {
		element := list.At(i)
		var text string
		var reason Drop
		if element.Type() == pcommon.ValueTypeMap {
			text, reason = element.AsString(), numbersReason(element)
		} else {
			text, reason = scalarText(element)
		}
		switch reason {
		case kept:
			texts = append(texts, text)
		case DropNull, DropEmpty:
		default:
			return "", reason
		}
	}
	return notEmpty(strings.Join(texts, ","))
}

// doubleText writes a double in plain decimal, never with an exponent.
func doubleText(f float64) (string, Drop) {
	if reason := doubleReason(f); reason != kept {
		return "", reason
	}
	return strconv.FormatFloat(f, 'f', -1, 64), kept
}

// rounded is where whole numbers begin that a double cannot hold: from there on two
// of them become one.
const rounded = 1 << 53

func doubleReason(f float64) Drop {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return DropNotFinite
	case math.Abs(f) >= rounded:
		return DropRounded
	}
	return kept
}

// numbersReason returns why the first double in a value has no text, however deep it
// stands in maps and lists.
func numbersReason(v pcommon.Value) Drop {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		return doubleReason(v.Double())
	case pcommon.ValueTypeMap:
		for _, child := range v.Map().All() {
			if reason := numbersReason(child); reason != kept {
				return reason
			}
		}
	case pcommon.ValueTypeSlice:
		for _, child := range v.Slice().All() {
			if reason := numbersReason(child); reason != kept {
				return reason
			}
		}
	default:
	}
	return kept
}

func notEmpty(s string) (string, Drop) {
	if s == "" {
		return "", DropEmpty
	}
	return s, kept
}

// resultValue returns the pdata form of what an OTTL expression gave. Converters
// answer with plain Go values as well as with pdata.
func resultValue(result any) (pcommon.Value, Drop) {
	switch r := result.(type) {
	case nil:
		return pcommon.Value{}, DropNull
	case string:
		return pcommon.NewValueStr(r), kept
	case int64:
		return pcommon.NewValueInt(r), kept
	case float64:
		return pcommon.NewValueDouble(r), kept
	case bool:
		return pcommon.NewValueBool(r), kept
	case pcommon.Value:
		return r, kept
	case pcommon.Map:
		v := pcommon.NewValueMap()
		r.CopyTo(v.Map())
		return v, kept
	case pcommon.Slice:
		v := pcommon.NewValueSlice()
		r.CopyTo(v.Slice())
		return v, kept
	case time.Time:
		if r.IsZero() {
			return pcommon.Value{}, DropNull
		}
		return pcommon.NewValueStr(r.Format(time.RFC3339Nano)), kept
	case []any:
		return listValue(r)
	case []string:
		return listValue(r)
	case []int64:
		return listValue(r)
	case []float64:
		return listValue(r)
	case []bool:
		return listValue(r)
	case []pcommon.Value:
		return listValue(r)
	case fmt.Stringer: // durations, trace and span ids
		return pcommon.NewValueStr(r.String()), kept
	}
	v := pcommon.NewValueEmpty()
	if err := v.FromRaw(result); err != nil {
		return v, DropUnsupported
	}
	return v, kept
}

// listValue returns the pdata form of a list. A list literal holds whatever its
// elements gave, some converters answer with a typed list.
func listValue[T any](list []T) (pcommon.Value, Drop) {
	v := pcommon.NewValueSlice()
	v.Slice().EnsureCapacity(len(list))
	for _, element := range list {
		value, reason := resultValue(element)
		switch reason {
		case kept:
			value.CopyTo(v.Slice().AppendEmpty())
		case DropNull:
			v.Slice().AppendEmpty()
		default:
			return v, reason
		}
	}
	return v, kept
}

// maxDepth is how many maps and lists may stand in each other. The stack overflows
// at some 400,000, and that ends the whole collector.
const maxDepth = 20_000

// deeperThan tells whether maps and lists stand in each other over so many levels.
func deeperThan(v pcommon.Value, levels int) bool {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for _, child := range v.Map().All() {
			if levels == 0 || deeperThan(child, levels-1) {
				return true
			}
		}
	case pcommon.ValueTypeSlice:
		for _, child := range v.Slice().All() {
			if levels == 0 || deeperThan(child, levels-1) {
				return true
			}
		}
	default:
	}
	return false
}

// leaves counts the values that are not maps in a map, however deep.
func leaves(m pcommon.Map) int {
	n := 0
	for _, v := range m.All() {
		if v.Type() == pcommon.ValueTypeMap && v.Map().Len() > 0 {
			n += leaves(v.Map())
		} else {
			n++
		}
	}
	return n
}

// defaultText returns the text of a default as YAML gives it.
func defaultText(value any) (string, bool) {
	if n, ok := value.(uint64); ok { // what is over an int64, which pdata would turn negative
		return strconv.FormatUint(n, 10), true
	}
	v := pcommon.NewValueEmpty()
	if err := v.FromRaw(value); err != nil {
		return "", false
	}
	switch v.Type() {
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice, pcommon.ValueTypeBytes:
		return "", false
	}
	text, reason := scalarText(v)
	return text, reason == kept
}
