// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// What the distribution has to reach beside Benthos at its best.
var (
	distinctGoal = contest.Goal{Speed: 3, CPU: 1. / 3}
	zipfGoal     = contest.Goal{Speed: 10}
)

// The visitors of a file who come back.
const (
	fileVisitors = 50_000
	fileExponent = 1.2
)

// distribution compares the whole distribution with Benthos: the same file, the same server, and the same calls, but for
// those that the distribution does not need when visitors come back.
func (s *suite) distribution(ctx context.Context) (string, error) {
	var notes report.Verdicts
	var benthos, changed []*contest.Contestant
	once := records.Distinct(0, s.Lines)
	distinct := s.path("distinct.jsonl")
	if err := records.Write(distinct, once, records.Of); err != nil {
		return "", err
	}
	settings := []int{2, 8, manyAtOnce}
	if _, err := os.Stat(s.Benthos); err != nil {
		notes.Note("Benthos is left out, for %s is not there: `make %[1]s` builds it where its modules can be downloaded", s.Benthos)
	} else {
		for _, atOnce := range settings {
			benthos = append(benthos, s.benthos(ctx, fmt.Sprintf("Benthos, %d at once", atOnce), distinct, atOnce))
		}
		changed = append(changed, s.benthos(ctx, fmt.Sprintf("Benthos, %d at once, changed to keep connections", manyAtOnce), distinct,
			manyAtOnce, "-keep-connections"))
		changed[0].Against = benthos
	}
	contestants := slices.Concat([]*contest.Contestant{
		s.collector(ctx, "distribution", distinct, 0, benthos),
		s.collector(ctx, fmt.Sprintf("distribution, %d at once", manyAtOnce), distinct, manyAtOnce, benthos),
	}, benthos, changed)
	if err := contest.Run(s.Rounds, contestants, s.progress); err != nil {
		return "", err
	}
	if err := s.profileDistribution(ctx, distinct); err != nil {
		return "", err
	}
	contest.Judge(&notes, "record", contestants)
	text := contest.Table("record", contestants)

	// Benthos makes a call of each record, whoever it is of, so its best setting is the best one here too.
	back := records.Zipf(s.Lines, fileVisitors, fileExponent)
	zipf := s.path("zipf.jsonl")
	if err := records.Write(zipf, back, records.Of); err != nil {
		return "", err
	}
	var best []*contest.Contestant
	if fastest := contest.Fastest(benthos); fastest != nil {
		atOnce := settings[slices.Index(benthos, fastest)]
		best = append(best, s.benthos(ctx, fastest.Name+", Zipf", zipf, atOnce))
	}
	collector := s.returning(ctx, "distribution, Zipf", zipf, back, best)
	zipfRows := append([]*contest.Contestant{collector}, best...)
	if err := contest.Run(s.Rounds, zipfRows, s.progress); err != nil {
		return "", err
	}
	contest.Judge(&notes, "record", zipfRows)
	saved(&notes, collector, back)
	s.notesOn(&notes, benthos, slices.Concat(contestants, zipfRows))
	return text + "\n" + contest.Table("record", zipfRows) + "\n" + notes.String(), nil
}

// benthos returns a row of Benthos. Only it may make calls more than once.
func (s *suite) benthos(ctx context.Context, name, file string, atOnce int, flags ...string) *contest.Contestant {
	b := contender.Benthos{Program: s.Benthos, Folder: s.folder}
	return &contest.Contestant{Name: name, Run: func() (contest.Result, error) { return b.Run(ctx, file, s.Lines, atOnce, flags...) }}
}

// collector returns a row of the distribution that reads a file of distinct visitors, so that just as many calls are made.
// Nothing can merge, so nothing waits for it.
func (s *suite) collector(ctx context.Context, name, file string, atOnce int, against []*contest.Contestant) *contest.Contestant {
	return &contest.Contestant{Name: name, Against: against, Goal: distinctGoal, Run: func() (contest.Result, error) {
		set := contender.Setup{File: file, Settings: contender.Settings{Concurrency: atOnce, MergeWindow: "0s"}}
		r, err := s.collectors().Run(ctx, set, s.Lines)
		if err != nil {
			return r, err
		}
		r.Made = s.Lines
		return r, r.Exact()
	}}
}

// returning returns a row of the distribution that reads a file of visitors who come back. It makes no call for what merges
// while it waits to be sent; each visitor takes one at least.
func (s *suite) returning(ctx context.Context, name, file string, visitors records.Visitors, against []*contest.Contestant) *contest.Contestant {
	return &contest.Contestant{Name: name, Against: against, Goal: zipfGoal, Run: func() (contest.Result, error) {
		set := contender.Setup{File: file, Settings: contender.Settings{MergeWindow: "0s"}}
		r, err := s.collectors().Run(ctx, set, len(visitors))
		if different := visitors.Different(); err == nil && r.Made < different {
			err = fmt.Errorf("%d calls were made for %d visitors: some were lost", r.Made, different)
		}
		return r, err
	}}
}

// profileDistribution runs the distribution once more, for a CPU profile, if one was asked for.
func (s *suite) profileDistribution(ctx context.Context, file string) error {
	path := s.profile("distribution.pb.gz")
	if path == "" {
		return nil
	}
	written := make(chan error, 1)
	set := contender.Setup{File: file, Settings: contender.Settings{MergeWindow: "0s"}, Profiled: true, Watch: func(c *contender.Collector) {
		go func() { written <- c.Profile(ctx, profileSeconds(s.Lines), path) }()
	}}
	if _, err := s.collectors().Run(ctx, set, s.Lines); err != nil {
		return err
	}
	return <-written
}

// saved says how many calls records of visitors who come back took.
func saved(notes *report.Verdicts, c *contest.Contestant, visitors records.Visitors) {
	calls := report.MedianOf(c.Results, func(r contest.Result) float64 { return float64(r.Made) })
	notes.Note("%s: %.0f calls for %d records of %d visitors", c.Name, calls, len(visitors), visitors.Different())
}

// notesOn says what was compared with what, and who made calls more than once.
func (s *suite) notesOn(notes *report.Verdicts, benthos, all []*contest.Contestant) {
	if len(benthos) > 0 {
		notes.Note("The ratios are to the best row of Benthos unchanged, for each measure by itself: records/s to %q, CPU to %q",
			contest.Fastest(benthos).Name, contest.Cheapest(benthos).Name)
	}
	for _, c := range all {
		var surplus int64
		for _, r := range c.Results {
			surplus += r.Surplus()
		}
		if surplus > 0 {
			notes.Note("%s made %d calls more than there were records, in all rounds together", c.Name, surplus)
		}
	}
}
