// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	markedID    = "MARKED-ID"
	markedValue = "MARKED-VALUE"
)

func TestSpan_OfACallIsARootAndHoldsNothingOfWhatItCarries(t *testing.T) {
	status := func(status int) func(call) (int, error) {
		return func(call) (int, error) { return status, nil }
	}
	for name, tt := range map[string]struct {
		answer func(call) (int, error)
		want   []attribute.KeyValue
	}{
		"delivered": {taken, []attribute.KeyValue{
			attribute.String("outcome", "delivered"), attribute.Int("http.response.status_code", 200),
		}},
		"rejected": {status(http.StatusBadRequest), []attribute.KeyValue{
			attribute.String("outcome", "rejected"), attribute.Int("http.response.status_code", 400), attribute.String("error.type", "400"),
		}},
		"not now": {down, []attribute.KeyValue{
			attribute.String("outcome", "not_now"), attribute.Int("http.response.status_code", 503), attribute.String("error.type", "503"),
		}},
		"no answer, and an error that says too much": {
			func(c call) (int, error) {
				return 0, errors.New("no way to " + c.URL.String() + " with " + c.form.Encode())
			},
			[]attribute.KeyValue{attribute.String("outcome", "not_now"), attribute.String("error.type", "network")},
		},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(name+", "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &wire{answer: tt.answer}
					r := begin(t, w, with(func(cfg *Config) {
						cfg.API.Method = method
						cfg.RetryConfig.Enabled = false
					}))
					r.consume(t, oneRecord(markedID, "tier", markedValue))
					time.Sleep(10 * time.Second)
					r.end(t)
					require.Len(t, w.made(), 1)
					assert.Empty(t, w.made()[0].Header.Get("Traceparent"), "Target is told nothing of our traces")

					call := callSpan(t, r)
					assert.ElementsMatch(t, append(tt.want, attribute.String("http.request.method", method)), call.Attributes())
					assert.Equal(t, name != "delivered", call.Status().Code == codes.Error)
				})
			})
		}
	}
}

// callSpan returns the one span of a call, and checks that no span, the helper's included, holds
// the marked id or value or a URL.
func callSpan(t *testing.T, r *run) (call sdktrace.ReadOnlySpan) {
	t.Helper()
	for _, s := range r.telemetry.SpanRecorder.Ended() {
		for _, secret := range []string{markedID, markedValue, "target.example", "profile", "mbox"} {
			assert.NotContains(t, fmt.Sprintf("%q %+v %+v %+v", s.Name(), s.Attributes(), s.Events(), s.Status()), secret)
		}
		if s.Name() == "adobe_target/call" {
			require.Nil(t, call, "one call is one span")
			call = s
		}
	}
	require.NotNil(t, call)
	assert.False(t, call.Parent().IsValid())
	assert.Equal(t, trace.SpanKindClient, call.SpanKind())
	assert.Equal(t, "github.com/otelcol-adobetarget/adobetargetexporter", call.InstrumentationScope().Name)
	return call
}
