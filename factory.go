// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"

	"go.opentelemetry.io/collector/component"
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
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			return createLogs(ctx, set, cfg.(*Config), accounts)
		}, metadata.LogsStability),
	)
}

func createLogs(ctx context.Context, set exporter.Settings, cfg *Config, accounts *quota.Registry) (exporter.Logs, error) {
	e, err := newLogsExporter(cfg, set, accounts)
	if err != nil {
		return nil, err
	}
	helper, err := exporterhelper.NewLogs(ctx, set, cfg, e.consume,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		// The helper's timeout would count the time spent waiting for the quota. Each
		// call has its own.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithRetry(cfg.RetryConfig),
		exporterhelper.WithQueue(cfg.QueueConfig),
	)
	if err != nil {
		return nil, err
	}
	return &wrappedLogs{Logs: helper, exporter: e}, nil
}
