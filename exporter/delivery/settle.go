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
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/target"
)

// settle says what was rejected and returns what is held.
func (d *Delivery) settle(ctx context.Context, ld plog.Logs, r *run) error {
	if len(r.rejected) > 0 {
		d.Logger.Warn("Target rejected log records, they will not be sent again", zap.Any("records_by_reason", r.rejected))
	}
	r.countEnded(ctx)
	held := 0
	for _, is := range r.held {
		if is {
			held++
		}
	}
	if held == 0 {
		return nil
	}
	if r.reason.Verdict == target.SetupFault && !r.alive.Load() {
		d.health.fault(r.reason)
	}
	err := heldError(held, len(r.held), r.why())
	rest := ld
	if held < len(r.held) {
		rest = subset(ld, r.held)
		err = consumererror.NewLogs(err, rest)
	}
	d.hold(ctx, rest, held, true)
	if r.reason.RetryAfter > 0 {
		err = exporterhelper.NewThrottleRetry(err, r.reason.RetryAfter)
	}
	return err
}

// heldError says how many records of a batch are held, and for what answer.
func heldError(held, records int, why target.Answer) error {
	return status.Error(code(why), fmt.Sprintf("%d of %d log records are held: %s", held, records, explain(why)))
}

// hold notes what goes back to be sent again, or that it is lost when nobody will.
func (d *Delivery) hold(ctx context.Context, data plog.Logs, records int, writtenDown bool) {
	if reason := d.lastChance.Load(); reason != nil {
		d.lose(ctx, records, *reason)
		return
	}
	d.held.keep(data, records, writtenDown)
}

// countEnded counts what is to be said of the records that have come to their end.
func (r *run) countEnded(ctx context.Context) {
	var dropped mapping.Drops
	for _, d := range r.dropped {
		if !r.held[d.record] {
			dropped.Add(&d.dropped)
		}
	}
	r.counters.droppedParameters(ctx, &dropped)
	if r.watched == nil {
		return
	}
	superseded, recovered := 0, 0
	for _, s := range r.superseded {
		if !r.held[s.record] {
			superseded += s.parameters
		}
	}
	for record, number := range r.watched.numbers {
		if !r.held[record] && r.Watch.Recovered(number) {
			recovered++
		}
	}
	r.counters.dropped(ctx, reasonSuperseded, superseded)
	r.counters.recovered(ctx, recovered)
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
func (r *run) why() target.Answer {
	if r.reason.Reason == "" {
		return target.Answer{Verdict: target.NotNow, Reason: target.ReasonCanceled}
	}
	return r.reason
}

// explain says for what records are held, in words that hold nothing of them.
func explain(a target.Answer) string {
	switch {
	case a.Reason == target.ReasonCanceled:
		return "the exporter or the caller stopped before they could be sent"
	case a.Reason == reasonQuotaStorage:
		return "the quota account can not be written"
	case a.StatusCode != 0:
		return fmt.Sprintf("Target answered with the status %d", a.StatusCode)
	default:
		return "no answer from Target, " + a.Reason
	}
}

// code returns the gRPC code of the error for what is held. Receivers pass it on to
// their clients, who send again what is Unavailable and drop what is forbidden or
// not found; a token that has expired is not their data's fault.
func code(a target.Answer) codes.Code {
	if a.Reason == target.ReasonCanceled {
		return codes.Canceled
	}
	return codes.Unavailable
}

// subset returns a copy of the chosen records of ld, in their order, each in its
// resource and scope.
func subset(ld plog.Logs, chosen []bool) plog.Logs {
	out := plog.NewLogs()
	n := 0
	for _, resource := range ld.ResourceLogs().All() {
		var outResource plog.ResourceLogs
		newResource := true
		for _, scope := range resource.ScopeLogs().All() {
			of := chosen[n : n+scope.LogRecords().Len()]
			n += len(of)
			if !slices.Contains(of, true) {
				continue
			}
			if newResource {
				newResource = false
				outResource = out.ResourceLogs().AppendEmpty()
				resource.Resource().CopyTo(outResource.Resource())
				outResource.SetSchemaUrl(resource.SchemaUrl())
			}
			outScope := outResource.ScopeLogs().AppendEmpty()
			scope.Scope().CopyTo(outScope.Scope())
			outScope.SetSchemaUrl(scope.SchemaUrl())
			for i, is := range of {
				if is {
					scope.LogRecords().At(i).CopyTo(outScope.LogRecords().AppendEmpty())
				}
			}
		}
	}
	return out
}
