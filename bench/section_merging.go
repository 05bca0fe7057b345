// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"strconv"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

const (
	zipfVisitors = 50_000
	zipfExponent = 1.2
	// defaultBatch is the exporter's default batch::min_size, the window within which a backlog merges.
	defaultBatch = 10_000
)

// mergingSection counts the calls that a backlog of returning visitors becomes.
func (s *suite) mergingSection(ctx context.Context) (string, error) {
	t := report.NewTable("window", "records", "distinct visitors by window", "calls", "calls/pairs", "calls saved")
	var verdicts report.Verdicts
	for _, batch := range []int{0, 10 * defaultBatch} {
		window, name := batch, fmt.Sprintf("batch::min_size %d", batch)
		if batch == 0 {
			window, name = defaultBatch, "default settings"
		}
		distinctPairs := pairs{window: window}
		next := zipf(zipfVisitors, zipfExponent)
		file := s.path("zipf.jsonl")
		if err := writeLines(file, s.lines, func(line int) int {
			visitor := next(line)
			distinctPairs.add(visitor)
			return visitor
		}); err != nil {
			return "", err
		}
		calls, err := s.merged(ctx, setup{File: file, MinBatch: batch, QueueSize: 2 * batch})
		if err != nil {
			return "", err
		}
		if calls < int64(distinctPairs.count) {
			return "", fmt.Errorf("%s: %d calls for %d pairs of visitor and window: the batches were not the windows that the pairs were counted in",
				name, calls, distinctPairs.count)
		}
		ratio := float64(calls) / float64(distinctPairs.count)
		t.Add(name, strconv.Itoa(s.lines), strconv.Itoa(distinctPairs.count), strconv.FormatInt(calls, 10), fmt.Sprintf("%.3f", ratio),
			fmt.Sprintf("%.0f %%", 100*(1-float64(calls)/float64(s.lines))))
		verdicts.AtMost(name+": calls over distinct (visitor, window) pairs", ratio, 1.05)
	}
	return t.String() + "\n" + verdicts.String(), nil
}

// merged sends a file and returns how many calls it became. All of its records have to be delivered.
func (s *suite) merged(ctx context.Context, set setup) (int64, error) {
	server, err := startTarget(ctx)
	if err != nil {
		return 0, err
	}
	defer server.kill()
	set.Endpoint = server.URL
	c, err := s.startCollector(ctx, set)
	if err != nil {
		return 0, err
	}
	defer c.kill()
	var ends outcomes
	_, err = server.watch(ctx, c.process, func(serverStats) bool {
		if now, pageErr := c.metrics(ctx); pageErr == nil {
			ends = now.outcomes()
		}
		return ends.records() >= s.lines
	})
	if err != nil {
		return 0, err
	}
	if ends["delivered"] < s.lines {
		return 0, fmt.Errorf("not all of %d records were delivered, but %v: their calls say nothing of merging", s.lines, ends)
	}
	// Not before the collector has ended: a call more than needed could still be under way.
	if _, err = c.end(); err != nil {
		return 0, err
	}
	stats, err := server.stats(ctx)
	return stats.Calls, err
}
