// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options are what is measured, how much of it, and where the results go.
type Options struct {
	Sizes
	// Only are the sections that are measured.
	Only []string
	// Page is the file whose marked parts are replaced, with plots beside it; "" writes nothing
	// down.
	Page string
	// Collector and Benthos are programs. The rows of Benthos are left out when it is missing.
	Collector, Benthos string
	// Profiles is a folder for CPU profiles, "" for none.
	Profiles string
	// Command is what gives the same results again.
	Command string
}

// Sizes are how much is measured.
type Sizes struct {
	// Rounds is the number of those of which the median counts.
	Rounds int
	// Calls are those of a round of the exporter alone, and Lines those of the file that the
	// distribution reads.
	Calls, Lines int
	// Merged is the number of records of the largest backlog whose visitors come back, and Outage
	// how long it waits.
	Merged int
	Outage time.Duration
	// Taken is the number of records that are taken in while nobody takes their calls.
	Taken int
	// Backlogs are numbers of visitors who wait, and Concurrency numbers of calls at once.
	Backlogs, Concurrency []int
	// Receipt is how long records come whose way to their calls is measured.
	Receipt time.Duration
	// Waiting is how long a backlog is watched that waits, Paced how long it is sent at the quota's
	// pace, Idle how long a collector has nothing to do, and PerPoint how long a point of a plot
	// takes.
	Waiting, Paced, Idle, PerPoint time.Duration
}

// Full returns the sizes of a whole run.
func Full() Sizes {
	return Sizes{
		Rounds: 5, Calls: 200_000, Lines: 200_000, Merged: 60_000, Outage: 20 * time.Second,
		Taken:    300_000,
		Backlogs: []int{10_000, 100_000, 1_000_000}, Concurrency: []int{1, 2, 4, 8, 16, 32, 64},
		Receipt: 30 * time.Second, Waiting: 60 * time.Second, Paced: 30 * time.Second,
		Idle: 20 * time.Second, PerPoint: time.Second,
	}
}

// Quick returns the sizes of a run that only shows that all works.
func Quick() Sizes {
	return Sizes{
		Rounds: 1, Calls: 30_000, Lines: 40_000, Merged: 12_000, Outage: 5 * time.Second,
		Taken:    60_000,
		Backlogs: []int{10_000, 50_000}, Concurrency: []int{1, 8, 64},
		Receipt: 5 * time.Second, Waiting: 6 * time.Second, Paced: 5 * time.Second,
		Idle: 5 * time.Second, PerPoint: 500 * time.Millisecond,
	}
}

// fewestRounds is how many a median takes that may be written down.
const fewestRounds = 3

// Validate looks at all that could fail after a long time of measuring.
func (o Options) Validate() error {
	var errs []error
	var known []string
	for _, name := range o.Only {
		if slices.Contains(Names(), name) {
			known = append(known, name)
			continue
		}
		errs = append(errs, fmt.Errorf("-only: there is no section %q, only %s", name,
			strings.Join(Names(), ", ")))
	}
	if o.Rounds < 1 || o.Calls < 1 || o.Lines < 1 {
		errs = append(errs, errors.New("-rounds, -calls and -lines must be at least 1"))
	}
	if _, err := os.Stat(o.Collector); err != nil {
		errs = append(errs,
			fmt.Errorf("-collector: %w; make build makes it, in the root of the repository", err))
	}
	if o.Page != "" {
		errs = append(errs, checkPage(o.Page, known), o.checkRounds())
	}
	if o.Profiles != "" {
		errs = append(errs, o.checkProfiles())
	}
	return errors.Join(errs...)
}

// checkRounds returns an error when too few rounds would be written on a page that does not say
// -quick beside them.
func (o Options) checkRounds() error {
	if o.Rounds >= fewestRounds || strings.Contains(o.Command, "-quick") {
		return nil
	}
	return fmt.Errorf("-rounds %d: the median of fewer than %d rounds is not written on %s; ask for more, or for -quick", o.Rounds, fewestRounds, o.Page)
}

// profiledLines is how many lines there have to be for each second of a profile. It is more than
// the distribution sends in one, so that it is still at work when its profile ends.
const profiledLines = 40_000

// profileSeconds is how long a profile of the distribution lasts while it sends that many lines.
func profileSeconds(lines int) int { return lines / profiledLines }

// checkProfiles returns an error unless profiles can be taken and written.
func (o Options) checkProfiles() error {
	errs := []error{checkFolder("-profiles", o.Profiles)}
	if slices.Contains(o.Only, "distribution") && profileSeconds(o.Lines) < 1 {
		errs = append(errs,
			fmt.Errorf("-profiles: the distribution sends %d lines before a profile has lasted a second: give it -lines %d or more",
				o.Lines, profiledLines))
	}
	return errors.Join(errs...)
}

// profile returns the path of a profile, "" when none was asked for.
func (o Options) profile(name string) string {
	if o.Profiles == "" {
		return ""
	}
	return filepath.Join(o.Profiles, name)
}
