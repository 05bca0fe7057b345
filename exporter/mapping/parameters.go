// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// addEntry adds what one entry finds on the record. Its default stands in where
// the record has no value at all, and nothing was left out then.
func (r *reader) addEntry(ctx context.Context, s *profileSource) {
	parameters, dropped, left := len(r.update.Parameters), r.update.Dropped, len(r.update.Left)
	switch {
	case s.prefix != "":
		r.addPrefix(s.prefix)
	case s.value != nil:
		r.addExpression(ctx, s)
	default:
		if v, ok := r.attributes.get(s.attribute); ok {
			r.addValue(s.parameter, v)
		}
	}
	if s.defaultText == "" || len(r.update.Parameters) > parameters {
		return
	}
	dropped[DropExpressionFailed] = r.update.Dropped[DropExpressionFailed]
	without := r.update.Dropped
	without[DropNull], without[DropEmpty] = dropped[DropNull], dropped[DropEmpty]
	if without == dropped {
		failed := slices.DeleteFunc(r.update.Left[left:], func(l Left) bool { return l.Why != DropExpressionFailed })
		r.update.Dropped, r.update.Left = dropped, r.update.Left[:left+len(failed)]
		r.put(s.parameter, s.defaultText)
	}
}

// addPrefix adds every attribute whose name begins with the prefix, and what stands
// under it in nested maps. What is called so literally wins over what is nested,
// what stands on the record over its scope, and the scope over the resource.
func (r *reader) addPrefix(prefix string) {
	for i := range slices.Backward(r.attributes[:]) {
		r.addNested(r.attributes[i], prefix)
	}
	for i := range slices.Backward(r.attributes[:]) {
		r.addNamed(r.attributes[i], prefix)
	}
}

// addNested adds what begins with the prefix when the keys of nested maps are joined
// with dots. The longest key comes last, and wins.
func (r *reader) addNested(m pcommon.Map, prefix string) {
	for key, rest, ok := cutDot(prefix, 0); ok; key, rest, ok = cutDot(prefix, len(key)+1) {
		if inner, found := mapAt(m, key); found {
			r.addNested(inner, rest)
			r.addNamed(inner, rest)
		}
	}
}

// cutDot cuts a name at the first dot from a place on.
func cutDot(name string, from int) (before, after string, found bool) {
	dot := strings.IndexByte(name[from:], '.')
	if dot < 0 {
		return "", "", false
	}
	return name[:from+dot], name[from+dot+1:], true
}

func (r *reader) addNamed(m pcommon.Map, prefix string) {
	for name, v := range m.All() {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			r.addValue(rest, v)
		}
	}
}

func (r *reader) addExpression(ctx context.Context, s *profileSource) {
	value, reason := s.value.eval(ctx, r.ottl)
	switch {
	case reason != kept:
		r.drop(s.parameter, reason)
	case s.parameter != "":
		r.addValue(s.parameter, value)
	case value.Type() != pcommon.ValueTypeMap:
		r.drop("", DropNotAMap)
	case deeperThan(value, maxDepth):
		r.drop("", DropTooDeep)
	default:
		r.addMap("", value.Map())
	}
}

// addValue adds what an entry found, unless it is too deep to be walked through.
func (r *reader) addValue(name string, v pcommon.Value) {
	if deeperThan(v, maxDepth) {
		r.drop(name, DropTooDeep)
		return
	}
	r.add(name, v)
}

// add adds a value under a name, a map as one parameter for each of its leaves.
func (r *reader) add(name string, v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeMap {
		r.addMap(name+".", v.Map())
		return
	}
	text, reason := scalarText(v)
	if reason != kept {
		r.drop(name, reason)
		return
	}
	r.put(name, text)
}

// addMap adds the entries of a map under dotted names.
func (r *reader) addMap(prefix string, m pcommon.Map) {
	if m.Len() == 0 {
		r.drop(strings.TrimSuffix(prefix, "."), DropEmpty)
		return
	}
	if profile.NameTooLong(parameterName(prefix)) {
		for range leaves(m) {
			r.drop(strings.TrimSuffix(prefix, "."), DropNameTooLong)
		}
		return
	}
	for key, v := range m.All() {
		r.add(prefix+key, v)
	}
}

// put adds a parameter that Target would take.
func (r *reader) put(name, value string) {
	parameter := parameterName(name)
	if reason := r.refusal(r.update.Visitor, parameter, value); reason != kept {
		r.drop(name, reason)
		return
	}
	r.update.Parameters = append(r.update.Parameters, profile.Parameter{Name: parameter, Value: value})
}

// parameterName returns the name of a parameter that is called so on a record. Every
// name gets "profile." in a call, so one that has it already loses it here.
func parameterName(name string) string {
	return strings.TrimPrefix(profile.CleanName(name), "profile.")
}
