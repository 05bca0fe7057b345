// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// recordSection runs the Go benchmarks of what a record and a call cost before the call is made.
func (s *suite) recordSection(ctx context.Context) (string, error) {
	records, err := goBenchmark(ctx, "./exporter/mapping", "^BenchmarkRecord$", s.rounds)
	if err != nil {
		return "", err
	}
	calls, err := goBenchmark(ctx, "./exporter/quota", "^BenchmarkCall", s.rounds)
	if err != nil {
		return "", err
	}
	var verdicts report.Verdicts
	mapped := report.NewTable("mapping, merging and encoding of a record of five parameters", "ns", "allocations")
	for _, name := range slices.Sorted(maps.Keys(records)) {
		ns, allocations := report.Median(records[name]["ns/record"]), report.Median(records[name]["allocs/record"])
		label := plain(name)
		mapped.Add(label, fmt.Sprintf("%.0f", ns), fmt.Sprintf("%.2f", allocations))
		switch {
		case strings.HasPrefix(label, "attributes,"):
			verdicts.AtMost(label+": ns", ns, 1_500)
			verdicts.AtMost(label+": allocations", allocations, 2)
		case strings.HasPrefix(label, "four attributes and a"):
			verdicts.AtMost(label+": ns", ns, 4_000)
		}
	}
	paced := report.NewTable("quota and pace of a call", "ns", "allocations")
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		ns := report.Median(calls[name]["ns/op"])
		paced.Add(plain(name), fmt.Sprintf("%.0f", ns), report.Short(report.Median(calls[name]["allocs/op"])))
		writes, stored := calls[name]["writes/reservation"]
		switch {
		case stored:
			// A run begins in the middle of a reservation and ends in another's.
			verdicts.AtMost(plain(name)+": writes for a reservation", report.Median(writes), 1.01)
			verdicts.Note("%s: %.0f bytes a write", plain(name), report.Median(calls[name]["bytes/write"]))
		case !strings.Contains(name, "64"):
			verdicts.AtMost(plain(name)+": ns", ns, 100)
		}
	}
	return mapped.String() + "\n" + paced.String() + "\n" + verdicts.String(), nil
}

// plain writes the name of a benchmark as words.
func plain(name string) string {
	name = strings.TrimPrefix(name, "Record/")
	return strings.ReplaceAll(strings.ReplaceAll(name, "/", ", "), "_", " ")
}
