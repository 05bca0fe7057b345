// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"fmt"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// benchmarkTime is how long each Go benchmark runs in a round.
const benchmarkTime = "0.5s"

// record runs the Go benchmarks of what a record and a call cost before the call is made.
func (s *suite) record(ctx context.Context) (string, error) {
	records, err := goBenchmark(ctx, "./exporter/mapping", "^BenchmarkRecord$", benchmarkTime,
		s.Rounds)
	if err != nil {
		return "", err
	}
	calls, err := goBenchmark(ctx, "./exporter/quota", "^BenchmarkCall", benchmarkTime, s.Rounds)
	if err != nil {
		return "", err
	}
	deliveries, err := goBenchmark(ctx, "./exporter/route", "^BenchmarkDelivery$", benchmarkTime,
		s.Rounds)
	if err != nil {
		return "", err
	}
	var verdicts report.Verdicts
	if err := judgeBenchmarks(&verdicts, records, recordTargets); err != nil {
		return "", err
	}
	if err := judgeBenchmarks(&verdicts, calls, callTargets); err != nil {
		return "", err
	}
	if err := judgeDelivery(&verdicts, deliveries); err != nil {
		return "", err
	}
	return recordTable(records) + "\n" + callTable(calls) + "\n" + verdicts.String(), nil
}

func recordTable(records benchmarks) string {
	t := report.NewTable("mapping, merging and encoding of a record of five parameters", "ns",
		"allocations")
	for _, name := range records.names() {
		t.Add(plain(name), fmt.Sprintf("%.0f", records.median(name, "ns/record")),
			fmt.Sprintf("%.2f", records.median(name, "allocs/record")))
	}
	return t.String()
}

// callTable says how many calls a second pass too, since the ns of many callers are not those that
// one of them waits.
func callTable(calls benchmarks) string {
	t := report.NewTable("quota and pace of a call", "ns", "million calls/s", "allocations",
		"bytes of a write")
	for _, name := range calls.names() {
		ns := calls.median(name, "ns/op")
		t.Add(plain(name), fmt.Sprintf("%.0f", ns), fmt.Sprintf("%.1f", 1e3/ns),
			report.Short(calls.median(name, "allocs/op")),
			known(calls.median(name, "bytes/write")))
	}
	return t.String()
}

// known returns a number, or nothing for one that is not known.
func known(number float64) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", number)
}

// plain writes the name of a benchmark as words.
func plain(name string) string {
	name = strings.TrimPrefix(name, "Record/")
	return strings.ReplaceAll(strings.ReplaceAll(name, "/", ", "), "_", " ")
}
