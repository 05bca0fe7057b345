// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"math"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// exporterAlone is the role of the exporter without a Collector around it: batches made ahead go in, calls come out. Every
// record is of another visitor, so nothing merges. Its metrics are recorded, as they are in a Collector.
func exporterAlone(ctx context.Context, args []string) error {
	o := parseClient("exporter", args)
	factory := adobetargetexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*adobetargetexporter.Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = o.url
	cfg.ClientConfig.ForceAttemptHTTP2 = o.http2
	if o.tls != "" {
		cfg.ClientConfig.TLS.CAFile = certificateFile(o.tls)
	}
	cfg.Visitor, cfg.Profile = visitorEntries(), profileEntries()
	cfg.Concurrency = o.concurrency
	cfg.RateLimit = configoptional.None[quota.RateLimitConfig]()
	cfg.Quota = quota.WindowConfig{Calls: math.MaxInt, Window: 24 * time.Hour}
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()

	set := exportertest.NewNopSettings(factory.Type())
	set.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	exporter, err := factory.CreateLogs(ctx, set, cfg)
	if err != nil {
		return err
	}
	if err := exporter.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	batch := logs(min(madeAhead, o.calls))
	if err := o.measure(func(calls int) error {
		for calls > 0 {
			if calls < batch.LogRecordCount() {
				batch = logs(calls)
			}
			if err := exporter.ConsumeLogs(ctx, batch); err != nil {
				return err
			}
			calls -= batch.LogRecordCount()
		}
		return nil
	}); err != nil {
		return err
	}
	return exporter.Shutdown(ctx)
}
