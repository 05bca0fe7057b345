// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// Sender makes one call: a route.Traced, or a route.DryRun that shows it.
type Sender interface {
	Send(ctx context.Context, v profile.Visitor, parameters []profile.Parameter) (carried int, answer route.Answer)
}

// Settings are the parts of a Delivery.
type Settings struct {
	// ID is the exporter's, by which metrics tell it from others.
	ID      component.ID
	Mapper  *mapping.Mapper
	Sender  Sender
	Account *quota.Account
	// MaxForm is the most bytes of a call's form.
	MaxForm int
	// Concurrency is how many calls may be under way at once.
	Concurrency int
	// Consumers is how many batches the sending queue has in hand at once, 0 without
	// a queue.
	Consumers int
	// Watch keeps the order of what a restart brought out of order. It is nil without
	// a persistent queue.
	Watch *arrival.Watch
	// Deferred keeps the records of visitors that fail while others get through. It is
	// nil where nothing may be taken from the caller before it is sent: without a queue.
	Deferred *deferred.Store
	// Retry is when deferred records are tried again.
	Retry configretry.BackOffConfig
	// MaxAttempts is how often an update is tried that fails while others get through;
	// 0 never gives up.
	MaxAttempts int
	// Ready, unless it is nil, keeps a batch from being sent while it returns an error.
	Ready     func(context.Context) error
	Telemetry *metadata.TelemetryBuilder
	// Tracer makes a span for each attempt to deliver a batch.
	Tracer trace.Tracer
	Logger *zap.Logger
	// Report is told when the set-up turns out to be wrong, and with nil when it is
	// right again.
	Report func(error)
}

// Delivery delivers batches. It is safe for concurrent use.
type Delivery struct {
	Settings

	counters *counters
	health   health
	said     saidOnce
	batches  sync.Pool

	stopping context.Context
	stop     context.CancelFunc
	// lastChance is why nobody will send again what a batch leaves held, nil while
	// somebody will.
	lastChance atomic.Pointer[string]
	// draining tells that Drain was called.
	draining atomic.Bool
	held     heldBatches
	inHand   inHand
	waits    quota.Waits
	// start is where in a batch the next run begins.
	start atomic.Int64
	// slots are taken by the calls under way.
	slots    chan struct{}
	attempts attempts
	// saidQuota tells that the account could not be written, until it can.
	saidQuota atomic.Bool
	redelivery
}

// New returns a Delivery. The error is that of its telemetry.
func New(set Settings) (*Delivery, error) {
	d := &Delivery{
		Settings: set, held: heldBatches{consumers: set.Consumers}, counters: newCounters(set.Telemetry, set.ID),
		slots: make(chan struct{}, set.Concurrency),
	}
	d.health = health{report: set.Report, logger: set.Logger}
	d.attempts.limit = set.MaxAttempts
	d.stopping, d.stop = context.WithCancel(context.Background())
	d.inHand.consumers = set.Consumers
	if err := errors.Join(d.counters.observe(set.Account, set.Deferred), d.observeWaiting()); err != nil {
		return nil, err
	}
	if set.Deferred != nil {
		d.startRedelivery()
	}
	return d, nil
}

// Consume delivers a batch. It returns nil when no record is held. Otherwise the
// error carries the held records, unless that is all of them and a queue has them,
// and the delay that Target asked for, if any. It is never a permanent error: what can not be
// delivered at all is counted and said here.
func (d *Delivery) Consume(ctx context.Context, ld plog.Logs) (err error) {
	inHand := d.inHand.begin(ld)
	defer func() {
		held, isHeld := d.left(ld, err)
		d.inHand.end(inHand, held, isHeld)
	}()
	reason := reasonRetriesEnded
	if last := d.lastChance.Load(); last != nil {
		reason = *last
	} else if d.stopping.Err() != nil {
		return d.leave(ld)
	}
	gone, before := d.held.begin(ld)
	d.letGo(ctx, gone, reason)
	err = d.attempt(ctx, ld, before)
	if d.draining.Load() {
		return d.drain(ctx, ld, err)
	}
	return err
}

// attempt tries to deliver a batch once.
func (d *Delivery) attempt(ctx context.Context, ld plog.Logs, before writtenDown) (err error) {
	records := ld.LogRecordCount()
	batch := d.batch(records)
	defer d.release(batch)

	r := newRun(d, batch, records)
	r.writtenDown = before
	ctx, span := d.startSpan(ctx)
	defer func() { r.endSpan(span, err) }()
	if err := r.take(ctx, ld); err != nil {
		r.putBack(ld)
		d.hold(ctx, ld, records, r.writtenDown)
		return err
	}
	r.countSkipped(ctx)
	r.deliver(ctx)
	return d.settle(ctx, ld, r)
}

// leave gives a batch back that comes after the end to a queue that keeps it. It is
// not looked at: the batch before it may be kept too, with an order that was written
// down and that this one would replace.
func (d *Delivery) leave(ld plog.Logs) error {
	records := ld.LogRecordCount()
	err := heldError(records, records, route.Answer{Verdict: route.NotNow, Reason: route.ReasonCanceled})
	if d.Consumers == 0 {
		return consumererror.NewLogs(err, ld)
	}
	return err
}

// Stop ends all waiting, now and from now on. Calls under way come to their end;
// what had to wait is held.
func (d *Delivery) Stop() { d.stop() }

// LastChance says that from now on nobody sends again what a batch leaves held,
// and why. It is counted as rejected then.
func (d *Delivery) LastChance(reason string) { d.lastChance.Store(&reason) }

// Close ends the Delivery after its last batch. What is held in the end is lost when
// there was no other chance, and so is what is deferred in memory, after it was tried
// once more.
func (d *Delivery) Close(ctx context.Context) {
	if d.Deferred != nil {
		d.endRedelivery()
	}
	if reason := d.lastChance.Load(); reason != nil {
		d.letGo(ctx, d.held.end(), *reason)
		if d.Deferred != nil && !d.Deferred.Lasting() {
			d.drainDeferred(ctx, *reason)
		}
	}
	d.stop()
}

func (d *Delivery) batch(records int) *profile.Batch {
	if b, ok := d.batches.Get().(*profile.Batch); ok {
		return b
	}
	return profile.NewBatch(records)
}

func (d *Delivery) release(b *profile.Batch) {
	b.Reset()
	d.batches.Put(b)
}
