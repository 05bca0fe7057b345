// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/exporter"
)

// stoppableLogs tells the exporter of a shutdown before the helper begins its own:
// the helper waits for its queue, and gives what waits in a push for pace or quota
// no sign at all.
type stoppableLogs struct {
	exporter.Logs
	exporter *logsExporter
}

// Shutdown ends the exporter. What a persistent queue holds stays there, so
// waiting ends at once. A queue in memory is sent on for the drain timeout, at the
// pace and within the quota, and what is left then is lost, counted and said.
func (s *stoppableLogs) Shutdown(ctx context.Context) error {
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
func (s *stoppableLogs) ExporterHelperBatchingEnabled() bool {
	helper, ok := s.Logs.(interface{ ExporterHelperBatchingEnabled() bool })
	return ok && helper.ExporterHelperBatchingEnabled()
}
