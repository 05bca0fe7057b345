// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc/status"
)

// countReceived counts what the exporter took of a request that ended with err.
func (e *logsExporter) countReceived(ctx context.Context, records int, err error) {
	taken := records - e.givenBack(ctx, records, err)
	if taken > 0 {
		e.telemetry.AdobeTargetRecordsReceived.Add(ctx, int64(taken),
			metric.WithAttributes(attribute.String("exporter", e.set.ID.String())))
	}
}

// givenBack returns how many of the records of a request its caller got back.
// Without a queue the error carries those that are held; the others have come to
// their end. With one nothing is taken, unless the caller waits for the result: then
// the queue had it, and what became of it is counted like everything else.
func (e *logsExporter) givenBack(ctx context.Context, records int, err error) int {
	if err == nil {
		return 0
	}
	queue := e.cfg.QueueConfig.Get()
	if queue == nil {
		held, ok := errors.AsType[consumererror.Logs](err)
		if !ok {
			return records
		}
		e.delivery.GiveBack(held.Data())
		return held.Data().LogRecordCount()
	}
	if _, wasSent := status.FromError(err); queue.WaitForResult && (wasSent || ctx.Err() != nil) {
		return 0
	}
	return records
}
