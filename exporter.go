// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/target"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// logsExporter is what the helper's queue and retry call.
type logsExporter struct {
	cfg      *Config
	set      exporter.Settings
	accounts *quota.Registry

	api       target.API
	mapper    *mapping.Mapper
	telemetry *metadata.TelemetryBuilder

	// Made by start.
	sender   callSender
	delivery *delivery.Delivery
	release  func()
}

// callSender is the target.Client, or the target.DryRun in its place.
type callSender interface {
	delivery.Sender
	Close()
}

func newLogsExporter(cfg *Config, set exporter.Settings, accounts *quota.Registry) (*logsExporter, error) {
	api, err := target.NewAPI(cfg.API, cfg.endpoint(), cfg.ClientCode)
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
	return &logsExporter{cfg: cfg, set: set, accounts: accounts, api: api, mapper: mapper, telemetry: telemetry}, nil
}

func (e *logsExporter) start(ctx context.Context, host component.Host) error {
	e.warn()
	account, err := e.account()
	if err != nil {
		return err
	}
	if e.sender, err = e.newSender(ctx, host); err != nil {
		e.release()
		e.release = nil
		return err
	}
	e.delivery = delivery.New(delivery.Settings{
		ID:          e.set.ID,
		Mapper:      e.mapper,
		Sender:      e.sender,
		Account:     account,
		MaxForm:     e.api.MaxForm(),
		Concurrency: e.cfg.Concurrency,
		Telemetry:   e.telemetry,
		Logger:      e.set.Logger,
		Report:      func(err error) { reportStatus(host, err) },
	})
	if e.cfg.QueueConfig.HasValue() && !e.cfg.RetryConfig.Enabled {
		e.delivery.LastChance("retry_disabled")
	}
	return nil
}

// account opens the account that the exporter shares with the others of its client
// code. A dry run sends nothing, so it keeps its own: it waits as it would wait,
// and takes nothing from the quota.
func (e *logsExporter) account() (*quota.Account, error) {
	if e.cfg.DryRun {
		e.release = func() {}
		return quota.NewAccount(e.cfg.limits()), nil
	}
	u, err := url.Parse(e.cfg.endpoint())
	if err != nil {
		return nil, err
	}
	key := quota.Key{ClientCode: e.cfg.ClientCode, Endpoint: u.Scheme + "://" + u.Host}
	account, err := e.accounts.Open(key, e.cfg.limits())
	if err != nil {
		return nil, err
	}
	e.release = func() { e.accounts.Close(key) }
	return account, nil
}

func (e *logsExporter) newSender(ctx context.Context, host component.Host) (callSender, error) {
	if e.cfg.DryRun {
		return target.NewDryRun(e.api, e.set.Logger), nil
	}
	c, err := e.httpClient(ctx, host)
	if err != nil {
		return nil, err
	}
	return target.NewClient(e.api, c, e.set.BuildInfo.Command+"/"+e.set.BuildInfo.Version), nil
}

// httpClient returns confighttp's client without its tracing and metrics: they
// would write whole URLs into spans, and with method GET the ids along with them.
func (e *logsExporter) httpClient(ctx context.Context, host component.Host) (*http.Client, error) {
	cfg := e.cfg.ClientConfig
	if cfg.MaxConnsPerHost == 0 {
		cfg.MaxConnsPerHost = e.cfg.Concurrency
	}
	set := e.set.TelemetrySettings
	set.TracerProvider, set.MeterProvider = nil, nil
	return cfg.ToClient(ctx, host.GetExtensions(), set)
}

// warn says what of the configuration has a price.
func (e *logsExporter) warn() {
	queue := e.cfg.QueueConfig.Get()
	if queue != nil && queue.NumConsumers > 1 {
		e.set.Logger.Warn("sending_queue::num_consumers is over 1: the order of a visitor's values holds within a batch only",
			zap.Int("num_consumers", queue.NumConsumers))
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
		e.sender.Close()
		e.release()
	}
	e.telemetry.Shutdown()
	return nil
}

func reportStatus(host component.Host, err error) {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	componentstatus.ReportStatus(host, event)
}
