// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// The visitors of a backlog who come back: 60,000 records are of some 3,600 of them.
const (
	backlogVisitors = 4_000
	backlogExponent = 1.05
)

const (
	// slowPace is a pace far below the stream of a file, in calls a second.
	slowPace = 100
	// longWindow is a merge_window in which several requests come, one every requestInterval.
	longWindow      = 8 * time.Second
	requests        = 10
	requestInterval = 500 * time.Millisecond
)

// wait is why records of visitors who come back have to wait, and how many calls they may take
// then.
type wait struct {
	name     string
	visitors records.Visitors
	settings contender.Settings
	outage   time.Duration // from the first call on, 0 for none
	requests int           // that the records come in, 0 when they come from a file
	most     float64       // calls over visitors
}

func (s *suite) waits() []wait {
	backlog := records.Zipf(s.Merged, backlogVisitors, backlogExponent)
	return []wait{
		{
			name: fmt.Sprintf("an outage of %s", s.Outage), visitors: backlog, outage: s.Outage,
			most: 1.05,
		},
		{
			name:     fmt.Sprintf("a pace of %d calls/s, merge_window 0s", slowPace),
			visitors: backlog[:len(backlog)*2/3],
			settings: contender.Settings{Pace: slowPace, Burst: 1, MergeWindow: "0s"}, most: 1.1,
		},
		{
			name:     fmt.Sprintf("merge_window %s, %d requests", longWindow, requests),
			visitors: backlog[:len(backlog)/3],
			settings: contender.Settings{MergeWindow: longWindow.String()}, requests: requests,
			most: 1.05,
		},
	}
}

// merged is what became of records that waited.
type merged struct {
	wait
	server.Stats
}

func (m merged) ratio() float64 { return float64(m.Calls) / float64(m.visitors.Different()) }

// merging counts the calls that records of visitors who come back become, whatever they wait for.
func (s *suite) merging(ctx context.Context) (string, error) {
	var all []merged
	for _, w := range s.waits() {
		m, err := s.merge(ctx, w)
		if err != nil {
			return "", fmt.Errorf("%s: %w", w.name, err)
		}
		s.progress("  %s: %d calls for %d visitors", w.name, m.Calls, w.visitors.Different())
		all = append(all, m)
	}
	return mergedText(all), nil
}

func mergedText(all []merged) string {
	t := report.NewTable("what they wait for", "records", "distinct visitors", "calls",
		"refused of them", "calls/visitors", "calls saved")
	var verdicts report.Verdicts
	for _, m := range all {
		t.Add(m.name, strconv.Itoa(len(m.visitors)), strconv.Itoa(m.visitors.Different()),
			strconv.FormatInt(m.Calls, 10),
			strconv.FormatInt(m.Refused, 10), fmt.Sprintf("%.3f", m.ratio()), fmt.Sprintf("%.0f %%",
				100*(1-float64(m.Calls)/float64(len(m.visitors)))))
		verdicts.AtMost(m.name+": calls over distinct visitors", m.ratio(), m.most)
	}
	return t.String() + "\n" + verdicts.String()
}

// merge sends records that wait. Each has to be delivered, and a call of each visitor has to come.
func (s *suite) merge(ctx context.Context, w wait) (m merged, err error) {
	to, err := server.Start(ctx, server.Options{Visitors: backlogVisitors, Down: w.outage > 0})
	if err != nil {
		return m, err
	}
	defer to.Kill()
	set := contender.Setup{Settings: w.settings, Storage: s.path("merging-queue")}
	set.Endpoint = to.URL
	err = os.RemoveAll(set.Storage)
	if err != nil {
		return m, err
	}
	if w.requests == 0 {
		set.File = s.path("returning.jsonl")
		err = records.Write(set.File, w.visitors, records.Of)
		if err != nil {
			return m, err
		}
	}
	c, err := s.collectors().Start(ctx, set)
	if err != nil {
		return m, err
	}
	defer c.Kill()
	err = w.feed(ctx, c, to)
	if err != nil {
		return m, err
	}
	err = c.Delivered(ctx, to, len(w.visitors))
	if err != nil {
		return m, err
	}
	// Not before the collector has ended: a call more than needed could still be under way.
	if _, err = c.End(); err != nil {
		return m, err
	}
	stats, err := to.Stats(ctx)
	if err != nil {
		return m, err
	}
	came, err := to.AddArrivals(ctx, server.NewArrivals(backlogVisitors))
	if different := w.visitors.Different(); err == nil && came != different {
		err = fmt.Errorf("calls of %d visitors came, and there were %d: their number says nothing of merging", came, different)
	}
	return merged{wait: w, Stats: stats}, err
}

// feed offers the requests, if the records come in such, and ends the outage, if there is one.
func (w wait) feed(ctx context.Context, c *contender.Collector, to *server.Server) error {
	for part := range w.parts() {
		request, err := contender.Request(records.Logs(part))
		if err != nil {
			return err
		}
		if err := c.Offer(ctx, request); err != nil {
			return err
		}
		if err := process.Sleep(ctx, requestInterval); err != nil {
			return err
		}
	}
	if w.outage == 0 {
		return nil
	}
	if _, err := to.Until(ctx, c.Process, 1); err != nil {
		return err
	}
	if err := process.Sleep(ctx, w.outage); err != nil {
		return err
	}
	return to.Up(ctx)
}

// parts returns the visitors of each request.
func (w wait) parts() iter.Seq[records.Visitors] {
	if w.requests == 0 {
		return func(func(records.Visitors) bool) {}
	}
	return slices.Chunk(w.visitors, (len(w.visitors)+w.requests-1)/w.requests)
}
