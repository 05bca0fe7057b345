// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
)

// redelivery tries deferred records again when they are due, beside the batches of
// the queue.
type redelivery struct {
	more    chan struct{} // tells that records were deferred
	closing chan struct{}
	done    sync.WaitGroup
	// unproven counts the visitors that were deferred since anybody got through.
	unproven atomic.Int64
	// saidDeferred is when it was said last that visitors are deferred.
	saidDeferred atomic.Pointer[time.Time]
	// saidStorage tells that the storage has failed, until it works again.
	saidStorage atomic.Bool
}

func (d *Delivery) startRedelivery() {
	d.more = make(chan struct{}, 1)
	d.closing = make(chan struct{})
	d.done.Go(d.redeliverWhenDue)
}

// endRedelivery waits for the calls under way.
func (d *Delivery) endRedelivery() {
	close(d.closing)
	d.done.Wait()
}

// deferredMore lets a visitor that was deferred just now be reckoned with.
func (d *Delivery) deferredMore() {
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *Delivery) redeliverWhenDue() {
	pause := backoff.ExponentialBackOff{
		InitialInterval: d.Retry.InitialInterval, RandomizationFactor: d.Retry.RandomizationFactor,
		Multiplier: d.Retry.Multiplier, MaxInterval: d.Retry.MaxInterval,
	}
	var notBefore time.Time
	for {
		var due <-chan time.Time
		if at, some := d.Deferred.Next(); some {
			due = time.After(time.Until(later(at, notBefore)))
		}
		select {
		case <-d.closing:
			return
		case <-d.stopping.Done():
			return
		case <-d.more:
			continue
		case <-due:
		}
		through := d.attempts.through.Load()
		if d.redeliver(context.Background(), false) || d.attempts.through.Load() > through {
			pause.Reset()
			notBefore = time.Time{}
			continue
		}
		// Nobody gets through, so the visitors do not take turns in finding that out.
		notBefore = time.Now().Add(pause.NextBackOff())
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// redeliver tries the deferred records that are due, or all of them, and tells whether
// any call got through.
func (d *Delivery) redeliver(ctx context.Context, all bool) bool {
	if d.stopping.Err() != nil {
		return false
	}
	taken := d.Deferred.Take(time.Now(), all)
	if len(taken) == 0 {
		return false
	}
	ld, records := plog.NewLogs(), 0
	for _, t := range taken {
		t.Data.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
		records += t.Records
	}
	batch := d.batch(records)
	defer d.release(batch)
	r := newRun(d, batch, records)
	r.again, r.begin = true, 0
	r.writtenDown = allAgain(taken)
	ctx, span := d.startSpan(ctx)
	defer func() { r.endSpan(span, nil) }()
	if err := r.takeAgain(ctx, ld); err != nil {
		d.sayStorage(err)
		r.holdAll()
	} else {
		r.countSkipped(ctx)
		r.deliver(ctx)
	}
	d.settleDeferred(ctx, ld, taken, r)
	return r.alive.Load()
}

func allAgain(taken []*deferred.Taken) bool {
	for _, t := range taken {
		if !t.Again {
			return false
		}
	}
	return true
}

// takeAgain is take for deferred records.
func (r *run) takeAgain(ctx context.Context, ld plog.Logs) error {
	if r.Watch == nil {
		r.mapRecords(ctx, ld, r.add)
		return nil
	}
	r.numbers = arrival.Take(ld)
	return r.takeInOrder(ctx, ld)
}

func (r *run) holdAll() {
	for record := range r.held {
		r.held[record] = true
	}
}

// settleDeferred gives the deferred records their outcome, and keeps those that are
// held.
func (d *Delivery) settleDeferred(ctx context.Context, ld plog.Logs, taken []*deferred.Taken, r *run) {
	if r.alive.Load() {
		d.unproven.Store(0)
	}
	r.giveUp(ctx)
	r.giveUpOld(ctx, taken)
	r.sayRejected()
	r.countEnded(ctx)
	r.putBack(ld)
	failed := r.failedRecords()
	settled := make([]deferred.Settled, len(taken))
	partOf := make([]int, 0, len(r.held))
	for i, t := range taken {
		settled[i].Taken = t
		settled[i].Tried = t.Records == 0 // only the storage has to let go of it
		for range t.Records {
			record := len(partOf)
			settled[i].Tried = settled[i].Tried || !r.held[record] || failed[record]
			if r.held[record] {
				partOf = append(partOf, i)
			} else {
				partOf = append(partOf, nowhere)
			}
		}
	}
	for i, left := range cut(ld, partOf, len(taken)) {
		settled[i].Left = left
	}
	d.sayStorage(d.Deferred.Settle(ctx, time.Now(), settled))
}

// failedRecords marks the records of the visitors that were tried and are held.
func (r *run) failedRecords() []bool {
	marked := make([]bool, len(r.held))
	for _, i := range r.failed {
		for record := range r.batch.Records(i) {
			marked[record] = true
		}
	}
	return marked
}

// giveUpOld rejects what the settings for retries no longer allow to be kept.
func (r *run) giveUpOld(ctx context.Context, taken []*deferred.Taken) {
	if r.Retry.MaxElapsedTime <= 0 {
		return
	}
	record, old := 0, 0
	for _, t := range taken {
		for range t.Records {
			if r.held[record] && time.Since(t.Since) >= r.Retry.MaxElapsedTime {
				r.held[record] = false
				old++
			}
			record++
		}
	}
	if old > 0 {
		r.counters.records(ctx, outcomeRejected, reasonRetriesEnded, old)
		r.rejected[reasonRetriesEnded] += old
	}
}

// sayStorage says that the deferred records can not be written, once until they can.
func (d *Delivery) sayStorage(err error) {
	switch {
	case err == nil:
		d.saidStorage.Store(false)
	case !d.saidStorage.Swap(true):
		d.Logger.Error("What became of deferred log records can not be written down; they are kept and tried again", zap.Error(err))
	}
}
