// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"math"
	"os"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// distributionSection compares the whole distribution with Benthos: the same file, the same calls, the same server.
func (s *suite) distributionSection(ctx context.Context) (string, error) {
	file := s.path("actions.jsonl")
	if err := writeLines(file, s.lines, distinct); err != nil {
		return "", err
	}
	contestants := []*contestant{
		{name: "distribution", against: "Benthos", run: func() (result, error) {
			return s.distribution(ctx, setup{File: file})
		}},
		{name: "distribution, 64 at once", against: "Benthos", run: func() (result, error) {
			return s.distribution(ctx, setup{File: file, Concurrency: concurrency})
		}},
	}
	var notes report.Verdicts
	if _, err := os.Stat(s.benthos); err != nil {
		notes.Note("Benthos is left out, for %s is not there: `make %[1]s` builds it where its modules can be downloaded", s.benthos)
	} else {
		contestants = append(contestants,
			&contestant{name: "Benthos", run: func() (result, error) {
				return s.runBenthos(ctx, file, concurrency)
			}},
			&contestant{name: "Benthos, 2 at once", against: "Benthos", run: func() (result, error) {
				return s.runBenthos(ctx, file, 2)
			}},
			&contestant{name: "Benthos, changed to keep connections", against: "Benthos", run: func() (result, error) {
				return s.runBenthos(ctx, file, concurrency, "-keep-connections")
			}},
		)
	}
	if err := s.contest(s.rounds, contestants); err != nil {
		return "", err
	}
	if err := s.profileDistribution(ctx, file); err != nil {
		return "", err
	}
	for _, c := range contestants[:2] {
		if speed, cpu := ratios(contestants, c); speed > 0 {
			notes.AtLeast(c.name+": records/s over Benthos's", speed, 3)
			notes.AtMost(c.name+": CPU of a record over Benthos's", cpu, 1./3)
		}
	}
	for _, c := range contestants[1:] {
		if bytes, first := c.medians().bytes, contestants[0].medians().bytes; math.Abs(bytes-first) > 0.5 {
			notes.Note("%s sent %.0f bytes a call and %s %.0f: they do not do the same work", c.name, bytes, contestants[0].name, first)
		}
	}
	return table("record", contestants) + "\n" + notes.String(), nil
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
	return s.closing(ctx, server, c.whole(stats, s.lines, used))
}

// whole is the result of a process that is measured from its start to its last call.
func (p *process) whole(stats serverStats, calls int, used cost) result {
	took := time.Unix(0, stats.Last).Sub(p.began)
	return result{measured: measured{Calls: calls, Took: took, CPU: used.CPU, PeakRSS: used.PeakRSS}}
}
