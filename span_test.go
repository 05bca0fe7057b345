// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	markedID    = "MARKED-ID"
	markedValue = "MARKED-VALUE"
)

func TestACallIsASpanBelowThatOfItsBatchAndHoldsNothingOfWhatItCarries(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(*http.Request) (int, error)
		want   []attribute.KeyValue
		status string
	}{
		"delivered": {
			taken,
			[]attribute.KeyValue{attribute.String("outcome", "delivered"), attribute.Int("http.response.status_code", 200)},
			"",
		},
		"rejected": {
			func(*http.Request) (int, error) { return http.StatusBadRequest, nil },
			[]attribute.KeyValue{
				attribute.String("outcome", "rejected"), attribute.Int("http.response.status_code", 400), attribute.String("error.type", "status_400"),
			},
			"status_400",
		},
		"not now": {
			down,
			[]attribute.KeyValue{
				attribute.String("outcome", "not_now"), attribute.Int("http.response.status_code", 503), attribute.String("error.type", "status_503"),
			},
			"status_503",
		},
		"no answer, and an error that says too much": {
			func(req *http.Request) (int, error) { return 0, errors.New("no way to " + req.URL.String()) },
			[]attribute.KeyValue{attribute.String("outcome", "not_now"), attribute.String("error.type", "network")},
			"network",
		},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(name+", "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := startCounted(t, func(req *http.Request) (int, error) {
						assert.Empty(t, req.Header.Get("Traceparent"), "Target is told nothing of our traces")
						return tt.answer(req)
					}, func(cfg *Config) {
						cfg.API.Method = method
						cfg.RetryConfig.Enabled = false
					})
					_ = c.ConsumeLogs(t.Context(), oneRecord(markedID, "tier", markedValue))

					call := assertSpans(t, c.telemetry)
					assert.ElementsMatch(t, append(tt.want, attribute.String("http.request.method", method)), call.Attributes())
					assert.Equal(t, tt.status, call.Status().Description)
					assert.Equal(t, tt.status != "", call.Status().Code == codes.Error)
					require.NoError(t, c.Shutdown(t.Context()))
				})
			})
		}
	}
}

// assertSpans checks the spans of one batch with one call, and that none of them,
// the helper's included, holds the marked id or value or a URL. It returns the call's.
func assertSpans(t *testing.T, telemetry *componenttest.Telemetry) (call sdktrace.ReadOnlySpan) {
	t.Helper()
	var batch, parent trace.SpanID
	for _, s := range telemetry.SpanRecorder.Ended() {
		for _, secret := range []string{markedID, markedValue, "target.example", "profile", "mbox"} {
			assert.NotContains(t, fmt.Sprintf("%q %+v %+v %+v", s.Name(), s.Attributes(), s.Events(), s.Status()), secret)
		}
		switch s.Name() {
		case "adobe_target/batch":
			batch = s.SpanContext().SpanID()
			assert.Equal(t, trace.SpanKindInternal, s.SpanKind())
		case "adobe_target/call":
			require.Nil(t, call, "one call is one span")
			call, parent = s, s.Parent().SpanID()
			assert.Equal(t, trace.SpanKindClient, s.SpanKind())
			assert.Equal(t, "github.com/otelcol-adobetarget/adobetargetexporter", s.InstrumentationScope().Name)
		}
	}
	require.NotNil(t, call)
	assert.Equal(t, batch, parent)
	return call
}
