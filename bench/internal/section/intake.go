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

	"golang.org/x/sync/errgroup"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

const (
	// leastTaken is how many records a second have to be taken in while Target is down.
	leastTaken = 30_000
	// requestSize is how many records a request of the intake has, and senders how many requests
	// are offered at once.
	requestSize = 1_000
	senders     = 4
)

// intake is how records get into a collector while nobody takes their calls.
type intake struct {
	name   string
	rounds []takenIn
}

// takenIn is what a round of an intake showed.
type takenIn struct {
	records int
	took    time.Duration // until all of them waited in the outbox
	disk    int64
	process.Cost
}

func (t takenIn) perSecond() float64 { return float64(t.records) / t.took.Seconds() }
func (t takenIn) cpu() float64       { return t.CPU.Seconds() * 1e6 / float64(t.records) }

// intake measures how fast records are taken in, each of another visitor, while nothing listens
// where Target should be.
func (s *suite) intake(ctx context.Context) (string, error) {
	visitors := records.Distinct(0, s.Taken)
	file := s.path("intake.jsonl")
	if err := records.Write(file, visitors, records.VariedOf); err != nil {
		return "", err
	}
	var bodies [][]byte
	for part := range slices.Chunk(visitors, requestSize) {
		body, err := contender.Request(records.Logs(part))
		if err != nil {
			return "", err
		}
		bodies = append(bodies, body)
	}
	otlp, fileLog := &intake{name: "otlp"}, &intake{name: "file_log"}
	for range s.Rounds {
		if err := s.takeIn(ctx, otlp, contender.Setup{}, bodies); err != nil {
			return "", err
		}
		if err := s.takeIn(ctx, fileLog, contender.Setup{File: file}, nil); err != nil {
			return "", err
		}
	}
	return intakeText([]*intake{otlp, fileLog}), nil
}

func intakeText(intakes []*intake) string {
	t := report.NewTable("receiver", "record/s", "CPU µs/record", "peak RSS MB",
		"bytes a record on disk", "spread")
	rate := func(i *intake) []float64 {
		rates := make([]float64, len(i.rounds))
		for n, r := range i.rounds {
			rates[n] = r.perSecond()
		}
		return rates
	}
	for _, i := range intakes {
		t.Add(i.name, fmt.Sprintf("%.0f", report.Median(rate(i))),
			fmt.Sprintf("%.1f", report.MedianOf(i.rounds, takenIn.cpu)),
			fmt.Sprintf("%.0f", report.MedianOf(i.rounds,
				func(r takenIn) float64 { return process.Megabytes(r.PeakRSS) })),
			fmt.Sprintf("%.0f", report.MedianOf(i.rounds,
				func(r takenIn) float64 { return float64(r.disk) / float64(r.records) })),
			fmt.Sprintf("%.0f %%", 100*report.Spread(rate(i))))
	}
	var verdicts report.Verdicts
	verdicts.AtLeast(intakes[0].name+": records/s taken in while Target is down",
		report.Median(rate(intakes[0])), leastTaken)
	return t.String() + "\n" + verdicts.String()
}

// takeIn adds a round: from the first request, or from the start of a collector that reads a file,
// until all records wait in the outbox.
func (s *suite) takeIn(ctx context.Context, to *intake, set contender.Setup,
	bodies [][]byte,
) error {
	var err error
	set.Storage = s.path("intake-queue")
	err = os.RemoveAll(set.Storage)
	if err != nil {
		return err
	}
	if set.Endpoint, err = nowhere(ctx); err != nil {
		return err
	}
	c, err := s.collectors().Start(ctx, set)
	if err != nil {
		return err
	}
	defer c.Kill()
	began := c.Began
	if set.File == "" {
		if began, err = offerAll(ctx, c, bodies); err != nil {
			return err
		}
	}
	err = c.Holds(ctx, s.Taken)
	if err != nil {
		return err
	}
	r := takenIn{records: s.Taken, took: time.Since(began)}
	if r.Cost, err = c.End(); err != nil {
		return err
	}
	if r.disk, err = folderSize(set.Storage); err != nil {
		return err
	}
	to.rounds = append(to.rounds, r)
	s.progress("  %s: %.0f records/s, %.1f µs", to.name, r.perSecond(), r.cpu())
	return nil
}

// nowhere returns an address of the loopback interface where nothing listens.
func nowhere(ctx context.Context) (string, error) {
	port, err := process.FreePort(ctx)
	return fmt.Sprintf("http://127.0.0.1:%d", port), err
}

// offerAll offers requests, several at once, until all are taken. The clock begins when the
// collector takes any, be it an empty one.
func offerAll(ctx context.Context, c *contender.Collector,
	bodies [][]byte,
) (began time.Time, err error) {
	if err := c.Offer(ctx, nil); err != nil {
		return began, err
	}
	began = time.Now()
	offers, ctx := errgroup.WithContext(ctx)
	offers.SetLimit(senders)
	for _, body := range bodies {
		offers.Go(func() error { return c.Offer(ctx, body) })
	}
	return began, offers.Wait()
}

// folderSize returns the bytes of the files in a folder.
func folderSize(folder string) (int64, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, err
	}
	var size int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}
