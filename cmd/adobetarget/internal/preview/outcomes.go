// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
)

// OutcomeDropped is that of a record of which a parameter was left out.
const OutcomeDropped = "dropped"

// Outcomes returns the names of what may become of records: skipped, dropped, and the reasons of both.
func Outcomes() []string {
	var reasons []string
	for _, skip := range mapping.Skips() {
		reasons = append(reasons, skip.String())
	}
	for reason := range len(mapping.Drops{}) {
		reasons = append(reasons, mapping.Drop(reason).String())
	}
	slices.Sort(reasons)
	return append([]string{OutcomeSkipped, OutcomeDropped}, slices.Compact(reasons)...)
}

// Outcomes counts what became of the records, by the names of Outcomes.
func (t *Totals) Outcomes() map[string]int {
	counts := make(map[string]int)
	for reason, n := range t.Skipped {
		counts[OutcomeSkipped] += n
		counts[reason] += n
	}
	for reason, n := range t.Dropped {
		counts[OutcomeDropped] += n
		counts[reason] += n
	}
	return counts
}
