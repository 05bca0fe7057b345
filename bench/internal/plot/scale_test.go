// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestALinearScaleBeginsAtZeroAndEndsOnARoundTick(t *testing.T) {
	s := newScale(Axis{}, []float64{37, 183})
	assert.Equal(t, []float64{0, 50, 100, 150, 200}, s.axis.Ticks)
	assert.InDelta(t, 0.5, s.at(100), 1e-9)
}

func TestALogarithmicScaleHasATickForEachPowerOfTen(t *testing.T) {
	s := newScale(Axis{Log: true}, []float64{5, 42_000})
	assert.Equal(t, []float64{1, 10, 100, 1_000, 10_000, 100_000}, s.axis.Ticks)
	assert.InDelta(t, 0.4, s.at(100), 1e-9)
}

func TestGivenTicksAreKept(t *testing.T) {
	s := newScale(Axis{Log: true, Ticks: []float64{1, 2, 4}}, []float64{1, 4})
	assert.Equal(t, []float64{1, 2, 4}, s.axis.Ticks)
	assert.InDelta(t, 0.5, s.at(2), 1e-9)
}

func TestTicksAreWrittenShort(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 0.5: "0.5", 200: "200", 5_000: "5000", 50_000: "50k", 1_000_000: "1M"} {
		assert.Equal(t, want, tickText(value))
	}
}
