// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// Route makes calls: a route.Traced, or a route.DryRun that shows them.
type Route interface {
	// Send makes one call with as many of the leading parameters as fit, of which the first
	// does, and returns how many it carried and what came of it.
	Send(ctx context.Context, v profile.Visitor, parameters []profile.Parameter) (carried int, answer route.Answer)
}

// Settings are the parts of a Sender.
type Settings struct {
	// ID is the exporter's, by which metrics tell it from others.
	ID      component.ID
	Mapper  *mapping.Mapper
	Outbox  *outbox.Outbox
	Account *quota.Account
	Route   Route
	// RouteName is what metrics call the route.
	RouteName route.Name
	// Overflow is where updates go while the quota is used up, nil where they wait. PushAndWait has none.
	Overflow *Overflow
	// Concurrency is how many calls may be under way at once.
	Concurrency int
	// Retry is for how long entries are put off, and when they are no longer tried.
	Retry configretry.BackOffConfig
	// GiveUpAfter is for how long an update may fail alone; 0 never gives up.
	GiveUpAfter time.Duration
	Telemetry   *metadata.TelemetryBuilder
	Logger      *zap.Logger
	// Host is Target's, as log lines name it.
	Host string
	// Report is told what keeps updates from being sent, and nil when nothing does any more.
	Report func(error)
}

// Sender sends what waits in an outbox. It is safe for concurrent use.
type Sender struct {
	set      Settings
	outcomes *outcomes
	primary  *way
	overflow *way // nil where there is none
	spilling spilling
	share    *share
	troubles *troubles
	turns    *turns
	busy     busy
	said     said
	batches  chan *profile.Batch // that may be used again
	// uploader holds nil where there are no uploads.
	uploader atomic.Pointer[uploader]

	run *running
}

// New returns a Sender that sends nothing before Start. The error is that of its telemetry.
func New(set Settings) (*Sender, error) {
	s := &Sender{
		set: set, share: newShare(set.Concurrency), turns: newTurns(set.Concurrency), run: newRunning(),
		troubles: newTroubles(set.Report), batches: make(chan *profile.Batch, keptBatches),
	}
	clock := &goodTime{}
	s.primary, s.overflow = s.newPrimary(clock), s.newOverflow(clock)
	s.outcomes = newOutcomes(set.Telemetry, set.ID, s.routes()...)
	if err := s.observe(); err != nil {
		return nil, err
	}
	return s, nil
}

// Start begins to send what is due.
func (s *Sender) Start() {
	for range s.set.Concurrency {
		s.run.workers.Go(func() { s.work(s.run.stopping) })
	}
	if u := s.uploader.Load(); u != nil {
		u.start()
	}
}

// Stop ends all waiting, now and from now on, and returns when the calls under way have come
// to their end.
func (s *Sender) Stop() {
	s.run.stop()
	s.run.workers.Wait()
}

// Hasten sends on without waiting for windows, until ctx ends and stops it. release lets go of
// ctx.
func (s *Sender) Hasten(ctx context.Context) (release func() bool) {
	s.set.Outbox.Hasten(time.Now())
	for _, w := range s.ways() {
		for _, r := range w.refusals.close() {
			s.set.Outbox.Retry(r.entry, time.Now())
		}
		w.health.probeNow()
	}
	s.turns.signal()
	if u := s.uploader.Load(); u != nil {
		u.hasten()
	}
	return context.AfterFunc(ctx, s.run.stop)
}

// Drain returns when nothing waits any more, or when the sender was stopped. What is left then
// is lost: it is counted and said.
func (s *Sender) Drain() {
	for s.run.stopping.Err() == nil && s.set.Outbox.Held().Visitors > 0 {
		select {
		case <-s.set.Outbox.Room():
		case <-s.run.stopping.Done():
		}
	}
	s.Stop()
	s.lose(s.set.Outbox.Held().Records, reasonShutdown)
}

// lose counts and says records that are held and that nothing keeps.
func (s *Sender) lose(records int, reason string) {
	if records > 0 {
		s.outcomes.records(rejected, reason, records)
		s.sayRecords(s.set.Logger.Error, "Log records dropped: not sent, and no persistent queue to keep them", reason, records)
	}
}

// RejectLarge counts and says the records of a request that the queue can never take, and that
// its caller is told not to send again as it is.
func (s *Sender) RejectLarge(records int) {
	s.outcomes.received(records)
	s.ended(rejected, reasonLargerThanQueue, records)
}

// Received counts records that were taken.
func (s *Sender) Received(records int) { s.outcomes.received(records) }

// Recovered counts records that an earlier run has left.
func (s *Sender) Recovered(records int) { s.outcomes.recovered(records) }
