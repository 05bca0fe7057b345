// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// deferredMetric counts the records that left the queue and wait for a time of their own.
const deferredMetric = "otelcol_adobe_target_records_deferred"

// drained is what was seen while a backlog was sent.
type drained struct {
	memory
	pace        float64 // calls a second, 0 for none
	limit       int     // bytes of memory, 0 for none
	stats       serverStats
	records     int // distinct visitors
	early, late moment
	log         string
}

// moment is what a collector has open and running at some time.
type moment struct {
	opened     int64 // connections since its start
	goroutines int
}

func (d drained) growth() int { return d.late.goroutines - d.early.goroutines }

// recordsPerSecond is from the first call to the last.
func (d drained) recordsPerSecond() float64 {
	return float64(d.records-1) / time.Duration(d.stats.Last-d.stats.First).Seconds()
}

func (d drained) paceName() string {
	if d.pace == 0 {
		return "full speed"
	}
	return fmt.Sprintf("%v calls/s", d.pace)
}

func (d drained) paceText() string {
	switch {
	case d.limit > 0:
		return fmt.Sprintf("none, in %d MB", d.limit/1_000_000)
	case d.pace == 0:
		return "none"
	}
	return fmt.Sprintf("%v/s", d.pace)
}

// drain starts a collector on a queue and watches it, until all of it is sent or, with a pace, for a while. It adds the
// visitors of the calls to those seen. A group bounds the collector's memory, unless it is nil.
func (s *suite) drain(ctx context.Context, queue string, seen *visitorSet, pace float64, g *group) (d drained, err error) {
	server, err := startTarget(ctx, "-visitors", strconv.Itoa(seen.size))
	if err != nil {
		return d, err
	}
	defer server.kill()
	c, err := s.startOnQueue(ctx, server, queue, seen.size, pace, g)
	if err != nil {
		return d, err
	}
	defer c.kill()
	w := &drainWatch{collector: c, server: server, drained: drained{pace: pace}, backlog: seen.size}
	if pace > 0 {
		w.lasts = s.paced
	}
	err = w.watch(ctx)
	if err != nil {
		return d, err
	}
	used, err := c.end()
	if err != nil {
		return d, err
	}
	d = w.drained
	d.Peak, d.log = max(d.Peak, used.PeakRSS), c.log.String()
	// A call can come between the last look and the end.
	if d.stats, err = server.stats(ctx); err != nil {
		return d, err
	}
	if d.records, err = server.addVisitors(ctx, seen); err != nil {
		return d, err
	}
	_, err = server.end()
	return d, err
}

// startOnQueue starts a collector that only has a queue to send. A burst of one keeps the pace even over a short time.
func (s *suite) startOnQueue(ctx context.Context, server *target, queue string, records int, pace float64, g *group) (*collector, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	profile, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	return s.startCollector(ctx, setup{
		Endpoint: server.URL, Port: port, Storage: queue, QueueSize: 2 * records, Pace: pace, Burst: 1,
		Profile: fmt.Sprintf("127.0.0.1:%d", profile), Group: g,
	})
}

// drainWatch looks at a collector while it sends a backlog.
type drainWatch struct {
	drained
	collector *collector
	server    *target
	backlog   int
	lasts     time.Duration // how long from the first call on; 0 is until all is sent

	grew  time.Time // when a call came last
	doubt error     // why all is not sent yet, when no calls come
}

func (w *drainWatch) watch(ctx context.Context) error {
	calls, err := await(ctx, pollInterval, func() (int64, bool, error) { return w.look(ctx) })
	if err != nil {
		return fmt.Errorf("after %d calls: %w%s", calls, errors.Join(err, w.doubt), &w.collector.log)
	}
	return nil
}

// quietTime is how long no call may come before the collector is asked whether it has sent all. Being asked costs it time.
const quietTime = time.Second

func (w *drainWatch) look(ctx context.Context) (calls int64, done bool, err error) {
	stats, err := w.server.stats(ctx)
	if err != nil {
		return 0, false, err
	}
	if err := w.collector.running(); err != nil {
		return stats.Calls, false, err
	}
	if stats.Calls != w.stats.Calls || w.grew.IsZero() {
		w.grew = time.Now()
	}
	w.stats = stats
	if now, err := w.collector.memory(); err == nil {
		w.memory = w.more(now)
	}
	if err := w.note(ctx); err != nil {
		return stats.Calls, false, err
	}
	if w.lasts > 0 {
		return stats.Calls, w.share() >= 1, nil
	}
	return stats.Calls, stats.Calls > 0 && time.Since(w.grew) >= quietTime && w.sentAll(ctx), nil
}

// share is how much of the watch is over.
func (w *drainWatch) share() float64 {
	switch {
	case w.stats.First == 0:
		return 0
	case w.lasts > 0:
		return w.shareOf(time.Since(time.Unix(0, w.stats.First)))
	default:
		return float64(w.stats.Calls) / float64(w.backlog)
	}
}

// shareOf is how much of the watch a time is, 0 when calls end it and not time.
func (w *drainWatch) shareOf(d time.Duration) float64 {
	if w.lasts == 0 {
		return 0
	}
	return d.Seconds() / w.lasts.Seconds()
}

// note keeps what is open and running early, when a tenth of the watch is over and what had to begin has, and late, when all
// but a tenth is.
func (w *drainWatch) note(ctx context.Context) error {
	at, from := &w.early, max(0.1, w.shareOf(settling))
	if w.early != (moment{}) {
		at, from = &w.late, 0.9
	}
	if w.share() < from || *at != (moment{}) {
		return nil
	}
	count, err := w.collector.goroutines(ctx)
	*at = moment{opened: w.stats.Opened, goroutines: count}
	return err
}

// sentAll asks the collector whether it holds nothing any more.
func (w *drainWatch) sentAll(ctx context.Context) bool {
	now, err := w.collector.metrics(ctx)
	if err != nil {
		w.doubt = err
		return false
	}
	for _, name := range []string{queueMetric, deferredMetric} {
		held, err := now.sum(name)
		if err == nil && held > 0 {
			err = fmt.Errorf("%s says %.0f", name, held)
		}
		if w.doubt = err; err != nil {
			return false
		}
	}
	return true
}
