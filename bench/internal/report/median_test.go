// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheMedianIsTheMiddleValue(t *testing.T) {
	assert.Equal(t, 3, Median([]int{9, 1, 3}))
	assert.InDelta(t, 2.5, Median([]float64{4, 1, 2, 3}), 0)
	assert.Equal(t, 2*time.Second, Median([]time.Duration{3 * time.Second, time.Second}))
	assert.Zero(t, Median([]int{}))
}

func TestTheMedianLeavesTheValuesInTheirOrder(t *testing.T) {
	values := []int{3, 1, 2}
	Median(values)
	assert.Equal(t, []int{3, 1, 2}, values)
}

func TestTheMedianOfAFieldIsTakenFromEachValue(t *testing.T) {
	assert.Equal(t, 2, MedianOf([]string{"a", "bb", "ccc"}, func(s string) int { return len(s) }))
}

func TestTheSpreadIsTheDistanceOfTheEndsOverTheMedian(t *testing.T) {
	assert.InDelta(t, 0.5, Spread([]float64{80, 100, 130}), 1e-9)
	assert.Zero(t, Spread([]float64{7}))
	assert.Zero(t, Spread(nil))
	assert.Zero(t, Spread([]float64{0, 0}))
}
