// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/otel/trace/noop"
)

func TestHTTPClient_OnlyAPostWithAQueryIsKeptOffHTTP2(t *testing.T) {
	for way, cfg := range ways {
		t.Run(way, func(t *testing.T) {
			got := make(chan *http.Request, 1)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got <- r
				_, _ = w.Write(usualAnswer)
			}))
			server.EnableHTTP2 = true
			server.StartTLS()
			t.Cleanup(server.Close)
			clientConfig := confighttp.NewDefaultClientConfig()
			clientConfig.TLS.InsecureSkipVerify = true
			clientConfig.HTTP2ReadIdleTimeout = time.Second // brings HTTP/2 back on its own
			c, _ := configured(t, cfg, clientConfig, bearer)

			require.Equal(t, Delivered, send(t.Context(), t, newSingle(t, cfg, server.URL, c)).Verdict)
			req := <-got
			if way != "POST with a query" {
				assert.Equal(t, 2, req.ProtoMajor)
				return
			}
			assert.Equal(t, 1, req.ProtoMajor)
			assert.Equal(t, "0", req.Header.Get("Content-Length"))
			assert.Empty(t, req.TransferEncoding)
			assert.Equal(t, form, req.URL.RawQuery)
		})
	}
}

// Headers and auth wrap the transport, and net/http closes idle connections of what it
// knows only.
func TestHTTPClient_ClosesIdleConnectionsBehindItsWrappers(t *testing.T) {
	server, conns := startCounting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(usualAnswer) })
	cfg := confighttp.NewDefaultClientConfig()
	cfg.Headers = configopaque.MapList{{Name: "X-Team", Value: "stores"}}
	id := component.MustNewID("bearer")
	cfg.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	api, err := NewSingle(postBody, server.URL, "acme")
	require.NoError(t, err)
	c, closeIdle, err := NewHTTPClient(
		t.Context(), cfg, api, 1, host{id: &authenticator{wrap: bearer}}, componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	require.Equal(t, Delivered, send(t.Context(), t, NewTraced(NewCaller(api, c, userAgent, time.Minute), noop.Tracer{})).Verdict)
	require.Empty(t, conns.closed)
	closeIdle()
	select {
	case <-conns.closed:
	case <-time.After(10 * time.Second): // before confighttp's own idle timeout
		assert.Fail(t, "the connection stays open")
	}
}

func TestHTTPClient_HasAsManyConnectionsAsThereMayBeCalls(t *testing.T) {
	for name, tt := range map[string]struct{ configured, want int64 }{"by default": {0, 3}, "as configured": {2, 2}} {
		t.Run(name, func(t *testing.T) {
			var now, most atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(20 * time.Millisecond)
				now.Add(-1)
				_, _ = w.Write(usualAnswer)
			}))
			t.Cleanup(server.Close)
			cfg := confighttp.NewDefaultClientConfig()
			cfg.MaxConnsPerHost = int(tt.configured)
			api, err := NewSingle(postBody, server.URL, "acme")
			require.NoError(t, err)
			// A host without extensions, as a Collector may be.
			c, closeIdle, err := NewHTTPClient(t.Context(), cfg, api, 3, host(nil), componenttest.NewNopTelemetrySettings())
			require.NoError(t, err)
			t.Cleanup(closeIdle)
			single := NewTraced(NewCaller(api, c, userAgent, time.Minute), noop.Tracer{})
			var running sync.WaitGroup
			for range 10 {
				running.Go(func() { send(t.Context(), t, single) })
			}
			running.Wait()
			assert.LessOrEqual(t, most.Load(), tt.want)
		})
	}
}

func TestHTTPClient_TracesNothing(t *testing.T) {
	server := newWireServer(t, answering(okAnswer))
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	api, err := NewSingle(get, server.url(), "acme")
	require.NoError(t, err)
	c, closeIdle, err := NewHTTPClient(
		t.Context(), confighttp.NewDefaultClientConfig(), api, 1, host(nil), telemetry.NewTelemetrySettings())
	require.NoError(t, err)
	t.Cleanup(closeIdle)
	require.Equal(t, Delivered, send(t.Context(), t, NewTraced(NewCaller(api, c, userAgent, time.Minute), noop.Tracer{})).Verdict)
	assert.Empty(t, telemetry.SpanRecorder.Ended())
	assert.NotContains(t, server.seen()[0], "Traceparent")
}
