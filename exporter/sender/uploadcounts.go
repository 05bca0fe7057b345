// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// How uploads end, and what becomes of their rows, as metrics name it.
const (
	uploadComplete    = "complete"
	uploadStuck       = "stuck"
	uploadRefused     = "refused"
	uploadUnconfirmed = "unconfirmed"

	rowsUpdated     = "updated"
	rowsFailed      = "failed"
	rowsNotFound    = "not_found"
	rowsStuck       = "stuck"
	rowsUnconfirmed = "unconfirmed"

	// reasonUnconfirmed is for records of an upload that Target took, and of which its status did
	// not tell.
	reasonUnconfirmed = "unconfirmed"
	// reasonUploadStuck is for a row whose uploads were stuck, the last time alone.
	reasonUploadStuck = "upload_stuck"
	// reasonRowFailed is for a row that failed in two uploads.
	reasonRowFailed = "row_failed"
)

// observe lets be seen which uploads there are, and begins their series with 0.
func (u *uploader) observe(ctx context.Context) error {
	for _, end := range []string{uploadComplete, uploadStuck, uploadRefused, uploadUnconfirmed} {
		u.countUpload(ctx, end, 0)
	}
	for _, end := range []string{rowsUpdated, rowsFailed, rowsNotFound, rowsStuck, rowsUnconfirmed} {
		u.countRows(ctx, end, 0)
	}
	u.countForgotten(ctx, 0)
	o := u.sender.outcomes
	o.delivered(route.ToBulk, "", 0)                //nolint:contextcheck // it only begins the series
	o.delivered(route.ToBulk, reasonUnconfirmed, 0) //nolint:contextcheck // as above
	o.records(rejected, reasonUploadStuck, 0)
	o.records(rejected, reasonRowFailed, 0)
	return errors.Join(
		o.observeAccount(route.ToBulk, u.set.Account, &u.waits),
		o.telemetry.RegisterAdobeTargetUploadsOpenCallback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(int64(len(u.outbox.Uploads())), o.plain)
			return nil
		}),
		o.telemetry.RegisterAdobeTargetOutboxRememberedCallback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(int64(u.outbox.Held().Remembered), o.plain)
			return nil
		}),
	)
}

// countUpload counts uploads that came to their end.
func (u *uploader) countUpload(ctx context.Context, end string, n int) {
	o := u.sender.outcomes
	o.telemetry.AdobeTargetUploads.Add(context.WithoutCancel(ctx), int64(n), metric.WithAttributes(o.exporter, attribute.String("outcome", end)))
}

// countRows counts rows of an upload that Target took, by what became of them. It is called when the upload
// has ended, and each row is counted once.
func (u *uploader) countRows(ctx context.Context, end string, n int) {
	o := u.sender.outcomes
	o.telemetry.AdobeTargetUploadRows.Add(context.WithoutCancel(ctx), int64(n), metric.WithAttributes(o.exporter, attribute.String("outcome", end)))
}

// countForgotten counts visitors who were forgotten before their time, to make room for others.
func (u *uploader) countForgotten(ctx context.Context, n int) {
	o := u.sender.outcomes
	o.telemetry.AdobeTargetOutboxForgotten.Add(context.WithoutCancel(ctx), int64(n), o.plain)
}
