// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

const (
	// quotaPace is Adobe's quota spread over the day, in calls a second.
	quotaPace = 11.57
	// limitedMemory is what a container of the collector might have, in bytes.
	limitedMemory = 250_000_000
)

// What a collector may take that holds the largest backlog.
const (
	mostMemory = 250 // MB
	mostStart  = 10  // seconds
	mostGrowth = 1.05
	// moreGoroutines are those of the questions that the harness asks, and of what begins or ends
	// meanwhile.
	moreGoroutines = 5
)

// backlogRun is what one backlog showed: while it waited, at the quota's pace, and then what was
// left of it at full speed.
type backlogRun struct {
	visitors    int
	disk        int64 // bytes of the storage
	waiting     waited
	paced, full drained
	// limited is one more at full speed, in a group of limitedMemory; nil where none was made.
	limited *drained
}

// memory builds backlogs in the outbox while Target is down, has them wait after a restart, and
// sends them after another one.
func (s *suite) memory(ctx context.Context) (string, error) {
	g, groupErr := process.NewGroup(limitedMemory)
	if groupErr == nil {
		defer func() { _ = g.Remove() }() // it is empty, and the next start of the machine forgets it
	}
	var runs []backlogRun
	for i, visitors := range s.Backlogs {
		within := g
		if i < len(s.Backlogs)-1 {
			within = nil
		}
		run, err := s.backlog(ctx, visitors, within)
		if err != nil {
			return "", fmt.Errorf("a backlog of %d: %w", visitors, err)
		}
		runs = append(runs, run)
	}
	var verdicts report.Verdicts
	judgeMemory(&verdicts, runs)
	if groupErr != nil {
		verdicts.Note("The row with limited memory is left out: %v", groupErr)
	}
	text := waitedTable(runs) + "\n" + drainedTable(runs) + "\n" + verdicts.String()
	return text, s.draw("memory.svg", memoryChart(runs))
}

// backlog builds a backlog, watches it wait, and sends it, so that each of its visitors comes, and
// a copy of it within a group if there is one.
func (s *suite) backlog(ctx context.Context, visitors int,
	g *process.Group,
) (run backlogRun, err error) {
	run.visitors = visitors
	queue := s.path("queue-" + strconv.Itoa(visitors))
	if err = s.build(ctx, queue, visitors, contender.Settings{}); err != nil {
		return run, fmt.Errorf("building it: %w", err)
	}
	if run.disk, err = folderSize(queue); err != nil {
		return run, err
	}
	if run.waiting, err = s.wait(ctx, queue, visitors); err != nil {
		return run, fmt.Errorf("while it waits: %w", err)
	}
	if g != nil {
		if run.limited, err = s.drainWithin(ctx, g, queue, visitors); err != nil {
			return run, fmt.Errorf("in %d MB of memory: %w", limitedMemory/1_000_000, err)
		}
	}
	seen := server.NewArrivals(visitors)
	if run.paced, err = s.drain(ctx, queue, seen, quotaPace, nil); err != nil {
		return run, fmt.Errorf("at %v calls/s: %w", quotaPace, err)
	}
	if run.full, err = s.drain(ctx, queue, seen, 0, nil); err != nil {
		return run, fmt.Errorf("at full speed: %w", err)
	}
	if err := allCame(seen, run.full.log); err != nil {
		return run, err
	}
	return run, os.RemoveAll(queue)
}

// build lets a collector with these settings read a file of varied records, each of another
// visitor, while nothing listens where Target should be.
func (s *suite) build(ctx context.Context, queue string, visitors int, set contender.Settings) error {
	file := s.path("backlog.jsonl")
	if err := records.Write(file, records.Distinct(0, visitors), records.VariedOf); err != nil {
		return err
	}
	var err error
	if set.Endpoint, err = nowhere(ctx); err != nil {
		return err
	}
	c, err := s.collectors().Start(ctx, contender.Setup{File: file, Storage: queue, Settings: set})
	if err != nil {
		return err
	}
	defer c.Kill()
	err = c.Holds(ctx, visitors)
	if err != nil {
		return err
	}
	_, err = c.End()
	return err
}

// drainWithin sends a copy of a backlog within a group.
func (s *suite) drainWithin(ctx context.Context, g *process.Group, queue string,
	visitors int,
) (*drained, error) {
	copied := queue + "-within"
	if err := os.CopyFS(copied, os.DirFS(queue)); err != nil {
		return nil, err
	}
	if err := process.Uncached(copied); err != nil {
		return nil, err
	}
	seen := server.NewArrivals(visitors)
	d, err := s.drain(ctx, copied, seen, 0, g)
	if killed, killedErr := g.Killed(); killedErr != nil || killed > 0 {
		return nil, errors.Join(fmt.Errorf("the kernel ended %d processes for want of memory",
			killed), killedErr, err)
	}
	if err == nil {
		err = allCame(seen, d.log)
	}
	d.limit = limitedMemory
	return &d, errors.Join(err, os.RemoveAll(copied))
}

// allCame returns an error unless the visitors of a whole backlog were seen.
func allCame(seen *server.Arrivals, log string) error {
	if missing := seen.Visitors() - seen.Came(); missing > 0 {
		return fmt.Errorf("the collector says that it holds nothing, and %d visitors never came%s",
			missing, log)
	}
	return nil
}

// repeated is how many calls were made a second time after the restart.
func (r backlogRun) repeated() int64 {
	return r.paced.stats.Calls + r.full.stats.Calls - int64(r.visitors)
}

func (r backlogRun) drains() []drained {
	if r.limited == nil {
		return []drained{r.full, r.paced}
	}
	return []drained{r.full, *r.limited, r.paced}
}

// judgeMemory says whether a collector takes too much for the largest backlog, and whether anything
// grows in time.
func judgeMemory(verdicts *report.Verdicts, runs []backlogRun) {
	largest := runs[len(runs)-1]
	what := fmt.Sprintf("%d visitors", largest.visitors)
	verdicts.AtMost(what+" waiting: peak RSS in MB", process.Megabytes(largest.waiting.Peak),
		mostMemory)
	verdicts.AtMost(what+" waiting: start in s", largest.waiting.ready.Seconds(), mostStart)
	verdicts.AtMost(what+" waiting: RSS late over early", largest.waiting.growth(), mostGrowth)
	for _, d := range []drained{largest.full, largest.paced} {
		verdicts.AtMost(fmt.Sprintf("%s sent at %s: peak RSS in MB", what, d.paceName()),
			process.Megabytes(d.Peak), mostMemory)
	}
	var opened, repeated int64
	more := runs[0].full.growth()
	for _, run := range runs {
		for _, d := range run.drains() {
			opened, more = max(opened, d.stats.Opened), max(more, d.growth())
		}
		repeated += run.repeated()
	}
	verdicts.AtMost("connections opened while a backlog is sent", float64(opened),
		float64(contender.DefaultConcurrency()))
	verdicts.AtMost("goroutines late in a run more than early", float64(more), moreGoroutines)
	verdicts.Note("All visitors came; %d calls were made again after the restart, for those that were under way at the end of a run at the quota's pace", repeated)
}

func memoryChart(runs []backlogRun) plot.Chart {
	waiting, own := plot.Line{Name: "waiting"}, plot.Line{Name: "its own memory"}
	full := plot.Line{Name: "sent at full speed"}
	var backlogs []int
	for _, run := range runs {
		x := float64(run.visitors)
		backlogs = append(backlogs, run.visitors)
		waiting.Points = append(waiting.Points, plot.Point{
			X: x,
			Y: process.Megabytes(run.waiting.Peak),
		})
		full.Points = append(full.Points, plot.Point{X: x, Y: process.Megabytes(run.full.Peak)})
		own.Points = append(own.Points, plot.Point{X: x, Y: process.Megabytes(run.full.Own)})
	}
	return plot.Chart{
		Title: "Peak memory by visitors in the outbox",
		X:     plot.Axis{Label: "visitors who wait", Log: true, Ticks: floats(backlogs)},
		Y:     plot.Axis{Label: "peak RSS, MB"},
		Lines: []plot.Line{waiting, full, own},
	}
}
