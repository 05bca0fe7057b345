// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// run is the delivery of one batch.
type run struct {
	*Delivery
	batch *profile.Batch
	next  atomic.Int64
	begin int
	breaker
	tally tally

	// again tells that these are records of deferred visitors.
	again bool
	// numbers are those of the batch's resources, nil when they are not numbered.
	numbers []arrival.Number
	// aside are the updates that wait because their visitors are deferred, nil when
	// there are none.
	aside *profile.Batch

	// held marks the records to be sent again. Workers write it without a lock: a
	// record is of one visitor, and a visitor of one worker.
	held []bool

	skipped     map[string]int // records by reason
	dropped     []recordDrops
	superseded  []recordCount
	watched     *watched // nil when all records are of this run
	writtenDown writtenDown

	// merged are further records by visitor, whose values records of the batch replace
	// and whose outcome is theirs.
	merged map[profile.Visitor]int
	// redundant marks records that were deferred without their values.
	redundant []bool

	mu       sync.Mutex
	rejected map[string]int // records by reason
	reason   route.Answer   // the first answer for which records are held
	failed   []int          // visitors, by position, that were tried and are held
	spared   []int          // those for which Target asked for fewer calls
	uncalled int            // visitors that are held and were not tried
}

// recordCount is a number of parameters of one record.
type recordCount struct{ record, parameters int }

func newRun(d *Delivery, batch *profile.Batch, records int) *run {
	return &run{
		Delivery: d, batch: batch, begin: int(d.start.Load()), held: make([]bool, records),
		skipped: make(map[string]int), rejected: make(map[string]int), breaker: breaker{limit: maxFailures},
	}
}

// deliver makes the calls of the batch, or as many of them as there is sense in.
// It returns when every record has its outcome.
func (r *run) deliver(ctx context.Context) {
	waiting, halt := context.WithCancel(ctx)
	defer halt()
	r.halt = halt
	if r.stopping.Err() != nil {
		halt() // AfterFunc would do it a moment later
	}
	defer context.AfterFunc(r.stopping, halt)() //nolint:contextcheck // the one context is to end with the other

	// After an outage, or a failure, one call at a time finds out whether it is over.
	switch {
	case r.again:
		r.work(ctx, waiting, func() bool { return !r.alive.Load() })
	case r.health.failing():
		r.work(ctx, waiting, r.health.failing)
	}
	var workers errgroup.Group
	for range min(r.Concurrency, r.batch.Len()-int(r.next.Load())) {
		workers.Go(func() error {
			r.work(ctx, waiting, nil)
			return nil
		})
	}
	_ = workers.Wait() // no worker returns an error: outcomes are kept by record
	called := min(int(r.next.Load()), r.batch.Len())
	for i := called; i < r.batch.Len(); i++ {
		r.hold(r.position(i))
		r.uncalled++
	}
	if called < r.batch.Len() && !r.again {
		r.start.Add(int64(called))
	}
}

// position returns the place in the batch of the ith visitor to be called. After a
// batch that was halted the next one is begun somewhere else, or a few visitors at
// its head who alone fail would keep it from the others for ever.
func (r *run) position(i int) int { return (i + r.begin) % r.batch.Len() }

// scratch is the memory that one worker uses for one visitor after another.
type scratch struct {
	parameters []profile.Parameter
}

// work delivers one visitor after another until none is left, the run is halted,
// or the condition for going on, if there is one, no longer holds.
func (r *run) work(ctx, waiting context.Context, goOn func() bool) {
	var s scratch
	for waiting.Err() == nil && (goOn == nil || goOn()) {
		i := int(r.next.Add(1)) - 1
		if i >= r.batch.Len() {
			return
		}
		r.visitor(ctx, waiting, r.position(i), &s)
	}
}

// visitor delivers the update of the visitor at position i, in as many calls as
// its size needs, and gives its records their outcome. They share one: if one of
// several calls has to be made again, all of them are, or a record that stays
// behind could bring an older value after a newer one.
func (r *run) visitor(ctx, waiting context.Context, i int, s *scratch) {
	outcome, reason := outcomeDelivered, ""
	var parameters []profile.Parameter
	parameters, s.parameters = r.batch.Parameters(i, s.parameters)
	for len(parameters) > 0 {
		if !profile.Fits(r.batch.Visitor(i), parameters[0].Name, parameters[0].Value, r.MaxForm) {
			// Mapping leaves out what fits no call, so this is for a mistake of ours only.
			outcome, reason = outcomeRejected, mapping.SkipTooLarge.String()
			parameters = parameters[1:]
			continue
		}
		n, answer := r.call(ctx, waiting, r.batch.Visitor(i), parameters)
		switch answer.Verdict {
		case route.Delivered:
			r.sent(r.batch.Visitor(i), parameters[:n])
		case route.Rejected:
			outcome, reason = outcomeRejected, answer.Reason
		case route.NotSent:
			outcome, reason = outcomeSkipped, reasonDryRun
		case route.SetupFault, route.NotNow:
			r.holdFor(i, answer)
			return
		}
		parameters = parameters[n:]
	}
	r.attempts.gotThrough(r.batch.Visitor(i), r.again)
	r.finish(ctx, i, outcome, reason)
}

// call makes one call as soon as the account lets it leave. Only waiting can keep
// it from being made; once made it comes to its end.
func (r *run) call(ctx, waiting context.Context, v profile.Visitor, parameters []profile.Parameter) (carried int, answer route.Answer) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-waiting.Done():
		return 0, r.kept(waiting.Err())
	}
	if err := r.Account.Wait(waiting, &r.waits); err != nil {
		return 0, r.kept(err)
	}
	if r.saidQuota.Load() {
		r.saidQuota.Store(false)
	}
	start := time.Now()
	carried, answer = r.Sender.Send(ctx, v, parameters)
	if answer.RetryAfter > 0 {
		r.Account.Pause(answer.RetryAfter)
	}
	took := time.Since(start)
	r.Account.Done(start.Add(took))
	if answer.Verdict != route.NotSent {
		r.counters.call(ctx, answer, took)
	}
	r.note(answer)
	if !r.again || !answer.Held() {
		r.health.note(answer) // that a deferred visitor fails again says nothing of the others
	}
	return carried, answer
}

// kept is the answer to a call that did not leave.
func (r *run) kept(err error) route.Answer {
	if !errors.Is(err, quota.ErrStorage) {
		return route.Answer{Verdict: route.NotNow, Reason: route.ReasonCanceled}
	}
	r.halt()
	if !r.saidQuota.Swap(true) {
		r.Logger.Error("The quota account can not be written, so no call may leave; said once until it can", zap.Error(err))
	}
	return route.Answer{Verdict: route.NotNow, Reason: reasonQuotaStorage}
}

// finish counts the records of a visitor whose update has come to its end.
func (r *run) finish(ctx context.Context, i int, outcome, reason string) {
	n := r.merged[r.batch.Visitor(i)]
	for range r.batch.Records(i) {
		n++
	}
	r.counters.records(ctx, outcome, reason, n)
	r.tally.add(outcome, n)
	r.counters.merged(ctx, n-1)
	if outcome == outcomeRejected {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rejected[reason] += n
	}
}

func (r *run) hold(i int) {
	for record := range r.batch.Records(i) {
		r.held[record] = true
	}
}

// holdFor holds the records of a visitor whose call ended with that answer, or was not
// made.
func (r *run) holdFor(i int, answer route.Answer) {
	r.hold(i)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case answer.Reason == route.ReasonCanceled, answer.Reason == reasonQuotaStorage:
		r.uncalled++
	case answer.Throttled():
		r.spared = append(r.spared, i)
	default:
		r.failed = append(r.failed, i)
	}
	if r.reason.Reason == "" || r.reason.Reason == route.ReasonCanceled {
		retryAfter := max(r.reason.RetryAfter, answer.RetryAfter)
		r.reason = answer
		r.reason.RetryAfter = retryAfter
		return
	}
	r.reason.RetryAfter = max(r.reason.RetryAfter, answer.RetryAfter)
}
