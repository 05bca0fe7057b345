// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheOutputOfGoBenchmarksIsReadByNameAndUnit(t *testing.T) {
	got, err := parseBenchmarks(strings.NewReader(`goos: linux
BenchmarkRecord/attributes/a_visitor_each-2   1   890000 ns/op   890.0 ns/record   1.002 allocs/record
BenchmarkRecord/attributes/a_visitor_each-2   1   910000 ns/op   910.0 ns/record   1.002 allocs/record
BenchmarkCall/with_a_pace-2   5000   223.4 ns/op   0 B/op   0 allocs/op
PASS
`))
	require.NoError(t, err)
	assert.Equal(t, []string{"Call/with_a_pace", "Record/attributes/a_visitor_each"}, got.names())
	assert.Equal(t, []float64{890, 910}, got["Record/attributes/a_visitor_each"]["ns/record"])
	assert.InDelta(t, 900, got.median("Record/attributes/a_visitor_each", "ns/record"), 0)
	assert.Equal(t, []float64{223.4}, got["Call/with_a_pace"]["ns/op"])
}

func TestOnlyTheNumberOfProcessorsIsTakenOffAName(t *testing.T) {
	for name, want := range map[string]string{"Call/well-known-16": "Call/well-known", "Call/well-known": "Call/well-known"} {
		got, err := parseBenchmarks(strings.NewReader("Benchmark" + name + " 1 2 ns/op\n"))
		require.NoError(t, err)
		assert.Equal(t, []string{want}, got.names())
	}
}

func TestAValueThatIsNoNumberIsAnError(t *testing.T) {
	_, err := parseBenchmarks(strings.NewReader("BenchmarkCall-2 5000 much ns/op\n"))
	assert.EqualError(t, err, "go test -bench:1: parsing measurement: invalid syntax")
}

func TestWhatGoComplainsOfIsInTheError(t *testing.T) {
	_, err := goBenchmark(t.Context(), "./nowhere", "^Benchmark", "1x", 1)
	require.ErrorContains(t, err, "go test -bench ^Benchmark ./nowhere")
	assert.ErrorContains(t, err, "directory not found")
}

func TestGoBenchmarksEndWithTheirContext(t *testing.T) {
	t.Chdir("../../..") // where the harness runs
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := goBenchmark(ctx, "./exporter/quota", "^BenchmarkCall$", "10m", 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), time.Minute)
}
