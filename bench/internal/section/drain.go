// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// drained is what was seen while a backlog was sent.
type drained struct {
	process.Memory
	pace        float64 // calls a second, 0 for none
	limit       int     // bytes of memory, 0 for none
	stats       server.Stats
	visitors    int // whose calls came
	early, late moment
	cpu         time.Duration
	log         string
}

// moment is what a collector has open and running at some time.
type moment struct {
	opened     int64 // connections since its start
	goroutines int
}

func (d drained) growth() int { return d.late.goroutines - d.early.goroutines }

// perSecond is from the first call to the last.
func (d drained) perSecond() float64 {
	return float64(d.visitors-1) / time.Duration(d.stats.Last-d.stats.First).Seconds()
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

// drain starts a collector on a queue and watches it, until all of it is sent or, with a pace, for
// a while. It adds the visitors of the calls to those seen. A group bounds the collector's memory,
// unless it is nil.
func (s *suite) drain(ctx context.Context, queue string, seen *server.Arrivals, pace float64,
	g *process.Group,
) (d drained, err error) {
	to, err := server.Start(ctx, server.Options{Visitors: seen.Visitors()})
	if err != nil {
		return d, err
	}
	defer to.Kill()
	// A burst of one keeps the pace even over a short time.
	c, err := s.collectors().Start(ctx, contender.Setup{
		Storage: queue, Profiled: true, Group: g, Settings: contender.Settings{
			Endpoint: to.URL,
			Pace:     pace, Burst: 1,
		},
	})
	if err != nil {
		return d, err
	}
	defer c.Kill()
	w := &drainWatch{
		collector: c, server: to, drained: drained{pace: pace},
		backlog: seen.Visitors(),
	}
	if pace > 0 {
		w.lasts = s.Paced
	}
	return w.run(ctx, seen)
}

// drainWatch looks at a collector while it sends a backlog.
type drainWatch struct {
	drained
	collector *contender.Collector
	server    *server.Server
	backlog   int
	lasts     time.Duration // how long from the first call on; 0 is until all is sent

	grew  time.Time // when a call came last
	doubt error     // why all is not sent yet, when no calls come
}

// run watches until the backlog is sent or the time is over, and ends collector and server.
func (w *drainWatch) run(ctx context.Context, seen *server.Arrivals) (d drained, err error) {
	err = w.watch(ctx)
	if err != nil {
		return d, err
	}
	used, err := w.collector.End()
	if err != nil {
		return d, err
	}
	d = w.drained
	d.Peak, d.cpu, d.log = max(d.Peak, used.PeakRSS), used.CPU, w.collector.Log()
	// A call can come between the last look and the end.
	if d.stats, err = w.server.Stats(ctx); err != nil {
		return d, err
	}
	if d.visitors, err = w.server.AddArrivals(ctx, seen); err != nil {
		return d, err
	}
	_, err = w.server.End()
	return d, err
}

func (w *drainWatch) watch(ctx context.Context) error {
	calls, err := process.Await(ctx, process.PollInterval,
		func() (int64, bool, error) { return w.look(ctx) })
	if err != nil {
		return fmt.Errorf("after %d calls: %w%s", calls, errors.Join(err, w.doubt),
			w.collector.Log())
	}
	return nil
}

// quietTime is how long no call may come before the collector is asked whether it has sent all.
// Being asked costs it time.
const quietTime = time.Second

func (w *drainWatch) look(ctx context.Context) (calls int64, done bool, err error) {
	stats, err := w.server.Stats(ctx)
	if err != nil {
		return 0, false, err
	}
	if err := w.collector.Running(); err != nil {
		return stats.Calls, false, err
	}
	if stats.Calls != w.stats.Calls || w.grew.IsZero() {
		w.grew = time.Now()
	}
	w.stats = stats
	if now, err := w.collector.Memory(); err == nil {
		w.Memory = w.More(now)
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

// note keeps what is open and running early, when a tenth of the watch is over and what had to
// begin has, and late, when all but a tenth is.
func (w *drainWatch) note(ctx context.Context) error {
	at, from := &w.early, max(0.1, w.shareOf(settling))
	if w.early != (moment{}) {
		at, from = &w.late, 0.9
	}
	if w.share() < from || *at != (moment{}) {
		return nil
	}
	count, err := w.collector.Goroutines(ctx)
	*at = moment{opened: w.stats.Opened, goroutines: count}
	return err
}

// sentAll asks the collector whether it holds nothing any more.
func (w *drainWatch) sentAll(ctx context.Context) bool {
	var held float64
	now, err := w.collector.Metrics(ctx)
	if err == nil {
		held, err = now.Held()
	}
	if err == nil && held > 0 {
		err = fmt.Errorf("it says that it holds %.0f records", held)
	}
	w.doubt = err
	return err == nil
}

func drainedTable(runs []backlogRun) string {
	t := report.NewTable("visitors sent", "pace", "peak RSS MB", "its own MB", "calls", "calls/s",
		"connections opened early", "in all", "at once",
		"goroutines early", "late")
	for _, run := range runs {
		for _, d := range run.drains() {
			t.Add(strconv.Itoa(run.visitors), d.paceText(),
				fmt.Sprintf("%.0f", process.Megabytes(d.Peak)),
				fmt.Sprintf("%.0f", process.Megabytes(d.Own)),
				strconv.FormatInt(d.stats.Calls, 10), report.Short(d.perSecond()),
				strconv.FormatInt(d.early.opened, 10), strconv.FormatInt(d.stats.Opened, 10),
				strconv.FormatInt(d.stats.MostOpen, 10),
				strconv.Itoa(d.early.goroutines), strconv.Itoa(d.late.goroutines))
		}
	}
	return t.String()
}
