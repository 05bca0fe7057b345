// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// How uploads end, and what becomes of their rows, as metrics name it.
const (
	uploadComplete    = "complete"
	uploadStuck       = "stuck"
	uploadRefused     = "refused"
	uploadUnconfirmed = "unconfirmed"

	rowsUploaded = "uploaded"
	rowsFailed   = "failed"
	rowsNotFound = "not_found"
)

var (
	// reasonUnconfirmed is for records of an upload that Target took, and of which its status did
	// not tell.
	reasonUnconfirmed = explains(delivered, "unconfirmed",
		"Target took the upload; raise bulk::status::timeout if its status comes later, and see the calls of route bulk_status")
	// reasonUploadStuck is for a row whose uploads were stuck, the last time alone.
	reasonUploadStuck = explains(rejected, "upload_stuck",
		"uploads of others are complete: look at what is special about these records, dry_run: true shows their rows")
	// reasonRowFailed is for a row that failed in two uploads.
	reasonRowFailed = explains(rejected, "row_failed",
		"other rows do not fail: look at what is special about these records, such as an id that Target does not know in this form")
)

// observe lets be seen which uploads there are, and begins their series with 0.
func (u *uploader) observe() error {
	for _, end := range []string{uploadComplete, uploadStuck, uploadRefused, uploadUnconfirmed} {
		u.countUpload(end, 0)
	}
	for _, end := range []string{rowsUploaded, rowsFailed, rowsNotFound} {
		u.countRows(end, 0)
	}
	o := u.sender.outcomes
	return errors.Join(
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
func (u *uploader) countUpload(end string, n int) {
	o := u.sender.outcomes
	o.telemetry.AdobeTargetUploads.Add(context.Background(), int64(n), metric.WithAttributes(o.exporter, attribute.String("outcome", end)))
}

// countRows counts rows of uploads by what became of them.
func (u *uploader) countRows(end string, n int) {
	o := u.sender.outcomes
	o.telemetry.AdobeTargetUploadRows.Add(context.Background(), int64(n), metric.WithAttributes(o.exporter, attribute.String("outcome", end)))
}
