// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

// wrappedLogs does what has to be done outside of the helper. It numbers what
// arrives before the queue takes it, sees to those who wait for room in it, and
// puts a guard between a persistent queue and its storage. And it tells the
// exporter of a shutdown before the helper begins its own: the helper waits for its
// queue, and gives what waits in a push for pace or quota no sign at all.
type wrappedLogs struct {
	exporter.Logs
	exporter *logsExporter
}

// Start starts the helper. It fails when a persistent queue can not be read or
// written, which the helper would only log.
func (s *wrappedLogs) Start(ctx context.Context, host component.Host) error {
	guard := s.exporter.guard
	if guard == nil {
		return s.Logs.Start(ctx, host)
	}
	if err := s.Logs.Start(ctx, guard.Host(host)); err != nil {
		return err
	}
	if err := guard.Started(); err != nil {
		return err
	}
	s.exporter.overflow.Start(s.enqueue) //nolint:contextcheck // the context is that of the start, and this goes on
	return nil
}

// ConsumeLogs numbers the records, if a queue may bring them over a restart, queues
// them, and counts what was taken.
func (s *wrappedLogs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if s.exporter.arrivals != nil {
		s.exporter.arrivals.Stamp(ld)
	}
	if err := s.fits(ctx, ld); err != nil {
		return err
	}
	return s.offer(ctx, ld)
}

// fits refuses what the queue can never take. The helper would answer that it is to
// be sent again, or wait for room without end.
func (s *wrappedLogs) fits(ctx context.Context, ld plog.Logs) error {
	err := s.exporter.cfg.fits(ld)
	if err == nil {
		return nil
	}
	records := ld.LogRecordCount()
	s.exporter.countReceived(ctx, records, nil)
	s.exporter.delivery.Refuse(ctx, records, "larger_than_queue")
	return consumererror.NewPermanent(err)
}

// fits tells why a request can never be in the sending queue.
func (cfg *Config) fits(ld plog.Logs) error {
	queue := cfg.QueueConfig.Get()
	if queue == nil {
		return nil
	}
	records := ld.LogRecordCount()
	size := records
	switch queue.Sizer {
	case exporterhelper.RequestSizerTypeItems:
	case exporterhelper.RequestSizerTypeBytes:
		sizer := plog.ProtoMarshaler{}
		size = sizer.LogsSize(ld)
	default:
		return nil
	}
	if int64(size) <= queue.QueueSize {
		return nil
	}
	return fmt.Errorf("a request of %d log records, %d %s, is larger than the sending queue, which holds %d: "+
		"make sending_queue::queue_size larger, or the requests smaller, by send_batch_max_size of a batch processor or at the sender",
		records, size, queue.Sizer.String(), queue.QueueSize)
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
	if s.exporter.guard != nil {
		s.exporter.guard.Stop() // or the helper would wait for a storage that fails
	}
	if s.exporter.overflow != nil {
		s.exporter.overflow.Stop()
	}
	d := s.exporter.delivery
	if d == nil {
		return s.Logs.Shutdown(ctx)
	}
	queue := s.exporter.cfg.QueueConfig.Get()
	drain := s.exporter.cfg.DrainTimeout
	switch {
	case queue == nil || queue.StorageID != nil:
		drain = 0
	case s.exporter.cfg.RetryConfig.Enabled:
		d.Drain()
	default:
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
