// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/overflow"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/queuestorage"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// logsExporter is what the helper's queue and retry call.
type logsExporter struct {
	cfg      *Config
	set      exporter.Settings
	accounts *quota.Registry

	api       route.API
	mapper    *mapping.Mapper
	telemetry *metadata.TelemetryBuilder
	guard     *queuestorage.Guard // nil without a persistent queue

	// Made by start.
	arrivals *arrival.Counter // nil without a persistent queue
	overflow *overflow.Store  // nil without a persistent queue
	delivery *delivery.Delivery
	closers  []func(context.Context) error
}

func newLogsExporter(cfg *Config, set exporter.Settings, accounts *quota.Registry) (*logsExporter, error) {
	api, err := route.NewAPI(cfg.API, cfg.endpoint(), cfg.ClientCode)
	if err != nil {
		return nil, err
	}
	if api.MaxForm() <= 0 {
		return nil, errors.New("endpoint and api::path are so long that no parameter fits beside them")
	}
	mapper, err := mapping.New(cfg.mapping(api.MaxForm()))
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &logsExporter{cfg: cfg, set: set, accounts: accounts, api: api, mapper: mapper, telemetry: telemetry}
	if queue := cfg.QueueConfig.Get(); queue != nil && queue.StorageID != nil {
		if e.guard, err = queuestorage.New(*queue.StorageID, set.Logger); err != nil {
			return nil, err
		}
		e.guard.OnDamage(func(ctx context.Context) {
			telemetry.AdobeTargetQueueDamaged.Add(ctx, 1, metric.WithAttributes(attribute.String("exporter", set.ID.String())))
		})
	}
	return e, nil
}

func (e *logsExporter) start(ctx context.Context, host component.Host) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close(ctx))
		}
	}()
	host = queuestorage.Unguarded(host)
	e.warn()
	account, err := e.account(ctx, host)
	if err != nil {
		return err
	}
	sender, err := e.sender(ctx, host)
	if err != nil {
		return err
	}
	watch, err := e.watch(ctx, host)
	if err != nil {
		return err
	}
	store, err := e.deferred(ctx, host)
	if err != nil {
		return err
	}
	if e.overflow, err = e.waiting(ctx, host, watch); err != nil {
		return err
	}
	e.delivery, err = delivery.New(delivery.Settings{
		ID:          e.set.ID,
		Mapper:      e.mapper,
		Sender:      sender,
		Account:     account,
		MaxForm:     e.api.MaxForm(),
		Concurrency: e.cfg.Concurrency,
		Consumers:   e.consumers(),
		Watch:       watch,
		Deferred:    store,
		Retry:       e.cfg.RetryConfig,
		MaxAttempts: e.cfg.MaxUpdateAttempts,
		Ready:       e.ready(),
		Telemetry:   e.telemetry,
		Tracer:      metadata.Tracer(e.set.TelemetrySettings),
		Logger:      e.set.Logger,
		Report:      func(err error) { reportStatus(host, err) },
	})
	if err != nil {
		return err
	}
	if e.cfg.QueueConfig.HasValue() && !e.cfg.RetryConfig.Enabled {
		e.delivery.LastChance("retry_disabled")
	}
	return nil
}

// ready returns what keeps batches from being sent while the storage of the queue
// can not let go of those before.
func (e *logsExporter) ready() func(context.Context) error {
	if e.guard == nil {
		return nil
	}
	return e.guard.Settle
}

// consumers returns how many batches the helper has in hand at once.
func (e *logsExporter) consumers() int {
	if queue := e.cfg.QueueConfig.Get(); queue != nil {
		return queue.NumConsumers
	}
	return 0
}

// sender returns what makes the calls, or shows them.
func (e *logsExporter) sender(ctx context.Context, host component.Host) (delivery.Sender, error) {
	if e.cfg.DryRun {
		return route.NewDryRun(e.api, e.set.Logger), nil
	}
	c, closeIdle, err := route.NewHTTPClient(ctx, e.cfg.ClientConfig, e.api, e.cfg.Concurrency, host, e.set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	single := route.NewSingle(e.api, c, e.set.BuildInfo.Command+"/"+e.set.BuildInfo.Version, e.cfg.MaxRetryAfter)
	e.closers = append(e.closers, func(context.Context) error {
		closeIdle()
		return nil
	})
	return route.NewTraced(single, metadata.Tracer(e.set.TelemetrySettings)), nil
}

// warn says what of the configuration has a price.
func (e *logsExporter) warn() {
	for _, setting := range e.cfg.disorderly() {
		e.set.Logger.Warn(setting + ": the order of a visitor's values holds within a batch only")
	}
	switch {
	case !e.cfg.RetryConfig.Enabled:
		e.set.Logger.Warn("retry_on_failure is off: what Target does not take at once is lost")
	case e.cfg.RetryConfig.MaxElapsedTime > 0:
		e.set.Logger.Warn("retry_on_failure::max_elapsed_time is set: an outage or a wait for the quota that takes longer loses data, 0 never gives up",
			zap.Duration("max_elapsed_time", e.cfg.RetryConfig.MaxElapsedTime))
	}
	if e.cfg.DryRun {
		e.set.Logger.Warn("dry_run is on: nothing is sent, and calls are logged with their ids and values")
	}
}

func (e *logsExporter) consume(ctx context.Context, ld plog.Logs) error {
	return e.delivery.Consume(ctx, ld)
}

// shutdown is called when the queue has ended.
func (e *logsExporter) shutdown(ctx context.Context) error {
	if e.delivery != nil {
		e.delivery.Close(ctx)
	}
	e.telemetry.Shutdown()
	return e.close(ctx)
}

// close closes what start has opened, the last first.
func (e *logsExporter) close(ctx context.Context) error {
	var errs []error
	for _, c := range slices.Backward(e.closers) {
		errs = append(errs, c(ctx))
	}
	e.closers = nil
	return errors.Join(errs...)
}

func reportStatus(host component.Host, err error) {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	componentstatus.ReportStatus(host, event)
}
