// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

// wrappedLogs does what has to be done outside of the helper. It numbers what
// arrives before the queue takes it. And it tells the exporter of a shutdown before
// the helper begins its own: the helper waits for its queue, and gives what waits
// in a push for pace or quota no sign at all.
type wrappedLogs struct {
	exporter.Logs
	exporter *logsExporter
}

// ConsumeLogs numbers the records, if a queue may bring them over a restart, queues
// them, and counts what was taken.
func (s *wrappedLogs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if s.exporter.arrivals != nil {
		s.exporter.arrivals.Stamp(ld)
	}
	records := ld.LogRecordCount() // the helper may empty it
	err := s.Logs.ConsumeLogs(ctx, ld)
	s.exporter.countReceived(ctx, records, err)
	return err
}

// Capabilities says that numbering changes the records.
func (s *wrappedLogs) Capabilities() consumer.Capabilities {
	queue := s.exporter.cfg.QueueConfig.Get()
	if queue != nil && queue.StorageID != nil {
		return consumer.Capabilities{MutatesData: true}
	}
	return s.Logs.Capabilities()
}

// Shutdown ends the exporter. What a persistent queue holds stays there, so
// waiting ends at once. A queue in memory is sent on for the drain timeout, at the
// pace and within the quota, and what is left then is lost, counted and said.
func (s *wrappedLogs) Shutdown(ctx context.Context) error {
	d := s.exporter.delivery
	if d == nil {
		return s.Logs.Shutdown(ctx)
	}
	queue := s.exporter.cfg.QueueConfig.Get()
	drain := s.exporter.cfg.DrainTimeout
	if queue == nil || queue.StorageID != nil {
		drain = 0
	} else {
		d.LastChance("shutdown")
	}
	if drain <= 0 {
		d.Stop()
	} else {
		timer := time.AfterFunc(drain, d.Stop)
		defer timer.Stop()
		defer context.AfterFunc(ctx, d.Stop)()
	}
	return s.Logs.Shutdown(ctx)
}

// ExporterHelperBatchingEnabled passes on what the helper says of itself, by which
// the Collector warns when records are batched twice.
func (s *wrappedLogs) ExporterHelperBatchingEnabled() bool {
	helper, ok := s.Logs.(interface{ ExporterHelperBatchingEnabled() bool })
	return ok && helper.ExporterHelperBatchingEnabled()
}
