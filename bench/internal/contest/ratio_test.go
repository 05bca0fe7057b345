// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// rounds returns a contestant that took so many milliseconds in each round, all of it CPU.
func rounds(name string, milliseconds ...int) *Contestant {
	c := &Contestant{Name: name}
	for _, ms := range milliseconds {
		took := time.Duration(ms) * time.Millisecond
		c.Results = append(c.Results, ran(1_000, took, took))
	}
	return c
}

func TestARatioIsThatOfTheRoundsAndNotOfTheMedians(t *testing.T) {
	// The machine is slower from round to round, and the exporter always takes half as long again.
	floor, exporter := rounds("floor", 100, 200, 400), rounds("exporter", 150, 300, 600)
	exporter.Against = []*Contestant{floor}
	assert.Equal(t, "1.50 (1.50-1.50)", exporter.cpu().String())
	assert.Equal(t, "0.67 (0.67-0.67)", exporter.speed().String())

	// Medians of 300 and 200 would be 1.5 here.
	exporter.Results = rounds("exporter", 300, 1_000, 200).Results
	assert.Equal(t, "3.00 (0.50-5.00)", exporter.cpu().String())
}

func TestEachMeasureIsComparedWithTheBestOfItsOwn(t *testing.T) {
	fast, cheap := rounds("fast", 100), rounds("cheap", 200)
	fast.Results[0].CPU, cheap.Results[0].CPU = time.Second, 100*time.Millisecond
	c := rounds("distribution", 50)
	c.Against = []*Contestant{cheap, fast}
	assert.Equal(t, "fast", c.speed().of)
	assert.Equal(t, "2.00", c.speed().String())
	assert.Equal(t, "cheap", c.cpu().of)
	assert.Equal(t, "0.50", c.cpu().String())
}

func TestARowThatIsComparedWithNoneHasNoRatio(t *testing.T) {
	assert.Empty(t, rounds("floor", 100).speed().String())
}

func TestGoalsAreJudgedByTheMedianOfTheRatios(t *testing.T) {
	floor := rounds("floor", 100, 100, 100)
	exporter := rounds("exporter", 110, 105, 200)
	exporter.Against, exporter.Goal = []*Contestant{floor}, Goal{Speed: 0.85, CPU: 1.09}
	fast := rounds("fast", 90, 90, 90)
	fast.Against, fast.Goal = []*Contestant{floor}, Goal{Speed: 1.1}
	unasked := rounds("exporter, HTTP/2", 100, 100, 100)
	unasked.Against = []*Contestant{floor}
	var verdicts report.Verdicts
	Judge(&verdicts, "call", []*Contestant{floor, exporter, fast, unasked})
	assert.Equal(t, `- exporter: calls/s over those of floor at least 0.85: 0.91, met
- exporter: CPU of a call over that of floor at most 1.09: 1.1, missed
- fast: calls/s over those of floor at least 1.1: 1.11, met
`, verdicts.String())
}

func TestAGoalWithoutAnythingToCompareWithIsNotJudged(t *testing.T) {
	alone := rounds("distribution", 100)
	alone.Goal = Goal{Speed: 3, CPU: 0.33}
	var verdicts report.Verdicts
	Judge(&verdicts, "record", []*Contestant{alone})
	assert.Empty(t, verdicts.String())
}
