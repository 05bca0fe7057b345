// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// attributeMaps are the attributes of a record, its scope and its resource, in the
// order in which an attribute is looked up.
type attributeMaps [3]pcommon.Map

// get looks a name up. Where no attribute is called so, it is the path of a value in
// nested maps.
func (a *attributeMaps) get(name string) (pcommon.Value, bool) {
	for i := range a {
		if v, ok := a[i].Get(name); ok {
			return v, true
		}
	}
	for i := range a {
		if v, ok := lookup(a[i], name); ok {
			return v, true
		}
	}
	return pcommon.Value{}, false
}

// lookup looks a dotted name up in the maps that m holds; the longest key wins.
func lookup(m pcommon.Map, name string) (pcommon.Value, bool) {
	for dot := strings.LastIndexByte(name, '.'); dot >= 0; dot = strings.LastIndexByte(name[:dot], '.') {
		inner, ok := mapAt(m, name[:dot])
		if !ok {
			continue
		}
		if v, ok := inner.Get(name[dot+1:]); ok {
			return v, true
		}
		if v, ok := lookup(inner, name[dot+1:]); ok {
			return v, true
		}
	}
	return pcommon.Value{}, false
}

func mapAt(m pcommon.Map, key string) (pcommon.Map, bool) {
	if v, ok := m.Get(key); ok && v.Type() == pcommon.ValueTypeMap {
		return v.Map(), true
	}
	return pcommon.Map{}, false
}
