// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"

import (
	"errors"
	"fmt"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// Measured is what a contestant did after its warm-up, and what that cost.
type Measured struct {
	// Records are those that were sent. A contestant that has none counts its calls.
	Records int `json:"records"`
	// Made are all calls, the warm-up's too.
	Made int           `json:"made"`
	Took time.Duration `json:"took"`
	CPU  time.Duration `json:"cpu"`
	// Allocations are those on the heap, 0 where nobody can tell. They tell what noise hides.
	Allocations uint64 `json:"allocations"`
	// PeakRSS is the memory that was held at most, in bytes.
	PeakRSS int64 `json:"peak_rss"`
}

// Result is what one contestant did in one round, with what the server has seen of it.
type Result struct {
	Measured
	Server    server.Stats
	ServerCPU time.Duration // of all calls, the warm-up's too
}

// cpu is that of a record, in microseconds.
func (r Result) cpu() float64 { return r.CPU.Seconds() * 1e6 / float64(r.Records) }

// PerSecond returns the records a second.
func (r Result) PerSecond() float64 { return float64(r.Records) / r.Took.Seconds() }

func (r Result) serverCPU() float64 {
	return r.ServerCPU.Seconds() * 1e6 / float64(max(r.Server.Calls, 1))
}

func (r Result) bytesPerCall() float64 {
	return float64(r.Server.Bytes) / float64(max(r.Server.Calls, 1))
}

// Surplus returns how many calls the server saw that were repetitions, below 0 when it saw too few.
func (r Result) Surplus() int64 { return r.Server.Calls - int64(r.Made) }

// NoneLost returns an error when the server saw fewer calls than were made.
func (r Result) NoneLost() error {
	if r.Surplus() < 0 {
		return r.miscounted("some were lost")
	}
	return nil
}

// NoneRepeated returns an error when the server saw more calls than were made.
func (r Result) NoneRepeated() error {
	if r.Surplus() > 0 {
		return r.miscounted("some were repeated")
	}
	return nil
}

// Exact returns an error unless the server saw just the calls that were made.
func (r Result) Exact() error { return errors.Join(r.NoneLost(), r.NoneRepeated()) }

func (r Result) miscounted(how string) error {
	return fmt.Errorf("%d calls were made and the server saw %d: %s, and the numbers mean nothing; run it alone, with the log of the client in sight",
		r.Made, r.Server.Calls, how)
}

// medians are those of the rounds of a contestant.
type medians struct {
	perSecond, cpu, serverCPU, rss, allocations, opened, mostOpen, spread float64
}

func (c *Contestant) medians() medians {
	rates := make([]float64, len(c.Results))
	for i, r := range c.Results {
		rates[i] = r.PerSecond()
	}
	return medians{
		perSecond: report.Median(rates), spread: report.Spread(rates),
		cpu:       report.MedianOf(c.Results, Result.cpu),
		serverCPU: report.MedianOf(c.Results, Result.serverCPU),
		rss: report.MedianOf(c.Results,
			func(r Result) float64 { return process.Megabytes(r.PeakRSS) }),
		allocations: report.MedianOf(c.Results,
			func(r Result) float64 { return float64(r.Allocations) / float64(r.Records) }),
		opened: report.MedianOf(c.Results,
			func(r Result) float64 { return float64(r.Server.Opened) }),
		mostOpen: report.MedianOf(c.Results,
			func(r Result) float64 { return float64(r.Server.MostOpen) }),
	}
}
