// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// accounts holds the quota accounts of the process. It is the one thing here that
// outlives the exporters: a collector that loads its configuration anew makes new
// factories too, and what was sent before still counts for Target.
var accounts quota.Registry

// NewFactory returns the factory of the adobe_target exporter.
func NewFactory() exporter.Factory {
	return newFactory(&accounts)
}

func newFactory(accounts *quota.Registry) exporter.Factory {
	plan := &quota.Plan{} // of the one configuration that a Collector uses a factory for
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			return createLogs(ctx, set, cfg.(*Config), accounts, plan)
		}, metadata.LogsStability),
	)
}

func createLogs(
	ctx context.Context, set exporter.Settings, cfg *Config, accounts *quota.Registry, plan *quota.Plan,
) (exporter.Logs, error) {
	e, err := newLogsExporter(cfg, set, accounts)
	if err != nil {
		return nil, err
	}
	err = e.join(plan)
	if err != nil {
		return nil, err
	}
	set.Logger = e.helperLogger()
	e.helper, err = exporterhelper.NewLogs(ctx, set, cfg, e.push,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		// The helper's timeout would count the time spent waiting. Each call has its own.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithRetry(e.retry()),
		exporterhelper.WithQueue(e.queue()),
	)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// queue returns the queue as the helper is to make it.
func (e *logsExporter) queue() configoptional.Optional[exporterhelper.QueueBatchConfig] {
	if e.door == nil {
		return configoptional.None[exporterhelper.QueueBatchConfig]()
	}
	return configoptional.Some(e.door.Helper())
}

// retry returns how the helper is to retry. Where entries wait in the outbox a push fails only
// for the storage, or because the exporter stops: then the request has to stay where it is,
// whatever is configured for the entries.
func (e *logsExporter) retry() configretry.BackOffConfig {
	if e.cfg.waits() {
		return e.cfg.RetryConfig
	}
	r := configretry.NewDefaultBackOffConfig()
	r.InitialInterval, r.MaxElapsedTime = minRetryInterval, 0
	return r
}
