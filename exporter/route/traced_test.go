// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
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

func TestTraced_GivesEachCallASpanThatHoldsNothingOfWhatItCarries(t *testing.T) {
	refused := &http.Client{Transport: http.NewFileTransport(http.Dir(t.TempDir()))} // answers 404
	telemetry := componenttest.NewTelemetry()
	traced := NewTraced(newSingle(t, postBody, "http://target.example", refused).caller, metadata.Tracer(telemetry.NewTelemetrySettings()))
	want := Answer{Verdict: SetupFault, StatusCode: http.StatusNotFound, Reason: "status_404"}

	assert.Equal(t, want, send(t.Context(), t, traced))
	assert.Equal(t, want, send(t.Context(), t, traced))
	spans := telemetry.SpanRecorder.Ended()
	require.Len(t, spans, 2, "though nothing that they belong to is recorded")
	for _, span := range spans {
		assert.Equal(t, "adobe_target/call", span.Name())
		assert.Equal(t, trace.SpanKindClient, span.SpanKind())
		assert.False(t, span.Parent().IsValid())
		assert.Equal(t, codes.Error, span.Status().Code)
		assert.ElementsMatch(t, []attribute.KeyValue{
			attribute.String("http.request.method", "POST"), attribute.String("outcome", "setup_fault"),
			attribute.Int("http.response.status_code", 404), attribute.String("error.type", "404"),
		}, span.Attributes())
		for _, secret := range []string{secretID, secretValue, "target.example", "mbox", "profile."} {
			assert.NotContains(t, fmt.Sprintf("%+v %+v %+v", span.Attributes(), span.Events(), span.Status()), secret)
		}
	}
	require.NoError(t, telemetry.Shutdown(t.Context()))
}
