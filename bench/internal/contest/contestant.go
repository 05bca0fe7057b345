// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"

import (
	"fmt"
	"math"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// Contestant is one row of a table.
type Contestant struct {
	Name string
	// Against are the rows that this one is compared with, if any: its speed with that of the
	// fastest of them, its CPU with that of the cheapest.
	Against []*Contestant
	// Goal is what its ratios should be, if anything is asked of it.
	Goal Goal
	// Run does the work once.
	Run func() (Result, error)
	// Results are those of the rounds so far.
	Results []Result
}

// Run lets all contestants run in turn, so many rounds: what disturbs one of them then disturbs the
// others too. They all have to do the same work. It tells progress what has been done.
func Run(rounds int, contestants []*Contestant, progress func(format string, args ...any)) error {
	for round := range rounds {
		for _, c := range contestants {
			r, err := c.Run()
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			c.Results = append(c.Results, r)
			if err := sameWork(contestants[0], c); err != nil {
				return err
			}
			progress("  round %d of %d, %s: %.0f a second, %.1f µs", round+1, rounds, c.Name,
				r.PerSecond(), r.cpu())
		}
	}
	return nil
}

// sameWork returns an error unless what a contestant did last was made of as many records and of
// bodies as long as those of the first one.
func sameWork(first, c *Contestant) error {
	const rounding = 0.5
	wanted, got := first.Results[0], c.Results[len(c.Results)-1]
	if math.Abs(got.bytesPerCall()-wanted.bytesPerCall()) > rounding {
		return fmt.Errorf("%s sent %.1f bytes a call and %s %.1f: they do not do the same work and can not be compared",
			c.Name, got.bytesPerCall(), first.Name, wanted.bytesPerCall())
	}
	if got.Records != wanted.Records {
		return fmt.Errorf("%s sent %d records and %s %d: they do not do the same work and can not be compared",
			c.Name, got.Records, first.Name, wanted.Records)
	}
	return nil
}

// Table returns the medians of all contestants with their ratios. unit is what they send, a call or
// a record.
func Table(unit string, contestants []*Contestant) string {
	t := report.NewTable("", unit+"/s", "CPU µs/"+unit, "allocations", "peak RSS MB",
		"connections opened", "at once", "server µs/call",
		"speed ratio", "CPU ratio", "spread")
	for _, c := range contestants {
		m := c.medians()
		t.Add(c.Name, fmt.Sprintf("%.0f", m.perSecond), fmt.Sprintf("%.1f", m.cpu),
			known(m.allocations), fmt.Sprintf("%.0f", m.rss),
			fmt.Sprintf("%.0f", m.opened), fmt.Sprintf("%.0f", m.mostOpen),
			fmt.Sprintf("%.1f", m.serverCPU),
			c.speed().String(), c.cpu().String(), fmt.Sprintf("%.0f %%", 100*m.spread))
	}
	return t.String()
}

// known returns a number, or nothing for one that is not known.
func known(number float64) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", number)
}
