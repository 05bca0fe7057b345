// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"fmt"
	"math"
	"strings"
)

// contestant is one row of a table.
type contestant struct {
	name string
	// against are the rows that this one is compared with, if any: its speed with that of the fastest of them, its CPU with
	// that of the cheapest.
	against []*contestant
	// target is what its ratios should be, and stretch what would be better still, if anything is asked of it.
	target, stretch *goal
	run             func() (result, error)
	results         []result
}

// fewestRounds is how many a median takes that may be written down.
const fewestRounds = 3

// contest lets all contestants run in turn, so many rounds: what disturbs one of them then disturbs the others too. They
// all have to do the same work.
func (s *suite) contest(rounds int, contestants []*contestant) error {
	if err := s.mayWrite(rounds); err != nil {
		return err
	}
	for round := range rounds {
		for _, c := range contestants {
			r, err := c.run()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.results = append(c.results, r)
			if err := sameWork(contestants[0], c); err != nil {
				return err
			}
			s.progress("  round %d of %d, %s: %.0f calls/s, %.1f µs", round+1, rounds, c.name, r.callsPerSecond(), r.cpuPerCall())
		}
	}
	return nil
}

// mayWrite returns an error when too few rounds would be written on a page that does not say -quick beside them.
func (s *suite) mayWrite(rounds int) error {
	if s.page == "" || rounds >= fewestRounds || strings.Contains(s.command, "-quick") {
		return nil
	}
	return fmt.Errorf("-rounds %d: the median of fewer than %d rounds is not written on %s; ask for more, or for -quick", rounds, fewestRounds, s.page)
}

// sameWork returns an error unless what a contestant did last was made of bodies as long as those of the first one.
func sameWork(first, c *contestant) error {
	const rounding = 0.5
	want, got := first.results[0].bytesPerCall(), c.results[len(c.results)-1].bytesPerCall()
	if math.Abs(got-want) > rounding {
		return fmt.Errorf("%s sent %.1f bytes a call and %s %.1f: they do not do the same work and can not be compared", c.name, got, first.name, want)
	}
	return nil
}
