// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"fmt"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// goTarget is the most that the median of a Go benchmark may be.
type goTarget struct {
	benchmark string // without "Benchmark"
	unit      string // as the benchmark reports it
	what      string // the unit in words
	atMost    float64
}

// recordTargets are those of BenchmarkRecord in exporter/mapping.
var recordTargets = []goTarget{
	{"Record/attributes/a_visitor_each", "ns/record", "ns", 1_500},
	{"Record/attributes/a_visitor_each", "allocs/record", "allocations", 2},
	{"Record/attributes/10_records_a_visitor", "ns/record", "ns", 1_500},
	{"Record/attributes/10_records_a_visitor", "allocs/record", "allocations", 2},
	{"Record/four_attributes_and_a_path/a_visitor_each", "ns/record", "ns", 4_000},
	{"Record/four_attributes_and_a_path/10_records_a_visitor", "ns/record", "ns", 4_000},
	{"Record/four_attributes_and_a_converter/a_visitor_each", "ns/record", "ns", 4_000},
	{"Record/four_attributes_and_a_converter/10_records_a_visitor", "ns/record", "ns", 4_000},
	{"Record/four_attributes_and_a_map/a_visitor_each", "ns/record", "ns", 4_000},
	{"Record/four_attributes_and_a_map/10_records_a_visitor", "ns/record", "ns", 4_000},
}

const (
	// writesOfReservation is one, and a little: a run begins in the middle of a reservation and
	// ends in another's.
	writesOfReservation = 1.01
	// statementBytes is for all that a statement says but the history: names, times, numbers, some
	// 340 bytes with short names. A page of a disk has 4,096.
	statementBytes = 1_000
	// dayStatementBytes is for that and a full history. The 1,441 numbers of 1,000,000 calls have
	// at most 6,715 digits and commas, however the calls lie in the day; 8,192 bytes are two pages
	// of a disk.
	dayStatementBytes = 8_192
)

// callTargets are those of BenchmarkCall and its kin in exporter/quota. The ns of 64 callers are
// the time that passes by the number of calls of them all, so 1,000 are a million calls a second.
var callTargets = []goTarget{
	{"Call/with_a_pace", "ns/op", "ns", 100},
	{"Call/without_a_pace", "ns/op", "ns", 100},
	{"CallOf64Callers/with_a_pace", "ns/op", "ns", 1_000},
	{"CallOf64Callers/without_a_pace", "ns/op", "ns", 1_000},
	{
		"CallWrittenAhead/nothing_before_it", "writes/reservation", "writes for a reservation",
		writesOfReservation,
	},
	{"CallWrittenAhead/nothing_before_it", "bytes/write", "bytes of a write", statementBytes},
	{
		"CallWrittenAhead/a_day_of_calls_before_it", "writes/reservation", "writes for a reservation",
		writesOfReservation,
	},
	{
		"CallWrittenAhead/a_day_of_calls_before_it", "bytes/write", "bytes of a write",
		dayStatementBytes,
	},
}

// judgeBenchmarks compares what was measured with the targets. It is an error when one of them was
// not measured: a benchmark that got another name would lose its target otherwise, and nobody would
// see.
func judgeBenchmarks(v *report.Verdicts, measured benchmarks, targets []goTarget) error {
	var missing []string
	for _, t := range targets {
		if len(measured[t.benchmark][t.unit]) == 0 {
			missing = append(missing, fmt.Sprintf("Benchmark%s in %s", t.benchmark, t.unit))
			continue
		}
		v.AtMost(plain(t.benchmark)+": "+t.what, measured.median(t.benchmark, t.unit), t.atMost)
	}
	if len(missing) > 0 {
		return fmt.Errorf("there are targets for what was not measured: %s; give the targets in bench/internal/section/record_targets.go the "+
			"names that the benchmarks have now", strings.Join(missing, ", "))
	}
	return nil
}

// mostDelivery is how many times that of net/http alone a Delivery call may take.
const mostDelivery = 1.3

// judgeDelivery compares a Delivery call with one of net/http that has the same body.
func judgeDelivery(v *report.Verdicts, measured benchmarks) error {
	for _, parameters := range []string{"5", "50"} {
		route, bare := "Delivery/route/"+parameters, "Delivery/bare/"+parameters
		err := judgeBenchmarks(new(report.Verdicts), measured, []goTarget{
			{route, "ns/op", "", 0}, {bare, "ns/op", "", 0},
		})
		if err != nil {
			return err
		}
		v.AtMost("Delivery, "+parameters+" parameters: time of a call over that of net/http alone",
			measured.median(route, "ns/op")/measured.median(bare, "ns/op"), mostDelivery)
	}
	return nil
}
