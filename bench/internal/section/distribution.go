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

// benthosAtOnce are the batches at once that Benthos is measured with, to find its best.
var benthosAtOnce = []int{2, 8, manyAtOnce}

// The visitors of a file who come back.
const (
	fileVisitors = 50_000
	fileExponent = 1.2
)

// distribution compares the whole distribution with Benthos: the same file, the same server, and
// the same calls, but for those that the distribution does not need when visitors come back.
func (s *suite) distribution(ctx context.Context) (string, error) {
	distinct, err := s.fileOf("distinct.jsonl", records.Distinct(0, s.Lines))
	if err != nil {
		return "", err
	}
	zipf, err := s.fileOf("zipf.jsonl", records.Zipf(s.Lines, fileVisitors, fileExponent))
	if err != nil {
		return "", err
	}
	var notes report.Verdicts
	benthos := s.benthosAtBest(ctx, distinct, &notes)
	once := slices.Concat([]*contest.Contestant{
		s.sendsEach(ctx, "distribution", distinct, 0, benthos),
		s.sendsEach(ctx, fmt.Sprintf("distribution, %d at once", manyAtOnce), distinct, manyAtOnce,
			benthos),
	}, benthos, s.benthosChanged(ctx, distinct, benthos))
	if err := contest.Run(s.Rounds, once, s.progress); err != nil {
		return "", err
	}
	if err := s.profileDistribution(ctx, distinct); err != nil {
		return "", err
	}
	// Benthos makes a call of each record, whoever it is of, so its best setting is the best here too.
	var best []*contest.Contestant
	if fastest := contest.Fastest(benthos); fastest != nil {
		atOnce := benthosAtOnce[slices.Index(benthos, fastest)]
		best = append(best, s.benthos(ctx, fastest.Name+", Zipf", zipf, atOnce))
	}
	merging := s.merges(ctx, "distribution, Zipf", zipf, best)
	returning := append([]*contest.Contestant{merging}, best...)
	if err := contest.Run(s.Rounds, returning, s.progress); err != nil {
		return "", err
	}
	contest.Judge(&notes, "record", once)
	contest.Judge(&notes, "record", returning)
	noteMerged(&notes, merging, zipf)
	noteBest(&notes, benthos)
	noteRepeated(&notes, slices.Concat(once, best))
	tables := contest.Table("record", once) + "\n" + contest.Table("record", returning)
	return tables + "\n" + notes.String(), nil
}

// recordsFile is a file of records and whose they are.
type recordsFile struct {
	path     string
	visitors records.Visitors
}

func (s *suite) fileOf(name string, visitors records.Visitors) (recordsFile, error) {
	f := recordsFile{path: s.path(name), visitors: visitors}
	return f, records.Write(f.path, visitors, records.Of)
}

// benthosAtBest returns the rows of Benthos unchanged, none when it is missing.
func (s *suite) benthosAtBest(ctx context.Context, f recordsFile,
	notes *report.Verdicts,
) []*contest.Contestant {
	if _, err := os.Stat(s.Benthos); err != nil {
		notes.Note("Benthos is left out, for %s is not there: `make %[1]s` builds it where its "+
			"modules can be downloaded", s.Benthos)
		return nil
	}
	var rows []*contest.Contestant
	for _, atOnce := range benthosAtOnce {
		rows = append(rows, s.benthos(ctx, fmt.Sprintf("Benthos, %d at once", atOnce), f, atOnce))
	}
	return rows
}

// benthosChanged returns the row of Benthos that keeps its connections, compared with the others.
func (s *suite) benthosChanged(ctx context.Context, f recordsFile,
	benthos []*contest.Contestant,
) []*contest.Contestant {
	if len(benthos) == 0 {
		return nil
	}
	name := fmt.Sprintf("Benthos, %d at once, changed to keep connections", manyAtOnce)
	changed := s.benthos(ctx, name, f, manyAtOnce, "-keep-connections")
	changed.Against = benthos
	return []*contest.Contestant{changed}
}

// benthos returns a row of Benthos. Only it may make calls more than once.
func (s *suite) benthos(ctx context.Context, name string, f recordsFile, atOnce int,
	flags ...string,
) *contest.Contestant {
	b := contender.Benthos{Program: s.Benthos, Folder: s.folder}
	return &contest.Contestant{Name: name, Run: func() (contest.Result, error) {
		return b.Run(ctx, f.path, len(f.visitors), atOnce, flags...)
	}}
}

// sendsEach returns a row of the distribution that reads a file of distinct visitors, so that just
// as many calls are made. Nothing can merge, so nothing waits for it.
func (s *suite) sendsEach(ctx context.Context, name string, f recordsFile, atOnce int,
	against []*contest.Contestant,
) *contest.Contestant {
	set := contender.Setup{File: f.path, Settings: contender.Settings{
		Concurrency: atOnce,
		MergeWindow: "0s",
	}}
	return &contest.Contestant{
		Name: name, Against: against, Goal: distinctGoal,
		Run: func() (contest.Result, error) {
			r, err := s.collectors().Run(ctx, set, len(f.visitors))
			if err != nil {
				return r, err
			}
			r.Made = len(f.visitors)
			return r, r.Exact()
		},
	}
}

// merges returns a row of the distribution that reads a file of visitors who come back. It makes no
// call for what merges while it waits to be sent; each visitor takes one at least.
func (s *suite) merges(ctx context.Context, name string, f recordsFile,
	against []*contest.Contestant,
) *contest.Contestant {
	set := contender.Setup{File: f.path, Settings: contender.Settings{MergeWindow: "0s"}}
	return &contest.Contestant{
		Name: name, Against: against, Goal: zipfGoal,
		Run: func() (contest.Result, error) {
			r, err := s.collectors().Run(ctx, set, len(f.visitors))
			if different := f.visitors.Different(); err == nil && r.Made < different {
				err = fmt.Errorf("%d calls were made for %d visitors: some were lost", r.Made,
					different)
			}
			return r, err
		},
	}
}

// profileDistribution runs the distribution once more, for a CPU profile, if one was asked for.
func (s *suite) profileDistribution(ctx context.Context, f recordsFile) error {
	path := s.profile("distribution.pb.gz")
	if path == "" {
		return nil
	}
	written := make(chan error, 1)
	set := contender.Setup{
		File: f.path, Settings: contender.Settings{MergeWindow: "0s"},
		Profiled: true,
	}
	set.Watch = func(c *contender.Collector) {
		go func() { written <- c.Profile(ctx, profileSeconds(len(f.visitors)), path) }()
	}
	if _, err := s.collectors().Run(ctx, set, len(f.visitors)); err != nil {
		return err
	}
	return <-written
}

// noteMerged says how many calls records of visitors who come back took.
func noteMerged(notes *report.Verdicts, c *contest.Contestant, f recordsFile) {
	calls := report.MedianOf(c.Results, func(r contest.Result) float64 { return float64(r.Made) })
	notes.Note("%s: %.0f calls for %d records of %d visitors", c.Name, calls, len(f.visitors),
		f.visitors.Different())
}

// noteBest says which rows the distribution is compared with.
func noteBest(notes *report.Verdicts, benthos []*contest.Contestant) {
	if len(benthos) > 0 {
		notes.Note("The ratios are to the best row of Benthos unchanged, for each measure by itself: "+
			"records/s to %q, CPU to %q", contest.Fastest(benthos).Name, contest.Cheapest(benthos).Name)
	}
}

// noteRepeated says who made calls more than once.
func noteRepeated(notes *report.Verdicts, rows []*contest.Contestant) {
	for _, c := range rows {
		var surplus int64
		for _, r := range c.Results {
			surplus += r.Surplus()
		}
		if surplus > 0 {
			notes.Note("%s made %d calls more than there were records, in all rounds together",
				c.Name, surplus)
		}
	}
}
