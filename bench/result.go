// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"fmt"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// result is what one contestant did in one round.
type result struct {
	measured
	Server    serverStats
	ServerCPU time.Duration // of all calls, the warm-up's too
}

func (r result) callsPerSecond() float64 { return float64(r.Calls) / r.Took.Seconds() }

// cpuPerCall is in microseconds.
func (r result) cpuPerCall() float64 { return r.CPU.Seconds() * 1e6 / float64(r.Calls) }

func (r result) serverCPUPerCall() float64 {
	return r.ServerCPU.Seconds() * 1e6 / float64(max(r.Server.Calls, 1))
}

// contestant is one row of a table.
type contestant struct {
	name string
	// against is the row whose numbers this row's are divided by, if any.
	against string
	run     func() (result, error)
	results []result
}

// medians are those of the rounds of a contestant.
type medians struct {
	callsPerSecond, cpuPerCall, serverCPU, rss, bytes, allocations float64
	opened, mostOpen                                               int64
	spread                                                         float64
}

func (c *contestant) medians() medians {
	rates := make([]float64, len(c.results))
	for i, r := range c.results {
		rates[i] = r.callsPerSecond()
	}
	return medians{
		callsPerSecond: report.Median(rates), spread: report.Spread(rates),
		cpuPerCall:  report.MedianOf(c.results, result.cpuPerCall),
		serverCPU:   report.MedianOf(c.results, result.serverCPUPerCall),
		rss:         report.MedianOf(c.results, func(r result) float64 { return megabytes(r.PeakRSS) }),
		bytes:       report.MedianOf(c.results, func(r result) float64 { return float64(r.Server.Bytes) / float64(max(r.Server.Calls, 1)) }),
		allocations: report.MedianOf(c.results, func(r result) float64 { return float64(r.Allocations) / float64(r.Calls) }),
		opened:      report.MedianOf(c.results, func(r result) int64 { return r.Server.Opened }),
		mostOpen:    report.MedianOf(c.results, func(r result) int64 { return r.Server.MostOpen }),
	}
}

// contest lets all contestants run in turn, so many rounds: what disturbs one of them then disturbs the others too.
func (s *suite) contest(rounds int, contestants []*contestant) error {
	for round := range rounds {
		for _, c := range contestants {
			r, err := c.run()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.results = append(c.results, r)
			s.progress("  round %d of %d, %s: %.0f calls/s, %.1f µs", round+1, rounds, c.name, r.callsPerSecond(), r.cpuPerCall())
		}
	}
	return nil
}

// table returns the medians of all contestants with their ratios.
func table(unit string, contestants []*contestant) string {
	t := report.NewTable("", unit+"/s", "CPU µs/"+unit, "allocations", "peak RSS MB", "connections opened", "at once", "server µs/call", "speed ratio", "CPU ratio", "spread")
	for _, c := range contestants {
		m := c.medians()
		speed, cpu := ratios(contestants, c)
		t.Add(c.name, fmt.Sprintf("%.0f", m.callsPerSecond), fmt.Sprintf("%.1f", m.cpuPerCall), numberText(m.allocations, "%.0f"), fmt.Sprintf("%.0f", m.rss),
			strconv.FormatInt(m.opened, 10), strconv.FormatInt(m.mostOpen, 10), fmt.Sprintf("%.1f", m.serverCPU), numberText(speed, "%.2f"), numberText(cpu, "%.2f"),
			fmt.Sprintf("%.0f %%", 100*m.spread))
	}
	return t.String()
}

// ratios returns calls a second and CPU a call as shares of those of the row it is compared with, 0 without one.
func ratios(contestants []*contestant, c *contestant) (speed, cpu float64) {
	for _, other := range contestants {
		if other.name == c.against && len(other.results) > 0 {
			mine, theirs := c.medians(), other.medians()
			return mine.callsPerSecond / theirs.callsPerSecond, mine.cpuPerCall / theirs.cpuPerCall
		}
	}
	return 0, 0
}

// numberText returns a number, or nothing for one that is not known.
func numberText(number float64, format string) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf(format, number)
}
