// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// spanOfBatch is the name of the span of an attempt to deliver a batch. The calls'
// spans are below it.
const spanOfBatch = "adobe_target/batch"

// tally counts the records of a batch whose update has come to its end.
type tally struct{ delivered, skipped, rejected atomic.Int64 }

func (t *tally) add(outcome string, records int) {
	switch outcome {
	case outcomeDelivered:
		t.delivered.Add(int64(records))
	case outcomeSkipped:
		t.skipped.Add(int64(records))
	case outcomeRejected:
		t.rejected.Add(int64(records))
	}
}

func (d *Delivery) startSpan(ctx context.Context) (context.Context, trace.Span) {
	return d.Tracer.Start(ctx, spanOfBatch)
}

// endSpan says in the span what became of the records of the batch, in numbers.
func (r *run) endSpan(span trace.Span, err error) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	skipped := int(r.tally.skipped.Load())
	for _, n := range r.skipped {
		skipped += n
	}
	held := count(r.held)
	if err != nil && held == 0 {
		held = len(r.held) // nothing was taken in hand
	}
	rejected := int(r.tally.rejected.Load())
	span.SetAttributes(
		r.counters.exporter,
		attribute.Int("adobe_target.batch.records", len(r.held)),
		attribute.Int("adobe_target.batch.visitors", r.batch.Len()),
		attribute.Int("adobe_target.batch.delivered", int(r.tally.delivered.Load())),
		attribute.Int("adobe_target.batch.skipped", skipped),
		attribute.Int("adobe_target.batch.rejected", rejected),
		attribute.Int("adobe_target.batch.held", held),
	)
	switch {
	case held > 0:
		span.SetAttributes(attribute.String("error.type", r.why().Reason))
		span.SetStatus(codes.Error, "log records are held")
	case rejected > 0:
		span.SetStatus(codes.Error, "log records were rejected")
	}
}
