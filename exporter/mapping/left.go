// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// drop counts a parameter that is left out, and says which it is where that is asked for, by its name on the record. A
// map is named by the beginning of its parameters' names.
func (r *reader) drop(name string, why Drop) {
	r.update.Dropped[why]++
	if r.explains {
		r.update.Left = append(r.update.Left, Left{Name: parameterName(name), Why: why, Entry: r.entry})
	}
}

// explainBound says which of all parameters the calls of a record have no room for. No entry is to blame.
func (r *reader) explainBound(all []profile.Parameter) {
	sent := make(map[string]bool, len(r.update.Parameters))
	for _, p := range r.update.Parameters {
		sent[p.Name] = true
	}
	for _, p := range all {
		if !sent[p.Name] {
			r.update.Left = append(r.update.Left, Left{Name: p.Name, Why: DropTooMany, Entry: -1})
		}
	}
}
