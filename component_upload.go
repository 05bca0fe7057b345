// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// callsOfUploads is how many calls of the bulk API are made at once: an upload and a status.
const callsOfUploads = 2

// upload has updates go by uploads if they are to, or if an earlier run has left some.
func (e *logsExporter) upload(ctx context.Context, host component.Host) error {
	held := e.parts.outbox.Held()
	if !e.cfg.uploads() && held.Uploaded+held.Remembered == 0 {
		return nil
	}
	bulk, err := route.NewBulk(e.cfg.bulk(), e.cfg.endpoint(), e.cfg.ClientCode)
	if err != nil {
		return err
	}
	account, err := e.account(ctx, host, route.ToBulk)
	if err != nil {
		return err
	}
	set := sender.Uploads{
		Account: account,
		Config:  e.cfg.bulk(),
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
	return e.sender.Upload(set)
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
	e.closers = append(e.closers, func(context.Context) error {
		closeIdle()
		return nil
	})
	userAgent := e.set.BuildInfo.Command + "/" + e.set.BuildInfo.Version
	return route.NewUploadCaller(bulk, client, userAgent, e.cfg.ClientConfig.Timeout, e.cfg.MaxRetryAfter, metadata.Tracer(e.set.TelemetrySettings)), nil
}
