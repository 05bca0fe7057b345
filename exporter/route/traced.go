// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// spanOfCall is the name of a call's span.
const spanOfCall = "adobe_target/call"

// Traced makes the calls of a Single, each with a span of its own when what it belongs to
// is traced. A span holds what came of the call and nothing of what it
// carried: no URL, id or value.
type Traced struct {
	single *Single
	tracer trace.Tracer
}

// NewTraced returns a Traced for a Single.
func NewTraced(single *Single, tracer trace.Tracer) *Traced {
	return &Traced{single: single, tracer: tracer}
}

// Send makes one call and returns as Single.Send does.
func (t *Traced) Send(
	ctx context.Context, v profile.Visitor, parameters []profile.Parameter,
) (carried int, answer Answer) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return t.single.Send(ctx, v, parameters)
	}
	form, carried := t.single.api.compose(v, parameters)
	if carried == 0 {
		return 0, Answer{}
	}
	ctx, span := t.tracer.Start(ctx, spanOfCall, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", t.single.api.method)))
	defer span.End()
	answer = t.single.call(ctx, form)
	span.SetAttributes(attribute.String("outcome", answer.Verdict.String()))
	if answer.StatusCode != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	}
	if answer.Verdict != Delivered {
		span.SetAttributes(attribute.String("error.type", answer.Reason))
		span.SetStatus(codes.Error, answer.Reason)
	}
	return carried, answer
}
