// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

// protocol says over which protocol calls must not go. APIs say it, Bulk too.
type protocol interface{ needsHTTP1() bool }

// NewHTTPClient returns confighttp's client for calls of the API, and what closes its idle
// connections. Unless the configuration limits the connections, there are as many as
// there may be calls at once.
//
// The client has none of confighttp's tracing and metrics: they would write whole URLs
// into spans, and with method GET the ids along with them.
func NewHTTPClient(
	ctx context.Context, cfg confighttp.ClientConfig, api protocol, concurrency int,
	host component.Host, set component.TelemetrySettings,
) (client *http.Client, closeIdle func(), err error) {
	if cfg.MaxConnsPerHost == 0 {
		cfg.MaxConnsPerHost = concurrency
	}
	keeper := &transportKeeper{http1: api.needsHTTP1()}
	if keeper.http1 {
		// These would bring HTTP/2 back.
		cfg.ForceAttemptHTTP2 = false
		cfg.HTTP2ReadIdleTimeout = 0
		cfg.HTTP2PingTimeout = 0
	}
	innermost := configmiddleware.Config{ID: transportKeeperID}
	cfg.Middlewares = append(slices.Clip(cfg.Middlewares), innermost)
	extensions := maps.Clone(host.GetExtensions())
	if extensions == nil {
		extensions = make(map[component.ID]component.Component, 1)
	}
	extensions[transportKeeperID] = keeper
	set.TracerProvider, set.MeterProvider = nil, nil
	client, err = cfg.ToClient(ctx, extensions, set)
	return client, keeper.closeIdleConnections, err
}

// transportKeeper is a middleware of confighttp's client that changes nothing on the
// way of a call. Standing innermost it is handed the transport itself, which the
// wrappers for headers and auth hide: without it idle connections could not be
// closed, HTTP/2 not be kept off, and what a proxy refuses not be told.
type transportKeeper struct {
	component.StartFunc
	component.ShutdownFunc

	http1     bool
	transport *http.Transport
}

var (
	transportKeeperID = component.MustNewIDWithName("adobe_target", "transport")

	_ extensionmiddleware.HTTPClient = (*transportKeeper)(nil)
)

// GetHTTPRoundTripper returns what keeps the transport and hands it on.
func (k *transportKeeper) GetHTTPRoundTripper(
	context.Context,
) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
		if transport, ok := base.(*http.Transport); ok {
			k.transport = transport
			// Without it the status is only a part of an error's text.
			transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
				if answer.StatusCode != http.StatusOK {
					return proxyError{answer.StatusCode}
				}
				return nil
			}
			if k.http1 {
				transport.Protocols = new(http.Protocols)
				transport.Protocols.SetHTTP1(true)
			}
		}
		return base, nil
	}, nil
}

func (k *transportKeeper) closeIdleConnections() {
	if k.transport != nil {
		k.transport.CloseIdleConnections()
	}
}
