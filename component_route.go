// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// callsOfUploads is how many calls of the bulk API are made at once: an upload and a status.
const callsOfUploads = 2

// route returns what makes the calls of an API, or shows them.
func (e *logsExporter) route(ctx context.Context, host component.Host, settings confighttp.ClientConfig, api route.API) (sender.Route, error) {
	if e.cfg.DryRun {
		return route.NewDryRun(api, e.set.Logger), nil
	}
	client, closeIdle, err := route.NewHTTPClient(ctx, settings, api, e.cfg.Concurrency, host, e.set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e.closeLater(closeIdle)
	caller := route.NewCaller(api, client, e.userAgent(), e.cfg.MaxRetryAfter)
	return route.NewTraced(caller, metadata.Tracer(e.set.TelemetrySettings)), nil
}

// overflow returns where updates go while the quota is used up, nil where they wait: a dry run sends
// none.
func (e *logsExporter) overflow(ctx context.Context, host component.Host) (*sender.Overflow, error) {
	switch {
	case e.cfg.Overflow == route.NoOverflow, e.cfg.DryRun:
		return nil, nil //nolint:nilnil // none is no error
	case e.cfg.Overflow == route.OverflowToBulk:
		return &sender.Overflow{Name: route.ToBulk, After: e.cfg.OverflowAfter}, nil
	}
	api, err := route.NewDelivery(e.cfg.delivery(), e.cfg.endpoint(), e.cfg.ClientCode)
	if err != nil {
		return nil, err
	}
	account, err := e.account(ctx, host, route.ToDelivery)
	if err != nil {
		return nil, err
	}
	calls, err := e.route(ctx, host, e.cfg.deliveryClient(), api)
	if err != nil {
		return nil, err
	}
	return &sender.Overflow{
		Name: route.ToDelivery, After: e.cfg.OverflowAfter, Route: calls, Account: account, Carries: api.Carries, Host: e.cfg.host(),
	}, nil
}

// upload has updates go by uploads if they are to, or if an earlier run has left some.
func (e *logsExporter) upload(ctx context.Context, host component.Host) error {
	held := e.parts.outbox.Held()
	if !e.cfg.uploads() && held.Uploaded+held.Remembered == 0 {
		return nil
	}
	bulk, cfg, err := e.cfg.NewBulk()
	if err != nil {
		return err
	}
	account, err := e.uploadAccount(ctx, host, held.Uploaded)
	if err != nil {
		return err
	}
	set := sender.Uploads{
		Account: account,
		Config:  cfg,
		Creates: bulk.Creates,
		Gather:  e.cfg.gather(),
		Timeout: e.cfg.ClientConfig.Timeout,
	}
	if e.guard != nil {
		set.Flush = e.guard.Flush
	}
	if set.Route, err = e.uploadRoute(ctx, host, bulk); err != nil {
		return err
	}
	return e.sender.Upload(ctx, set)
}

// uploadAccount opens the account of uploads. Of an earlier run's, which the configuration knows nothing
// of, they use the one that others have, whatever its limits; without any none is needed.
func (e *logsExporter) uploadAccount(ctx context.Context, host component.Host, left int) (*quota.Account, error) {
	key, limits, err := e.cfg.accountOf(route.ToBulk)
	switch {
	case err != nil:
		return nil, err
	case e.cfg.uploads():
		return e.account(ctx, host, route.ToBulk)
	case left == 0:
		return quota.NewAccount(limits), nil
	}
	return e.open(ctx, host, route.ToBulk, key, e.accounts.Limits(key, limits))
}

// uploadRoute returns what makes uploads, or shows them.
func (e *logsExporter) uploadRoute(ctx context.Context, host component.Host, bulk *route.Bulk) (sender.UploadRoute, error) {
	if e.cfg.DryRun {
		return route.NewUploadDryRun(bulk, e.set.Logger), nil
	}
	client, closeIdle, err := route.NewHTTPClient(ctx, e.cfg.ClientConfig, bulk, callsOfUploads, host, e.set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e.closeLater(closeIdle)
	return route.NewUploadCaller(bulk, client, e.userAgent(), e.cfg.ClientConfig.Timeout, e.cfg.MaxRetryAfter, metadata.Tracer(e.set.TelemetrySettings)), nil
}

func (e *logsExporter) userAgent() string {
	return e.set.BuildInfo.Command + "/" + e.set.BuildInfo.Version
}

// closeLater has something closed at the end.
func (e *logsExporter) closeLater(closes func()) {
	e.closers = append(e.closers, func(context.Context) error {
		closes()
		return nil
	})
}
