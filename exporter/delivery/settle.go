// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// settle gives the records of visitors that failed their outcome, says what was
// rejected, and returns what is held.
func (d *Delivery) settle(ctx context.Context, ld plog.Logs, r *run) error {
	if r.alive.Load() {
		d.unproven.Store(0)
	} else if r.reason.Verdict == route.SetupFault {
		d.health.fault(r.reason)
	}
	r.giveUp(ctx)
	r.sayRejected()
	back := d.setAside(ctx, ld, r)
	r.countEnded(ctx)
	held := count(back)
	if held == 0 {
		return nil
	}
	r.putBack(ld)
	err := heldError(held, len(back), r.why())
	rest := ld
	if held < len(back) {
		rest = subset(ld, back)
	}
	if held < len(back) || d.Consumers == 0 {
		// Without a queue the last error alone tells the caller what is held.
		err = consumererror.NewLogs(err, rest)
	}
	d.hold(ctx, rest, held, writtenDown{merging: true, sending: r.aside == nil})
	if r.reason.RetryAfter > 0 {
		err = exporterhelper.NewThrottleRetry(err, r.reason.RetryAfter)
	}
	return err
}

func count(marked []bool) (n int) {
	for _, is := range marked {
		if is {
			n++
		}
	}
	return n
}

// giveUp rejects the updates that have failed as often as they may.
func (r *run) giveUp(ctx context.Context) {
	r.failed = slices.DeleteFunc(r.failed, func(i int) bool {
		v := r.batch.Visitor(i)
		if !r.attempts.fail(v) {
			return false
		}
		for record := range r.batch.Records(i) {
			r.held[record] = false
		}
		r.attempts.forget(v)
		r.finish(ctx, i, outcomeRejected, reasonAttemptsExhausted)
		return true
	})
}

func (r *run) sayRejected() {
	if len(r.rejected) > 0 {
		r.Logger.Warn("Log records are rejected, they will not be sent again", zap.Any("records_by_reason", r.rejected))
	}
}

// heldError says how many records of a batch are held, and for what answer.
func heldError(held, records int, why route.Answer) error {
	return status.Error(code(why), fmt.Sprintf("%d of %d log records are held: %s", held, records, explain(why)))
}

// hold notes what goes back to be sent again, or that it is lost when nobody will.
func (d *Delivery) hold(ctx context.Context, data plog.Logs, records int, order writtenDown) {
	if d.draining.Load() {
		return // Consume tries it again itself
	}
	if reason := d.lastChance.Load(); reason != nil {
		d.lose(ctx, records, *reason)
		return
	}
	d.held.keep(data, records, order)
}

// countEnded counts what is to be said of the records that have come to their end.
func (r *run) countEnded(ctx context.Context) {
	var dropped mapping.Drops
	for _, d := range r.dropped {
		if r.ended(d.record) {
			dropped.Add(&d.dropped)
		}
	}
	r.counters.droppedParameters(ctx, &dropped)
	if r.watched == nil {
		return
	}
	superseded, recovered := 0, 0
	for _, s := range r.superseded {
		if r.ended(s.record) {
			superseded += s.parameters
		}
	}
	for record, number := range r.watched.numbers {
		if r.ended(record) && r.Watch.Recovered(number) {
			recovered++
		}
	}
	r.counters.dropped(ctx, reasonSuperseded, superseded)
	r.counters.recovered(ctx, recovered)
}

// ended tells whether nothing comes of a record any more but its outcome.
func (r *run) ended(record int) bool {
	return !r.held[record] || (record < len(r.redundant) && r.redundant[record])
}

// lose counts and says records that are held and that nobody will send again.
func (d *Delivery) lose(ctx context.Context, records int, reason string) {
	if records == 0 {
		return
	}
	d.counters.records(ctx, outcomeRejected, reason, records)
	d.Logger.Error("Log records are lost: they could not be sent, and nothing keeps them",
		zap.Int("records", records), zap.String("reason", reason))
}

// why returns the answer for which records are held.
func (r *run) why() route.Answer {
	if r.reason.Reason == "" {
		return route.Answer{Verdict: route.NotNow, Reason: route.ReasonCanceled}
	}
	return r.reason
}

// explain says for what records are held, in words that hold nothing of them.
func explain(a route.Answer) string {
	switch {
	case a.Reason == route.ReasonCanceled:
		return "the exporter or the caller stopped before they could be sent"
	case a.Reason == reasonQuotaStorage:
		return "the quota account can not be written"
	case a.Reason == reasonDeferredFull:
		return "as many log records as can be are deferred already, until their visitors' updates get through"
	case a.StatusCode != 0:
		return fmt.Sprintf("Target answered with the status %d", a.StatusCode)
	default:
		return "no answer from Target, " + a.Reason
	}
}

// code returns the gRPC code of the error for what is held. Receivers pass it on to
// their clients, who send again what is Unavailable and drop what is forbidden or
// not found; a token that has expired is not their data's fault.
func code(a route.Answer) codes.Code {
	if a.Reason == route.ReasonCanceled {
		return codes.Canceled
	}
	return codes.Unavailable
}
