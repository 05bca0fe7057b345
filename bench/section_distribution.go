// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// distributionSection compares the whole distribution with Benthos: the same file, the same calls, the same server.
func (s *suite) distributionSection(ctx context.Context) (string, error) {
	file := s.path("actions.jsonl")
	if err := writeLines(file, s.lines, distinct); err != nil {
		return "", err
	}
	var notes report.Verdicts
	var benthos, changed []*contestant
	if _, err := os.Stat(s.benthos); err != nil {
		notes.Note("Benthos is left out, for %s is not there: `make %[1]s` builds it where its modules can be downloaded", s.benthos)
	} else {
		benthos, changed = s.benthosContestants(ctx, file)
	}
	target := &goal{speed: 3, cpu: 1. / 3}
	distribution := []*contestant{
		{name: "distribution", against: benthos, target: target, run: func() (result, error) {
			return s.distribution(ctx, setup{File: file})
		}},
		{name: "distribution, 64 at once", against: benthos, target: target, run: func() (result, error) {
			return s.distribution(ctx, setup{File: file, Concurrency: concurrency})
		}},
	}
	contestants := slices.Concat(distribution, benthos, changed)
	if err := s.contest(s.rounds, contestants); err != nil {
		return "", err
	}
	if err := s.profileDistribution(ctx, file); err != nil {
		return "", err
	}
	judge(&notes, "record", contestants)
	if len(benthos) > 0 {
		notes.Note("The ratios are to the best row of Benthos unchanged, for each measure by itself: records/s to %q, CPU to %q",
			distribution[0].fastest().name, distribution[0].cheapest().name)
	}
	repetitions(&notes, contestants)
	return table("record", contestants) + "\n" + notes.String(), nil
}

// repetitions notes who made calls more than once.
func repetitions(notes *report.Verdicts, contestants []*contestant) {
	for _, c := range contestants {
		var surplus int64
		for _, r := range c.results {
			surplus += r.surplus()
		}
		if surplus > 0 {
			notes.Note("%s made %d calls more than there were records, in all rounds together", c.name, surplus)
		}
	}
}

// distribution lets a collector send a file of distinct visitors. All of its CPU counts, its start and end too.
func (s *suite) distribution(ctx context.Context, set setup) (r result, err error) {
	server, err := startTarget(ctx)
	if err != nil {
		return r, err
	}
	defer server.kill()
	set.Endpoint = server.URL
	c, err := s.startCollector(ctx, set)
	if err != nil {
		return r, err
	}
	defer c.kill()
	stats, err := server.until(ctx, c.process, int64(s.lines))
	if err != nil {
		return r, err
	}
	used, err := c.end()
	if err != nil {
		return r, err
	}
	if r, err = closing(ctx, server, c.whole(stats, s.lines, used)); err != nil {
		return r, err
	}
	return r, r.exact()
}

// whole is the result of a process that is measured from its start to its last call.
func (p *process) whole(stats serverStats, calls int, used cost) result {
	took := time.Unix(0, stats.Last).Sub(p.began)
	return result{measured: measured{Calls: calls, Made: calls, Took: took, CPU: used.CPU, PeakRSS: used.PeakRSS}}
}
