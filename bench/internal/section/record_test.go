// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

func TestATargetIsComparedWithTheMedianOfItsBenchmark(t *testing.T) {
	var v report.Verdicts
	err := judgeBenchmarks(&v, benchmarks{
		"Call/with_a_pace": {"ns/op": {90, 120, 80}},
		"Other":            {"ns/op": {1}},
	},
		[]goTarget{{"Call/with_a_pace", "ns/op", "ns", 100}})
	require.NoError(t, err)
	assert.Equal(t, "- Call, with a pace: ns at most 100: 90, met\n", v.String())
}

func TestABenchmarkThatIsGoneDoesNotTakeItsTargetAlong(t *testing.T) {
	targets := []goTarget{
		{"Call/with_a_pace", "ns/op", "ns", 100},
		{"CallWrittenAhead", "bytes/write", "bytes", 1},
	}
	for name, measured := range map[string]benchmarks{
		"renamed": {
			"Call/paced":       {"ns/op": {90}},
			"CallWrittenAhead": {"bytes/write": {1}},
		},
		"without its unit": {
			"Call/with_a_pace": {"B/op": {0}},
			"CallWrittenAhead": {"bytes/write": {1}},
		},
		"with others that remain": {"CallWrittenAhead": {"bytes/write": {1}}},
	} {
		err := judgeBenchmarks(new(report.Verdicts), measured, targets)
		assert.ErrorContains(t, err, "not measured: BenchmarkCall/with_a_pace in ns/op;", name)
	}
}

func TestTheBenchmarksHaveTheNamesThatTheTargetsGiveThem(t *testing.T) {
	t.Chdir("../../..") // where the harness runs
	records, err := goBenchmark(t.Context(), "./exporter/mapping", "^BenchmarkRecord$", "1x", 1)
	require.NoError(t, err)
	require.NoError(t, judgeBenchmarks(new(report.Verdicts), records, recordTargets))
	calls, err := goBenchmark(t.Context(), "./exporter/quota", "^BenchmarkCall", "1x", 1)
	require.NoError(t, err)
	require.NoError(t, judgeBenchmarks(new(report.Verdicts), calls, callTargets))
	deliveries, err := goBenchmark(t.Context(), "./exporter/route", "^BenchmarkDelivery$", "1x", 1)
	require.NoError(t, err)
	require.NoError(t, judgeDelivery(new(report.Verdicts), deliveries))
}

func TestADeliveryCallIsComparedWithOneOfNetHTTPThatHasAsManyParameters(t *testing.T) {
	var v report.Verdicts
	measured := benchmarks{
		"Delivery/route/5": {"ns/op": {120, 900, 110}}, "Delivery/bare/5": {"ns/op": {90, 100, 100}},
		"Delivery/route/50": {"ns/op": {280}}, "Delivery/bare/50": {"ns/op": {200}},
	}
	require.NoError(t, judgeDelivery(&v, measured))
	assert.Equal(t, `- Delivery, 5 parameters: time of a call over that of net/http alone at most 1.3: 1.2, met
- Delivery, 50 parameters: time of a call over that of net/http alone at most 1.3: 1.4, missed
`, v.String())
	delete(measured, "Delivery/bare/50")
	assert.ErrorContains(t, judgeDelivery(&v, measured), "not measured: BenchmarkDelivery/bare/50 in ns/op;")
}

func TestCallsHaveTheirNumberASecondBesideTheirTime(t *testing.T) {
	assert.Equal(t, `| quota and pace of a call     |  ns | million calls/s | allocations | bytes of a write |
| ---------------------------- | --: | --------------: | ----------: | ---------------: |
| CallOf64Callers, with a pace | 500 |             2.0 |           0 |                  |
| CallWrittenAhead             | 800 |             1.2 |           0 |              336 |
`, callTable(benchmarks{
		"CallWrittenAhead":            {"ns/op": {800}, "allocs/op": {0}, "bytes/write": {336}},
		"CallOf64Callers/with_a_pace": {"ns/op": {500}, "allocs/op": {0}},
	}))
}

func TestTheNameOfABenchmarkIsWrittenAsWords(t *testing.T) {
	assert.Equal(t, "attributes, 10 records a visitor",
		plain("Record/attributes/10_records_a_visitor"))
}
