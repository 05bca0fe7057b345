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
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

const (
	// receiptRate is how many records come in a second, each in a request of its own and of another
	// visitor.
	receiptRate = 500
	// warmReceipts are not counted: they open connections.
	warmReceipts = receiptRate
	// offersAtOnce is more than are under way when the collector keeps up.
	offersAtOnce = 64
)

// What the way of a record from its receipt to its call may take, in milliseconds.
const (
	mostMedian = 20
	most99     = 100
)

// receipts are how long records took from their receipt to their calls, in milliseconds.
type receipts struct {
	name  string
	took  []float64
	lasts time.Duration // of all of them
}

func (r receipts) quantile(share float64) float64 { return report.Quantile(r.took, share) }

// latency measures the way of a record from the OTLP request to its call, with nothing to wait for.
func (s *suite) latency(ctx context.Context) (string, error) {
	var all []receipts
	for _, queue := range []struct{ name, storage string }{
		{"in memory", ""}, {"file_storage", s.path("latency-queue")},
	} {
		r, err := s.receive(ctx, queue.storage)
		if err != nil {
			return "", fmt.Errorf("%s: %w", queue.name, err)
		}
		r.name = queue.name
		s.progress("  %s: %.1f ms, 99 %% within %.1f ms", r.name, r.quantile(0.5), r.quantile(0.99))
		all = append(all, r)
	}
	return latencyText(all), nil
}

func latencyText(all []receipts) string {
	t := report.NewTable("queue", "records", "records/s", "median ms", "90 % within ms",
		"99 % within ms", "slowest ms")
	var verdicts report.Verdicts
	for _, r := range all {
		t.Add(r.name, strconv.Itoa(len(r.took)),
			report.Short(float64(len(r.took))/r.lasts.Seconds()), report.Short(r.quantile(0.5)),
			report.Short(r.quantile(0.9)), report.Short(r.quantile(0.99)), report.Short(r.quantile(1)))
		verdicts.AtMost(r.name+": median ms from receipt to call", r.quantile(0.5), mostMedian)
		verdicts.AtMost(r.name+": ms from receipt to call that 99 % take", r.quantile(0.99), most99)
	}
	return t.String() + "\n" + verdicts.String()
}

// receive offers records at an even rate, and tells how long each took until its call came. Each
// call has to come.
func (s *suite) receive(ctx context.Context, storage string) (r receipts, err error) {
	visitors := warmReceipts + int(receiptRate*s.Receipt.Seconds())
	requests := make([][]byte, visitors)
	for visitor := range requests {
		requests[visitor], err = contender.Request(records.Logs(records.Distinct(visitor, 1)))
		if err != nil {
			return r, err
		}
	}
	to, err := server.Start(ctx, server.Options{Visitors: visitors})
	if err != nil {
		return r, err
	}
	defer to.Kill()
	set := contender.Setup{Storage: storage, Settings: contender.Settings{
		Endpoint:    to.URL,
		MergeWindow: "0s",
	}}
	c, err := s.collectors().Start(ctx, set)
	if err != nil {
		return r, err
	}
	defer c.Kill()
	offered, err := offerEvenly(ctx, c, requests)
	if err != nil {
		return r, err
	}
	if _, err = to.Until(ctx, c.Process, int64(visitors)); err != nil {
		return r, err
	}
	came := server.NewArrivals(visitors)
	_, err = to.AddArrivals(ctx, came)
	if err != nil {
		return r, err
	}
	_, err = c.End()
	if storage != "" {
		err = errors.Join(err, os.RemoveAll(storage))
	}
	r, waysErr := ways(offered, came)
	return r, errors.Join(err, waysErr)
}

// offerEvenly offers requests at the rate of receipts, and returns when each was sent.
func offerEvenly(ctx context.Context, c *contender.Collector,
	requests [][]byte,
) ([]time.Time, error) {
	if err := c.Offer(ctx, nil); err != nil {
		return nil, err
	}
	sent := make([]time.Time, len(requests))
	offers, ctx := errgroup.WithContext(ctx)
	offers.SetLimit(offersAtOnce)
	for i, began := 0, time.Now(); i < len(requests); i++ {
		due := began.Add(time.Duration(i) * time.Second / receiptRate)
		if err := process.Sleep(ctx, time.Until(due)); err != nil {
			return nil, errors.Join(err, offers.Wait())
		}
		offers.Go(func() error {
			sent[i] = time.Now()
			return c.Offer(ctx, requests[i])
		})
	}
	return sent, offers.Wait()
}

// ways returns how long the records after the first ones took.
func ways(sent []time.Time, came *server.Arrivals) (r receipts, err error) {
	for visitor := min(warmReceipts, len(sent)); visitor < len(sent); visitor++ {
		at := came.Of(visitor)
		if at.IsZero() {
			return r, fmt.Errorf("no call of visitor %d came", visitor)
		}
		r.took = append(r.took, milliseconds(at.Sub(sent[visitor])))
	}
	if len(r.took) > 0 {
		r.lasts = sent[len(sent)-1].Sub(sent[warmReceipts])
	}
	return r, nil
}
