// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"errors"
	"fmt"
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

func (r result) bytesPerCall() float64 {
	return float64(r.Server.Bytes) / float64(max(r.Server.Calls, 1))
}

// surplus is how many calls the server saw that were repetitions, below 0 when it saw too few.
func (r result) surplus() int64 { return r.Server.Calls - int64(r.Made) }

// noneLost returns an error when the server saw fewer calls than were made.
func (r result) noneLost() error {
	if r.surplus() < 0 {
		return r.miscounted("some were lost")
	}
	return nil
}

// noneRepeated returns an error when the server saw more calls than were made.
func (r result) noneRepeated() error {
	if r.surplus() > 0 {
		return r.miscounted("some were repeated")
	}
	return nil
}

// exact returns an error unless the server saw just the calls that were made.
func (r result) exact() error { return errors.Join(r.noneLost(), r.noneRepeated()) }

func (r result) miscounted(how string) error {
	return fmt.Errorf("%d calls were made and the server saw %d: %s, and the numbers mean nothing; run it alone, with the log of the client in sight",
		r.Made, r.Server.Calls, how)
}

// medians are those of the rounds of a contestant.
type medians struct {
	callsPerSecond, cpuPerCall, serverCPU, rss, allocations float64
	opened, mostOpen                                        float64
	spread                                                  float64
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
		allocations: report.MedianOf(c.results, func(r result) float64 { return float64(r.Allocations) / float64(r.Calls) }),
		opened:      report.MedianOf(c.results, func(r result) float64 { return float64(r.Server.Opened) }),
		mostOpen:    report.MedianOf(c.results, func(r result) float64 { return float64(r.Server.MostOpen) }),
	}
}

// table returns the medians of all contestants with their ratios.
func table(unit string, contestants []*contestant) string {
	t := report.NewTable("", unit+"/s", "CPU µs/"+unit, "allocations", "peak RSS MB", "connections opened", "at once", "server µs/call", "speed ratio", "CPU ratio", "spread")
	for _, c := range contestants {
		m := c.medians()
		t.Add(c.name, fmt.Sprintf("%.0f", m.callsPerSecond), fmt.Sprintf("%.1f", m.cpuPerCall), numberText(m.allocations, "%.0f"), fmt.Sprintf("%.0f", m.rss),
			fmt.Sprintf("%.0f", m.opened), fmt.Sprintf("%.0f", m.mostOpen), fmt.Sprintf("%.1f", m.serverCPU), c.speed().String(), c.cpu().String(),
			fmt.Sprintf("%.0f %%", 100*m.spread))
	}
	return t.String()
}

// numberText returns a number, or nothing for one that is not known.
func numberText(number float64, format string) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf(format, number)
}
