// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
)

func TestThePointThatStaysFarthestBelowConcurrencyOverLatencyIsFound(t *testing.T) {
	lowest, atOnce := worstShare(5*time.Millisecond, []plot.Point{
		{X: 1, Y: 160},
		{X: 8, Y: 1_200},
		{X: 64, Y: 12_288},
	})
	assert.InDelta(t, 0.75, lowest, 1e-9)
	assert.Equal(t, 8, atOnce)
}

func TestAPointTakesAboutAsLongAsItMay(t *testing.T) {
	s := &suite{Options: Options{Sizes: Sizes{PerPoint: time.Second}}}
	assert.Equal(t, 8*20, s.callsOfPoint(50*time.Millisecond, 8), "the latency is the limit")
	assert.InDelta(t, 15_000, s.callsOfPoint(0, 64), 64, "the machine is")
	assert.Equal(t, 2*64, s.callsOfPoint(time.Minute, 64), "two rounds are the least")
}
