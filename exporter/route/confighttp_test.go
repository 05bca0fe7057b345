// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"errors"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// authenticator is an auth extension.
type authenticator struct {
	component.StartFunc
	component.ShutdownFunc
	wrap func(base http.RoundTripper) http.RoundTripper
}

func (a *authenticator) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return a.wrap(base), nil
}

// bearer is the auth extension that sends the token.
func bearer(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+secretToken)
		return base.RoundTrip(r)
	})
}

// host is a Collector with extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// configured returns the client of a configuration for that way of a call.
func configured(
	t *testing.T, way Config, cfg confighttp.ClientConfig, wrap func(http.RoundTripper) http.RoundTripper,
) (*http.Client, *observer.ObservedLogs) {
	t.Helper()
	id := component.MustNewID("bearer")
	cfg.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	core, logs := observer.New(zap.DebugLevel)
	set := componenttest.NewNopTelemetrySettings()
	set.Logger = zap.New(core)
	api, err := NewSingle(way, "http://acme.invalid", "acme")
	require.NoError(t, err)
	client, closeIdle, err := NewHTTPClient(t.Context(), cfg, api, 16, host{id: &authenticator{wrap: wrap}}, set)
	require.NoError(t, err)
	t.Cleanup(closeIdle)
	return client, logs
}

func TestHeadersAndAuthGoAlong(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			server := newWireServer(t, answering(okAnswer))
			cfg := confighttp.NewDefaultClientConfig()
			cfg.Headers = configopaque.MapList{{Name: "X-Team", Value: "stores"}, {Name: "Host", Value: "acme.invalid"}}
			c, logs := configured(t, way, cfg, bearer)
			answer := send(t.Context(), t, newSingle(t, way, server.url(), c))
			assert.Equal(t, Answer{Verdict: Delivered, StatusCode: 200}, answer)

			require.Len(t, server.seen(), 1)
			head, _, _ := strings.Cut(server.seen()[0], "\r\n\r\n")
			lines := strings.Split(head, "\r\n")
			assert.Contains(t, lines, "X-Team: stores")
			assert.Contains(t, lines, "Authorization: Bearer "+secretToken)
			assert.Contains(t, lines, "User-Agent: "+userAgent)
			assert.Contains(t, lines, "Host: acme.invalid")
			assert.Empty(t, logs.All())
		})
	}
}

func TestWrappedCallIsNotRepeatedEither(t *testing.T) {
	for way, cfg := range ways {
		for ending, end := range endings {
			t.Run(way+", the server "+ending, func(t *testing.T) {
				server := leavesSecondUnanswered(t, end)
				clientConfig := confighttp.NewDefaultClientConfig()
				clientConfig.Headers = configopaque.MapList{{Name: "X-Team", Value: "stores"}}
				c, _ := configured(t, cfg, clientConfig, bearer)
				client := newSingle(t, cfg, server.url(), c)
				require.Equal(t, Delivered, send(t.Context(), t, client).Verdict)
				assert.Equal(t, NotNow, send(t.Context(), t, client).Verdict)
				assert.Len(t, server.seen(), 2)
			})
		}
	}
}

// TestNothingSaysASecret makes calls fail in ways whose errors hold secrets, and
// looks through all that can be read of them.
func TestNothingSaysASecret(t *testing.T) {
	var standard bytes.Buffer
	before := log.Writer()
	log.SetOutput(&standard)
	t.Cleanup(func() { log.SetOutput(before) })

	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "who is "+secretToken, http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	failing := func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("no token for " + r.URL.String() + ", the last was " + secretToken)
		})
	}
	tests := map[string]struct {
		endpoint string
		proxy    string
		wrap     func(http.RoundTripper) http.RoundTripper
		want     Answer
	}{
		"the auth extension has no token": {
			endpoint: "http://acme.invalid", wrap: failing, want: Answer{Verdict: NotNow, Reason: ReasonNetwork},
		},
		"the proxy wants another password": {
			endpoint: "http://acme.invalid", proxy: proxy.URL, wrap: bearer, want: Answer{Verdict: SetupFault, StatusCode: 407, Reason: "status_407"},
		},
		"the proxy wants another password for its tunnel": {
			endpoint: "https://acme.invalid", proxy: proxy.URL, wrap: bearer, want: Answer{Verdict: SetupFault, Reason: ReasonProxy, Detail: "the proxy, see proxy_url, answers CONNECT with 407"},
		},
		"the proxy is not there": {
			endpoint: "http://acme.invalid", proxy: "http://127.0.0.1:1", wrap: bearer, want: Answer{Verdict: NotNow, Reason: ReasonConnectionRefused, Detail: "on the way to the proxy, see proxy_url"},
		},
	}
	for name, tt := range tests {
		for way, cfg := range ways {
			t.Run(name+", "+way, func(t *testing.T) {
				clientConfig := confighttp.NewDefaultClientConfig()
				clientConfig.Headers = configopaque.MapList{{Name: "X-Key", Value: secretToken}}
				if tt.proxy != "" {
					u, err := url.Parse(tt.proxy)
					require.NoError(t, err)
					u.User = url.UserPassword("proxy-user", secretToken)
					clientConfig.ProxyURL = u.String()
				}
				c, logs := configured(t, cfg, clientConfig, tt.wrap)
				answer := send(t.Context(), t, newSingle(t, cfg, tt.endpoint, c))
				assert.Equal(t, tt.want, answer)
				assertNoSecret(t, answer)
				assert.Empty(t, logs.All())
			})
		}
	}
	assert.Empty(t, standard.String())
}
