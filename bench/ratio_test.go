// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// rounds returns a contestant that took so many milliseconds in each round, all of it CPU.
func rounds(name string, milliseconds ...int) *contestant {
	c := &contestant{name: name}
	for _, ms := range milliseconds {
		took := time.Duration(ms) * time.Millisecond
		c.results = append(c.results, ran(1_000, took, took))
	}
	return c
}

func TestARatioIsThatOfTheRoundsAndNotOfTheMedians(t *testing.T) {
	// The machine is slower from round to round, and the exporter always takes half as long again.
	floor, exporter := rounds("floor", 100, 200, 400), rounds("exporter", 150, 300, 600)
	exporter.against = []*contestant{floor}
	assert.Equal(t, "1.50 (1.50-1.50)", exporter.cpu().String())
	assert.Equal(t, "0.67 (0.67-0.67)", exporter.speed().String())

	// Medians of 300 and 200 would be 1.5 here.
	exporter.results = rounds("exporter", 300, 1_000, 200).results
	assert.Equal(t, "3.00 (0.50-5.00)", exporter.cpu().String())
}

func TestEachMeasureIsComparedWithTheBestOfItsOwn(t *testing.T) {
	fast, cheap := rounds("fast", 100), rounds("cheap", 200)
	fast.results[0].CPU, cheap.results[0].CPU = time.Second, 100*time.Millisecond
	c := rounds("distribution", 50)
	c.against = []*contestant{cheap, fast}
	assert.Equal(t, "fast", c.speed().of)
	assert.Equal(t, "2.00", c.speed().String())
	assert.Equal(t, "cheap", c.cpu().of)
	assert.Equal(t, "0.50", c.cpu().String())
}

func TestARowThatIsComparedWithNoneHasNoRatio(t *testing.T) {
	assert.Empty(t, rounds("floor", 100).speed().String())
}

func TestTargetsAreJudgedByTheMedianOfTheRatios(t *testing.T) {
	floor := rounds("floor", 100, 100, 100)
	exporter := rounds("exporter", 110, 105, 200)
	exporter.against, exporter.target, exporter.stretch = []*contestant{floor}, &goal{speed: 0.85, cpu: 1.09}, &goal{speed: 0.95, cpu: 1.15}
	unasked := rounds("exporter, HTTP/2", 100, 100, 100)
	unasked.against = []*contestant{floor}
	var verdicts report.Verdicts
	judge(&verdicts, "call", []*contestant{floor, exporter, unasked})
	assert.Equal(t, `- exporter: calls/s over those of floor at least 0.85: 0.91, met
- exporter: CPU of a call over that of floor at most 1.09: 1.1, missed
- exporter: stretch 0.95 of the speed not met, stretch 1.15 of the CPU met
`, verdicts.String())
}

func TestATargetWithoutAnythingToCompareWithIsNotJudged(t *testing.T) {
	alone := rounds("distribution", 100)
	alone.target = &goal{speed: 3, cpu: 0.33}
	var verdicts report.Verdicts
	judge(&verdicts, "record", []*contestant{alone})
	assert.Empty(t, verdicts.String())
}
