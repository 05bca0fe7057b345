// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// countingTracer counts the spans that are begun.
type countingTracer struct {
	noop.Tracer
	begun int
}

func (c *countingTracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	c.begun++
	return c.Tracer.Start(ctx, name, options...)
}

// recordingSpan says that it is recorded.
type recordingSpan struct{ noop.Span }

func (recordingSpan) IsRecording() bool { return true }

func TestACallHasASpanOnlyWhereItsCallerIsRecorded(t *testing.T) {
	refused := &http.Client{Transport: http.NewFileTransport(http.Dir(t.TempDir()))} // answers 404
	tracer := &countingTracer{}
	traced := NewTraced(newSingle(t, postBody, "http://target.example", refused), tracer)
	recorded := trace.ContextWithSpan(t.Context(), recordingSpan{})
	want := Answer{Verdict: SetupFault, StatusCode: http.StatusNotFound, Reason: "status_404"}

	assert.Equal(t, want, send(t.Context(), t, traced))
	assert.Zero(t, tracer.begun)
	assert.Equal(t, want, send(recorded, t, traced))
	assert.Equal(t, 1, tracer.begun)
}
