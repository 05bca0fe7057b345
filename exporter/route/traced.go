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

// Traced makes calls, each in a span of its own. A span holds what came of the call and nothing
// of what it carried: no URL, id or value.
type Traced struct {
	caller *Caller
	tracer trace.Tracer
	start  []trace.SpanStartOption // those of every span
}

// NewTraced returns a Traced that has a Caller make the calls.
func NewTraced(caller *Caller, tracer trace.Tracer) *Traced {
	return &Traced{caller: caller, tracer: tracer, start: []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}}
}

// Send makes one call for the visitor with as many of the leading parameters as fit.
// It returns how many the call carried and what came of it. Without a first parameter
// that fits Send makes no call and returns 0 and the zero Answer.
func (t *Traced) Send(
	ctx context.Context, v profile.Visitor, parameters []profile.Parameter,
) (carried int, answer Answer) {
	c, carried := t.caller.compose(v, parameters)
	if carried == 0 {
		return 0, Answer{}
	}
	ctx, span := t.tracer.Start(ctx, spanOfCall, t.start...)
	defer span.End()
	answer = t.caller.call(ctx, &c)
	describe(span, c.method, answer)
	return carried, answer
}

// describe says in the span of a call what came of it.
func describe(span trace.Span, method string, answer Answer) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("outcome", answer.Verdict.String()))
	if answer.StatusCode != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	}
	if answer.Verdict != Delivered {
		span.SetAttributes(attribute.String("error.type", answer.ErrorType()))
		span.SetStatus(codes.Error, answer.ErrorType())
	}
}
