// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// spanOfCall is the name of a call's span.
const spanOfCall = "adobe_target/call"

// Traced makes the calls of a Client, each with a span of its own when the batch it
// belongs to is traced. A span holds what came of the call and nothing of what it
// carried: no URL, id or value.
type Traced struct {
	client *Client
	tracer trace.Tracer
}

// NewTraced returns a Traced for a Client.
func NewTraced(client *Client, tracer trace.Tracer) *Traced {
	return &Traced{client: client, tracer: tracer}
}

// Send makes one call with the form and returns what came of it. The form must
// not be changed afterwards.
func (t *Traced) Send(ctx context.Context, form []byte) Answer {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return t.client.Send(ctx, form)
	}
	ctx, span := t.tracer.Start(ctx, spanOfCall, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", t.client.api.method)))
	defer span.End()
	answer := t.client.Send(ctx, form)
	span.SetAttributes(attribute.String("outcome", answer.Verdict.String()))
	if answer.StatusCode != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	}
	if answer.Verdict != Delivered {
		span.SetAttributes(attribute.String("error.type", answer.Reason))
		span.SetStatus(codes.Error, answer.Reason)
	}
	return answer
}
