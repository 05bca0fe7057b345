// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
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
	pauses := d.pauses()
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
			pauses.Reset()
			notBefore = time.Time{}
			continue
		}
		// Nobody gets through, so the visitors do not take turns in finding that out.
		notBefore = time.Now().Add(pauses.NextBackOff())
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
	merged := make(map[profile.Visitor]int, len(taken))
	for _, t := range taken {
		t.Data.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
		records += t.Records
		merged[t.Visitor] = t.Merged
	}
	batch := d.batch(records)
	defer d.release(batch)
	r := newRun(d, batch, records)
	r.again, r.begin, r.merged = true, 0, merged
	if r.health.failing() {
		r.limit = 1 // they take turns, and the queue finds out too
	}
	r.writtenDown.sending = allAgain(taken)
	ctx, span := d.startSpan(ctx)
	defer func() { r.endSpan(span, nil) }()
	if err := r.takeAgain(ctx, ld); err != nil {
		d.sayStorage(err)
		r.holdAll()
		r.merged = nil
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
	r.markRedundant()
	r.countEnded(ctx)
	r.putBack(ld)
	tried := r.triedRecords()
	settled := make([]deferred.Settled, len(taken))
	partOf := make([]int, 0, len(r.held))
	for i, t := range taken {
		s := deferred.Settled{Taken: t, LeftMerged: t.Merged, Tried: t.Records == 0} // then only the storage has to let go of it
		left := 0
		for range t.Records {
			record, part := len(partOf), nowhere
			s.Tried = s.Tried || !r.held[record] || tried[record]
			switch {
			case !r.held[record]:
			case r.redundant[record]:
				s.LeftMerged++
			default:
				part = i
				left++
			}
			partOf = append(partOf, part)
		}
		if left == 0 {
			d.endMerged(ctx, r, s)
			s.LeftMerged = 0
		}
		settled[i] = s
	}
	for i, left := range cut(ld, partOf, len(taken)) {
		settled[i].Left = left
	}
	d.sayStorage(d.Deferred.Settle(ctx, time.Now(), settled))
}

// endMerged counts the records that were merged into ones which gave no update any
// more, since newer values were sent.
func (d *Delivery) endMerged(ctx context.Context, r *run, s deferred.Settled) {
	if s.LeftMerged > 0 && !r.batch.Has(s.Visitor) {
		d.counters.records(ctx, outcomeSkipped, reasonSuperseded, s.LeftMerged)
	}
}

// markRedundant marks the records whose values later ones of their visitor replace.
// However long a visitor fails, no more is kept of it than what its update needs.
func (r *run) markRedundant() {
	r.redundant = make([]bool, len(r.held))
	for i := range r.batch.Len() {
		if !r.batch.Merged(i) || r.merged == nil {
			continue // or what could not be taken is what was tried
		}
		for record := range r.batch.Records(i) {
			r.redundant[record] = r.held[record]
		}
		for record := range r.batch.Contributors(i) {
			r.redundant[record] = false
		}
	}
}

// triedRecords marks the records of the visitors that were tried and are held.
func (r *run) triedRecords() []bool {
	marked := make([]bool, len(r.held))
	for _, i := range slices.Concat(r.failed, r.spared) {
		for record := range r.batch.Records(i) {
			marked[record] = true
		}
	}
	return marked
}

// giveUpOld rejects what the settings for retries no longer allow to be kept.
func (r *run) giveUpOld(ctx context.Context, taken []*deferred.Taken) {
	if r.Retry.MaxElapsedTime <= 0 || r.merged == nil {
		return // nothing is given up that could not be tried
	}
	record, old := 0, 0
	for _, t := range taken {
		merged := t.Merged
		for range t.Records {
			if r.held[record] && time.Since(t.Since) >= r.Retry.MaxElapsedTime {
				r.held[record] = false
				old += 1 + merged
				merged = 0
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
