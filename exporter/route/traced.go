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

// Traced makes the calls of a Single, each in a span of its own. A span holds what came of the
// call and nothing of what it carried: no URL, id or value.
type Traced struct {
	single *Single
	tracer trace.Tracer
	start  []trace.SpanStartOption // those of every span
}

// NewTraced returns a Traced for a Single.
func NewTraced(single *Single, tracer trace.Tracer) *Traced {
	return &Traced{single: single, tracer: tracer, start: []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", single.api.method)),
	}}
}

// Send makes one call and returns as Single.Send does.
func (t *Traced) Send(
	ctx context.Context, v profile.Visitor, parameters []profile.Parameter,
) (carried int, answer Answer) {
	form, carried := t.single.api.compose(v, parameters)
	if carried == 0 {
		return 0, Answer{}
	}
	ctx, span := t.tracer.Start(ctx, spanOfCall, t.start...)
	defer span.End()
	answer = t.single.call(ctx, form)
	if !span.IsRecording() {
		return carried, answer
	}
	span.SetAttributes(attribute.String("outcome", answer.Verdict.String()))
	if answer.StatusCode != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	}
	if answer.Verdict != Delivered {
		span.SetAttributes(attribute.String("error.type", answer.ErrorType()))
		span.SetStatus(codes.Error, answer.ErrorType())
	}
	return carried, answer
}
