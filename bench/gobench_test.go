// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheOutputOfGoBenchmarksIsReadByNameAndUnit(t *testing.T) {
	got := parseBenchmarks(strings.NewReader(`goos: linux
BenchmarkRecord/attributes/a_visitor_each-2   1   890000 ns/op   890.0 ns/record   1.002 allocs/record
BenchmarkRecord/attributes/a_visitor_each-2   1   910000 ns/op   910.0 ns/record   1.002 allocs/record
BenchmarkCall/with_a_pace-2   5000   223.4 ns/op   0 B/op   0 allocs/op
PASS
`))
	assert.Equal(t, []float64{890, 910}, got["Record/attributes/a_visitor_each"]["ns/record"])
	assert.Equal(t, []float64{223.4}, got["Call/with_a_pace"]["ns/op"])
	assert.Len(t, got, 2)
}
