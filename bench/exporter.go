// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// exporterAlone is the role of the exporter without a Collector around it: batches made ahead go in, calls come out.
func exporterAlone(ctx context.Context, args []string) error {
	o := parseClient("exporter", args)
	e, err := newExporter(ctx, o)
	if err != nil {
		return err
	}
	m, err := o.feed(ctx, e)
	err = errors.Join(err, e.Shutdown(ctx))
	if err != nil {
		return err
	}
	return say(m)
}

// newExporter starts an exporter that nothing holds back, and whose metrics are recorded, as they are in a Collector.
func newExporter(ctx context.Context, o clientOptions) (exporter.Logs, error) {
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
	e, err := factory.CreateLogs(ctx, set, cfg)
	if err != nil {
		return nil, err
	}
	return e, e.Start(ctx, componenttest.NewNopHost())
}

// defaultConcurrency is how many calls at once the exporter makes when it is not told.
func defaultConcurrency() int {
	return adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config).Concurrency
}

// feed hands batches made ahead to an exporter, and tells what their calls cost.
func (o clientOptions) feed(ctx context.Context, to consumer.Logs) (measured, error) {
	warmUp, run := batchesOf(o.warmUp()), batchesOf(o.calls)
	return o.measure(
		func() error { return consume(ctx, to, warmUp) },
		func() error { return consume(ctx, to, run) },
	)
}

// batchesOf returns the records of so many calls, in batches as large as the exporter's own are by default. In a batch every
// record is of another visitor, so nothing merges.
func batchesOf(calls int) []plog.Logs {
	var batches []plog.Logs
	if calls >= madeAhead {
		batches = slices.Repeat([]plog.Logs{logs(madeAhead)}, calls/madeAhead)
	}
	if rest := calls % madeAhead; rest > 0 {
		batches = append(batches, logs(rest))
	}
	return batches
}

func consume(ctx context.Context, to consumer.Logs, batches []plog.Logs) error {
	for _, batch := range batches {
		if err := to.ConsumeLogs(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}
