// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheMedianIsTheMiddleValue(t *testing.T) {
	assert.InDelta(t, 3, Median([]float64{9, 1, 3}), 1e-9)
	assert.InDelta(t, 2.5, Median([]float64{4, 1, 2, 3}), 1e-9)
	assert.Zero(t, Median(nil))
}

func TestTheMedianLeavesTheValuesInTheirOrder(t *testing.T) {
	values := []float64{3, 1, 2}
	Median(values)
	assert.Equal(t, []float64{3, 1, 2}, values)
}

func TestTheMedianOfAFieldIsTakenFromEachValue(t *testing.T) {
	assert.InDelta(t, 2, MedianOf([]string{"a", "bb", "ccc"},
		func(s string) float64 { return float64(len(s)) }), 1e-9)
}

func TestAQuantileIsPassedByFew(t *testing.T) {
	values := make([]float64, 1_000)
	for i := range values {
		values[i] = float64(i + 1)
	}
	assert.InDelta(t, 990, Quantile(values, 0.99), 1)
	assert.InDelta(t, 1_000, Quantile(values, 1), 0)
	assert.Zero(t, Quantile(nil, 0.99))
}

func TestTheSpreadIsTheDistanceOfTheEndsOverTheMedian(t *testing.T) {
	assert.InDelta(t, 0.5, Spread([]float64{80, 100, 130}), 1e-9)
	assert.Zero(t, Spread([]float64{7}))
	assert.Zero(t, Spread(nil))
	assert.Zero(t, Spread([]float64{0, 0}))
}
