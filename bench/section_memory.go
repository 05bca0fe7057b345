// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

const (
	// quotaPace is Adobe's quota spread over the day, in calls a second.
	quotaPace = 11.57
	// memoryLimit is in MB.
	memoryLimit = 250
	// goroutineSlack is for those of the questions that the harness asks, and of a batch that begins or ends meanwhile.
	goroutineSlack = 5
	// limitedMemory is what a container of the collector might have, in bytes.
	limitedMemory = 150_000_000
)

// backlogRun is what one backlog showed: first at the quota's pace, and then what was left of it at full speed.
type backlogRun struct {
	records     int
	disk        int64 // bytes of the queue
	paced, full drained
	// limited is one more at full speed, in a group of limitedMemory; nil where none was made.
	limited *drained
}

// memorySection builds backlogs on the persistent queue while Target is down, and sends them after a restart.
func (s *suite) memorySection(ctx context.Context) (string, error) {
	g, groupErr := newGroup(limitedMemory)
	if groupErr == nil {
		defer func() { _ = g.remove() }() // it is empty, and the next start of the machine forgets it
	}
	var runs []backlogRun
	for i, records := range s.backlogs {
		within := g
		if i < len(s.backlogs)-1 {
			within = nil
		}
		run, err := s.runBacklog(ctx, records, within)
		if err != nil {
			return "", fmt.Errorf("a backlog of %d: %w", records, err)
		}
		runs = append(runs, run)
	}
	var verdicts report.Verdicts
	judgeMemory(&verdicts, runs)
	if groupErr != nil {
		verdicts.Note("The row with limited memory is left out: %v", groupErr)
	}
	return memoryTable(runs) + "\n" + verdicts.String(), s.draw("memory.svg", memoryChart(runs))
}

// runBacklog builds a backlog and sends it, so that each of its records comes, and a copy of it within a group if there is one.
func (s *suite) runBacklog(ctx context.Context, records int, g *group) (run backlogRun, err error) {
	run.records = records
	queue := s.path("queue-" + strconv.Itoa(records))
	if err = s.buildBacklog(ctx, queue, records); err != nil {
		return run, fmt.Errorf("building it: %w", err)
	}
	if run.disk, err = folderSize(queue); err != nil {
		return run, err
	}
	if g != nil {
		if run.limited, err = s.drainWithin(ctx, g, queue, records); err != nil {
			return run, fmt.Errorf("in %d MB of memory: %w", limitedMemory/1_000_000, err)
		}
	}
	seen := newVisitorSet(records)
	if run.paced, err = s.drain(ctx, queue, seen, quotaPace, nil); err != nil {
		return run, fmt.Errorf("at %v calls/s: %w", quotaPace, err)
	}
	if run.full, err = s.drain(ctx, queue, seen, 0, nil); err != nil {
		return run, fmt.Errorf("at full speed: %w", err)
	}
	if err := seen.all(run.full.log); err != nil {
		return run, err
	}
	return run, os.RemoveAll(queue)
}

// drainWithin sends a copy of a backlog within a group.
func (s *suite) drainWithin(ctx context.Context, g *group, queue string, records int) (*drained, error) {
	copied := queue + "-within"
	if err := os.CopyFS(copied, os.DirFS(queue)); err != nil {
		return nil, err
	}
	if err := uncached(copied); err != nil {
		return nil, err
	}
	seen := newVisitorSet(records)
	d, err := s.drain(ctx, copied, seen, 0, g)
	if killed, killedErr := g.killed(); killedErr != nil || killed > 0 {
		return nil, errors.Join(fmt.Errorf("the kernel ended %d processes for want of memory", killed), killedErr, err)
	}
	if err == nil {
		err = seen.all(d.log)
	}
	d.limit = limitedMemory
	return &d, errors.Join(err, os.RemoveAll(copied))
}

// repeated is how many calls were made a second time after the restart.
func (r backlogRun) repeated() int64 {
	return r.paced.stats.Calls + r.full.stats.Calls - int64(r.records)
}

func (r backlogRun) drains() []drained {
	if r.limited == nil {
		return []drained{r.full, r.paced}
	}
	return []drained{r.full, *r.limited, r.paced}
}

func memoryTable(runs []backlogRun) string {
	t := report.NewTable("backlog", "pace", "peak RSS MB", "its own MB", "calls", "records/s", "connections opened early", "in all", "at once",
		"goroutines early", "late", "queue on disk MB", "bytes a record")
	for _, run := range runs {
		for _, d := range run.drains() {
			t.Add(strconv.Itoa(run.records), d.paceText(), fmt.Sprintf("%.0f", megabytes(d.Peak)), fmt.Sprintf("%.0f", megabytes(d.Own)),
				strconv.FormatInt(d.stats.Calls, 10), report.Short(d.recordsPerSecond()),
				strconv.FormatInt(d.early.opened, 10), strconv.FormatInt(d.stats.Opened, 10), strconv.FormatInt(d.stats.MostOpen, 10),
				strconv.Itoa(d.early.goroutines), strconv.Itoa(d.late.goroutines),
				report.Short(megabytes(run.disk)), report.Short(float64(run.disk)/float64(run.records)))
		}
	}
	return t.String()
}

// judgeMemory says whether the memory of the largest backlog is that of the one before it, and whether anything else grows.
func judgeMemory(verdicts *report.Verdicts, runs []backlogRun) {
	last, before := runs[len(runs)-1], runs[len(runs)-2]
	for _, pair := range [][2]drained{{last.full, before.full}, {last.paced, before.paced}} {
		what := fmt.Sprintf("%s: peak RSS at a backlog of %d", pair[0].paceName(), last.records)
		verdicts.AtMost(fmt.Sprintf("%s over that of %d", what, before.records), float64(pair[0].Peak)/float64(pair[1].Peak), 1.1)
		verdicts.AtMost(what+" in MB", megabytes(pair[0].Peak), memoryLimit)
	}
	var opened, repeated int64
	more := runs[0].full.growth()
	for _, run := range runs {
		for _, d := range run.drains() {
			opened, more = max(opened, d.stats.Opened), max(more, d.growth())
		}
		repeated += run.repeated()
	}
	verdicts.AtMost("connections opened while a backlog is sent", float64(opened), float64(defaultConcurrency()))
	verdicts.AtMost("goroutines late in a run more than early", float64(more), goroutineSlack)
	verdicts.Note("All records came; %d calls were made again after the restart, for the batch that was being sent at the end of a run at the quota's pace", repeated)
}

func memoryChart(runs []backlogRun) plot.Chart {
	full, own, paced := plot.Line{Name: "full speed"}, plot.Line{Name: "its own memory"}, plot.Line{Name: fmt.Sprintf("%v calls/s", quotaPace)}
	var backlogs []int
	for _, run := range runs {
		x := float64(run.records)
		backlogs = append(backlogs, run.records)
		full.Points = append(full.Points, plot.Point{X: x, Y: megabytes(run.full.Peak)})
		own.Points = append(own.Points, plot.Point{X: x, Y: megabytes(run.full.Own)})
		paced.Points = append(paced.Points, plot.Point{X: x, Y: megabytes(run.paced.Peak)})
	}
	return plot.Chart{
		Title: "Peak memory by backlog on the persistent queue",
		X:     plot.Axis{Label: "records in the queue", Log: true, Ticks: floats(backlogs)},
		Y:     plot.Axis{Label: "peak RSS, MB"},
		Lines: []plot.Line{full, own, paced},
	}
}

// floats is what the axis of a chart takes.
func floats(numbers []int) []float64 {
	values := make([]float64, len(numbers))
	for i, n := range numbers {
		values[i] = float64(n)
	}
	return values
}
