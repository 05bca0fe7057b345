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
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

const (
	// quotaPace is Adobe's quota spread over the day.
	quotaPace   = 11.57
	memoryLimit = 250
)

// drained is what was seen while a backlog was sent.
type drained struct {
	memory
	calls    int64
	took     time.Duration
	mostOpen int64
}

// memorySection builds backlogs on the persistent queue while Target is down, and sends them after a restart.
func (s *suite) memorySection(ctx context.Context) (string, error) {
	t := report.NewTable("backlog", "pace", "peak RSS MB", "of it own MB", "calls", "calls/s", "connections at once", "queue on disk MB")
	lines := map[string]*plot.Line{"full": {Name: "full speed"}, "own": {Name: "own memory"}, "paced": {Name: "11.57 calls/s"}}
	peaks := make(map[string][]float64)
	var mostOpen int64
	for _, backlog := range s.backlogs {
		queue := s.path("queue-" + strconv.Itoa(backlog))
		if err := s.buildBacklog(ctx, queue, backlog); err != nil {
			return "", fmt.Errorf("building a backlog of %d: %w", backlog, err)
		}
		size := folderSize(queue)
		// The paced one leaves most of the queue as it is, so the other can have it afterwards.
		paced, err := s.drain(ctx, queue, backlog, quotaPace)
		if err != nil {
			return "", fmt.Errorf("a backlog of %d at %v calls/s: %w", backlog, quotaPace, err)
		}
		full, err := s.drain(ctx, queue, backlog-int(paced.calls), 0)
		if err != nil {
			return "", fmt.Errorf("a backlog of %d at full speed: %w", backlog, err)
		}
		for pace, d := range map[string]drained{"full": full, "paced": paced} {
			peaks[pace] = append(peaks[pace], megabytes(d.Resident))
			lines[pace].Points = append(lines[pace].Points, plot.Point{X: float64(backlog), Y: megabytes(d.Resident)})
			mostOpen = max(mostOpen, d.mostOpen)
		}
		lines["own"].Points = append(lines["own"].Points, plot.Point{X: float64(backlog), Y: megabytes(full.Own)})
		for _, row := range []struct {
			pace string
			drained
		}{{"none", full}, {"11.57/s", paced}} {
			t.Add(strconv.Itoa(backlog), row.pace, fmt.Sprintf("%.0f", megabytes(row.Resident)), fmt.Sprintf("%.0f", megabytes(row.Own)),
				strconv.FormatInt(row.calls, 10), report.Short(float64(row.calls)/row.took.Seconds()), strconv.FormatInt(row.mostOpen, 10),
				fmt.Sprintf("%.0f", megabytes(size)))
		}
		if err := os.RemoveAll(queue); err != nil {
			return "", err
		}
	}
	var verdicts report.Verdicts
	for _, pace := range []string{"full", "paced"} {
		last := len(peaks[pace]) - 1
		what := fmt.Sprintf("%s: peak RSS at a backlog of %d", lines[pace].Name, s.backlogs[last])
		verdicts.AtMost(fmt.Sprintf("%s over that of %d", what, s.backlogs[last-1]), peaks[pace][last]/peaks[pace][last-1], 1.1)
		verdicts.AtMost(what+" in MB", peaks[pace][last], memoryLimit)
	}
	verdicts.AtMost("connections at once", float64(mostOpen), 16)
	return t.String() + "\n" + verdicts.String(), s.draw("memory.svg", plot.Chart{
		Title: "Peak memory by backlog on the persistent queue",
		X:     plot.Axis{Label: "records in the queue", Log: true, Ticks: floats(s.backlogs)},
		Y:     plot.Axis{Label: "peak RSS, MB"},
		Lines: []plot.Line{*lines["full"], *lines["own"], *lines["paced"]},
	})
}

// buildBacklog lets a collector read a file while nothing listens where Target should be.
func (s *suite) buildBacklog(ctx context.Context, queue string, records int) error {
	file := s.path("backlog.jsonl")
	if err := writeLines(file, records, distinct); err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	c, err := s.startCollector(ctx, setup{
		Endpoint: fmt.Sprintf("http://127.0.0.1:%d", port), File: file, Storage: queue, QueueSize: 2 * records,
	})
	if err != nil {
		return err
	}
	defer c.kill()
	held, lastChange := 0, time.Now()
	for held < records {
		err = errors.Join(c.running(), sleep(ctx, 10*pollInterval))
		if err != nil {
			return err
		}
		if now := int(c.metric(ctx, "otelcol_exporter_queue_size")); now != held {
			held, lastChange = now, time.Now()
		} else if time.Since(lastChange) > patience {
			return fmt.Errorf("the queue stays at %d records%s", held, &c.log)
		}
	}
	_, err = c.end()
	return err
}

// drain starts a collector on a queue and watches its memory, until all of it is sent or, with a pace, for a while.
func (s *suite) drain(ctx context.Context, queue string, records int, pace float64) (d drained, err error) {
	server, err := startTarget(ctx)
	if err != nil {
		return d, err
	}
	defer server.kill()
	port, err := freePort(ctx)
	if err != nil {
		return d, err
	}
	c, err := s.startCollector(ctx, setup{Endpoint: server.URL, Port: port, Storage: queue, QueueSize: 2 * records, Pace: pace})
	if err != nil {
		return d, err
	}
	defer c.kill()
	stats, err := server.watch(ctx, c.process, func(stats serverStats) bool {
		if now, nowErr := memoryNow(c.cmd.Process.Pid); nowErr == nil {
			d.memory = d.more(now)
		}
		if pace > 0 {
			return time.Since(c.began) > s.paced
		}
		return stats.Calls >= int64(records)
	})
	if err != nil {
		return d, err
	}
	if d.Resident == 0 {
		_, err = memoryNow(c.cmd.Process.Pid)
		return d, fmt.Errorf("no memory was seen: %w", err)
	}
	d.took = time.Since(time.Unix(0, stats.First))
	used, err := c.end()
	if err != nil {
		return d, err
	}
	d.Resident = max(d.Resident, used.PeakRSS)
	// A call can come between the last look and the end.
	if stats, err = server.stats(ctx); err != nil {
		return d, err
	}
	d.calls, d.mostOpen = stats.Calls, stats.MostOpen
	_, err = server.end()
	return d, err
}

func floats(numbers []int) []float64 {
	values := make([]float64, len(numbers))
	for i, n := range numbers {
		values[i] = float64(n)
	}
	return values
}

func folderSize(folder string) int64 {
	entries, _ := os.ReadDir(folder)
	var size int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
	}
	return size
}
