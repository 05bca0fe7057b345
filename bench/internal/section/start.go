// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

const (
	// starts is how often a start is measured; it is short, and the first one reads the program
	// from the disk.
	starts = 5
	// settling is how long a collector that has little to do takes until all of it has begun.
	settling = 3 * time.Second
)

// start measures how long the distribution takes from its start to its first call, and what it uses
// while idle.
func (s *suite) start(ctx context.Context) (string, error) {
	var verdicts report.Verdicts
	t := report.NewTable("", "ms", "fastest", "slowest")
	took := make([]float64, 0, starts)
	for range starts {
		ms, err := s.firstCall(ctx)
		if err != nil {
			return "", err
		}
		took = append(took, ms)
	}
	t.Add("start to first call", fmt.Sprintf("%.0f", report.Median(took)),
		fmt.Sprintf("%.0f", slices.Min(took)), fmt.Sprintf("%.0f", slices.Max(took)))
	verdicts.AtMost("start to first call in ms", report.Median(took), 300)

	idle := report.NewTable("idle", "CPU of a core", "RSS MB")
	empty := s.path("empty.jsonl")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return "", err
	}
	for _, receiver := range []struct{ name, file string }{{"otlp", ""}, {"file_log", empty}} {
		share, rss, err := s.idle(ctx, receiver.file)
		if err != nil {
			return "", err
		}
		idle.Add(receiver.name, fmt.Sprintf("%.2f %%", share), fmt.Sprintf("%.0f", rss))
		verdicts.AtMost(fmt.Sprintf("idle for %s with %s: %% of a core", s.Idle, receiver.name),
			share, 0.5)
	}
	return t.String() + "\n" + idle.String() + "\n" + verdicts.String(), nil
}

// firstCall starts a collector on an empty persistent queue, offers it a record until it takes it,
// and returns the milliseconds until the call came.
func (s *suite) firstCall(ctx context.Context) (float64, error) {
	to, err := server.Start(ctx, server.Options{})
	if err != nil {
		return 0, err
	}
	defer to.Kill()
	queue := s.path("empty-queue")
	err = os.RemoveAll(queue)
	if err != nil {
		return 0, err
	}
	set := contender.Setup{Storage: queue, Settings: contender.Settings{
		Endpoint:    to.URL,
		MergeWindow: "0s",
	}}
	c, err := s.collectors().Start(ctx, set)
	if err != nil {
		return 0, err
	}
	defer c.Kill()
	request, err := contender.Request(records.Logs(records.Distinct(0, 1)))
	if err != nil {
		return 0, err
	}
	err = c.Offer(ctx, request)
	if err != nil {
		return 0, err
	}
	stats, err := to.Until(ctx, c.Process, 1)
	if err != nil {
		return 0, err
	}
	_, err = c.End()
	return milliseconds(time.Unix(0, stats.First).Sub(c.Began)), err
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// idle returns what a collector without work uses of a core, in percent, and what it holds.
func (s *suite) idle(ctx context.Context, file string) (share, rss float64, err error) {
	set := contender.Setup{
		File: file, Storage: s.path("idle-queue"),
		Settings: contender.Settings{Endpoint: "http://127.0.0.1:1"},
	}
	c, err := s.collectors().Start(ctx, set)
	if err != nil {
		return 0, 0, err
	}
	defer c.Kill()
	err = process.Sleep(ctx, settling)
	if err != nil {
		return 0, 0, err
	}
	before, err := c.CPU()
	if err != nil {
		return 0, 0, err
	}
	err = process.Sleep(ctx, s.Idle)
	if err != nil {
		return 0, 0, err
	}
	after, err := c.CPU()
	if err != nil {
		return 0, 0, err
	}
	held, err := c.Memory()
	if err != nil {
		return 0, 0, err
	}
	_, err = c.End()
	return 100 * (after - before).Seconds() / s.Idle.Seconds(), process.Megabytes(held.Resident), err
}
