// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// waited is what was seen of a collector whose backlog waited.
type waited struct {
	process.Memory
	// ready is from the start of the process until it takes records and has the whole backlog.
	ready time.Duration
	// resident is what it held, from one look to the next.
	resident []int64
}

// early and late are the most that was resident in the first and in the last third of the time.
func (w waited) early() int64 { return slices.Max(w.resident[:(len(w.resident)+2)/3]) }
func (w waited) late() int64  { return slices.Max(w.resident[len(w.resident)*2/3:]) }

func (w waited) growth() float64 { return float64(w.late()) / float64(w.early()) }

func waitedTable(runs []backlogRun) string {
	t := report.NewTable("visitors who wait", "start s", "peak RSS MB", "its own MB",
		"RSS early MB", "late", "on disk MB", "bytes a visitor")
	for _, run := range runs {
		w := run.waiting
		t.Add(strconv.Itoa(run.visitors), fmt.Sprintf("%.2f", w.ready.Seconds()),
			fmt.Sprintf("%.0f", process.Megabytes(w.Peak)),
			fmt.Sprintf("%.0f", process.Megabytes(w.Own)),
			fmt.Sprintf("%.0f", process.Megabytes(w.early())),
			fmt.Sprintf("%.0f", process.Megabytes(w.late())),
			report.Short(process.Megabytes(run.disk)),
			report.Short(float64(run.disk)/float64(run.visitors)))
	}
	return t.String()
}

// wait starts a collector on a backlog while Target answers 503, and watches it. The record that
// tells that it takes some is of a visitor who waits, and merges.
func (s *suite) wait(ctx context.Context, queue string, visitors int) (w waited, err error) {
	to, err := server.Start(ctx, server.Options{Down: true})
	if err != nil {
		return w, err
	}
	defer to.Kill()
	c, err := s.collectors().Start(ctx, contender.Setup{
		Storage:  queue,
		Settings: contender.Settings{Endpoint: to.URL},
	})
	if err != nil {
		return w, err
	}
	defer c.Kill()
	request, err := contender.Request(records.Logs(records.Distinct(0, 1)))
	if err != nil {
		return w, err
	}
	err = c.Offer(ctx, request)
	if err != nil {
		return w, err
	}
	err = c.Holds(ctx, visitors)
	if err != nil {
		return w, err
	}
	w.ready = time.Since(c.Began)
	err = process.Sleep(ctx, settling)
	if err != nil {
		return w, err
	}
	for end := time.Now().Add(s.Waiting); time.Now().Before(end); {
		held, heldErr := c.Memory()
		w.Memory, w.resident = w.More(held), append(w.resident, held.Resident)
		err = errors.Join(heldErr, process.Sleep(ctx, 5*process.PollInterval))
		if err != nil {
			return w, err
		}
	}
	_, err = c.End()
	return w, err
}
