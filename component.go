// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// logsExporter is the component. It stands around the helper, and wires the rooms: the helper
// waits for its queue at a shutdown, and gives what waits in a push no sign at all.
type logsExporter struct {
	cfg       *Config
	set       exporter.Settings
	accounts  *quota.Registry
	telemetry *metadata.TelemetryBuilder
	parts     parts

	helper exporter.Logs
	door   *queue.Door  // nil without a queue
	guard  *queue.Guard // nil without a persistent queue

	sender  *sender.Sender // made by start
	closers []func(context.Context) error
	ended   sync.Once
}

// parts are what is made of the configuration alone.
type parts struct {
	api    route.API
	mapper *mapping.Mapper
	outbox *outbox.Outbox
}

func newLogsExporter(cfg *Config, set exporter.Settings, accounts *quota.Registry) (*logsExporter, error) {
	api, err := cfg.api()
	if err != nil {
		return nil, err
	}
	mapper, err := mapping.New(cfg.mapping(api.Limits()))
	if err != nil {
		return nil, err
	}
	packer, err := journal.NewPacker()
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &logsExporter{
		cfg: cfg, set: set, accounts: accounts, telemetry: telemetry,
		parts: parts{api: api, mapper: mapper, outbox: outbox.New(cfg.Outbox, packer)},
	}
	if cfg.storage() != nil {
		e.guard = e.newGuard(packer)
	}
	if q := cfg.QueueConfig.Get(); q != nil {
		e.door = queue.NewDoor(*q, e.guard)
	}
	return e, nil
}

// newGuard wires the storage of the queue to outbox and sender.
func (e *logsExporter) newGuard(packer *journal.Packer) *queue.Guard {
	damaged := func(n int) {
		e.telemetry.AdobeTargetQueueDamaged.Add(context.Background(), int64(n),
			metric.WithAttributes(attribute.String("exporter", e.set.ID.String())))
	}
	return queue.New(queue.Settings{
		Storage: *e.cfg.storage(),
		Logger:  e.set.Logger,
		Load: func(ctx context.Context, client storage.Client) (bool, error) {
			found, pages, err := e.parts.outbox.Load(ctx, client, time.Now())
			if pages > 0 {
				damaged(pages)
				e.set.Logger.Error("Pages of the outbox are damaged: the updates in them are not sent, and their bytes are set aside in the storage",
					zap.Int("pages", pages))
			}
			return found, err
		},
		TakeOver: func(ctx context.Context, ld plog.Logs) (func(context.Context) error, error) {
			return e.sender.TakeOver(ctx, ld)
		},
		Push: func(ctx context.Context, ld plog.Logs) (func(context.Context) error, error) {
			return e.sender.Push(ctx, ld)
		},
		Owed:    e.parts.outbox.Owed,
		Damaged: func() { damaged(1) },
	}, packer)
}

// push is what the helper calls with the requests that it has read.
func (e *logsExporter) push(ctx context.Context, ld plog.Logs) error {
	switch {
	case e.cfg.waits():
		return e.sender.PushAndWait(ctx, ld)
	case e.guard != nil:
		return e.guard.Push(ctx, ld)
	default:
		return e.sender.PushInMemory(ctx, ld)
	}
}

// Start starts the exporter: what was in flight is taken over while the helper starts, and only
// then the sender begins.
func (e *logsExporter) Start(ctx context.Context, host component.Host) error {
	if e.guard != nil {
		host = e.guard.Host(host)
	}
	if err := e.helper.Start(ctx, host); err != nil {
		return errors.Join(err, e.Shutdown(ctx))
	}
	if e.guard != nil {
		if err := e.guard.Started(); err != nil {
			return errors.Join(err, e.Shutdown(ctx))
		}
		e.sender.Recovered(e.guard.Recovered() + e.parts.outbox.Loaded())
	}
	if !e.cfg.waits() {
		e.sender.Start()
	}
	return nil
}

// start is called by the helper before its queue starts.
func (e *logsExporter) start(ctx context.Context, host component.Host) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close(ctx))
		}
	}()
	host = queue.Unguarded(host)
	if id := e.cfg.storage(); id != nil {
		if _, ok := host.GetExtensions()[*id].(storage.Extension); !ok { // the helper would not name it
			return fmt.Errorf("sending_queue::storage: %q is no storage extension of this collector", id)
		}
	}
	e.warn()
	account, err := e.account(ctx, host)
	if err != nil {
		return err
	}
	calls, err := e.route(ctx, host)
	if err != nil {
		return err
	}
	e.sender, err = sender.New(sender.Settings{
		ID:          e.set.ID,
		Mapper:      e.parts.mapper,
		Outbox:      e.parts.outbox,
		Account:     account,
		Route:       calls,
		Concurrency: e.cfg.Concurrency,
		Retry:       e.cfg.RetryConfig,
		GiveUpAfter: e.cfg.Outbox.GiveUpAfter,
		Telemetry:   e.telemetry,
		Logger:      e.set.Logger,
		Host:        e.host(),
		Report:      func(err error) { reportStatus(host, err) },
	})
	return err
}

// host returns the host of the endpoint.
func (e *logsExporter) host() string {
	u, err := url.Parse(e.cfg.endpoint())
	if err != nil {
		return ""
	}
	return u.Host
}

// account opens the account that the exporter shares with the others of its client code. A dry
// run sends nothing, so it keeps its own: it waits as it would wait, or longer where there would
// be too much to read, and takes nothing from the quota.
func (e *logsExporter) account(ctx context.Context, host component.Host) (*quota.Account, error) {
	if e.cfg.DryRun {
		return quota.NewAccount(e.cfg.dryRunLimits()), nil
	}
	key, err := e.cfg.accountKey()
	if err != nil {
		return nil, err
	}
	account, cold, release, err := e.accounts.Use(ctx, host, key, e.cfg.limits())
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, release)
	if cold && e.cfg.Quota.Calls != quota.Unlimited {
		e.set.Logger.Info("The quota account starts cold: calls made before this start are not counted",
			zap.Bool("kept_over_restarts", e.cfg.Quota.Storage != nil))
	}
	return account, nil
}

// route returns what makes the calls, or shows them.
func (e *logsExporter) route(ctx context.Context, host component.Host) (sender.Route, error) {
	if e.cfg.DryRun {
		return route.NewDryRun(e.parts.api, e.set.Logger), nil
	}
	client, closeIdle, err := route.NewHTTPClient(ctx, e.cfg.ClientConfig, e.parts.api, e.cfg.Concurrency, host, e.set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, func(context.Context) error {
		closeIdle()
		return nil
	})
	caller := route.NewCaller(e.parts.api, client, e.set.BuildInfo.Command+"/"+e.set.BuildInfo.Version, e.cfg.MaxRetryAfter)
	return route.NewTraced(caller, metadata.Tracer(e.set.TelemetrySettings)), nil
}

// warn says what of the configuration has a price.
func (e *logsExporter) warn() {
	for _, setting := range e.cfg.disorderly() {
		e.set.Logger.Warn(setting + ": an older value of a visitor may follow a newer one")
	}
	for i, entry := range e.cfg.Profile {
		if entry.Undotted() {
			e.set.Logger.Warn(fmt.Sprintf("profile::%d::prefix: %q has no dot at its end: attributes that only begin alike are taken too, "+
				"and names keep the dot; write %q", i, entry.Prefix, entry.Prefix+"."))
		}
	}
	switch {
	case !e.cfg.RetryConfig.Enabled:
		e.set.Logger.Warn("retry_on_failure is off: what Target does not take at once is lost")
	case e.cfg.RetryConfig.MaxElapsedTime > 0:
		e.set.Logger.Warn("retry_on_failure::max_elapsed_time is set: an update that is older when its call fails is lost, 0 never gives up",
			zap.Duration("max_elapsed_time", e.cfg.RetryConfig.MaxElapsedTime))
	}
	if e.cfg.DryRun {
		e.set.Logger.Warn("dry_run is on: nothing is sent, calls are logged with their ids and values, and what waits in a storage is used up")
	}
}

// Capabilities are the helper's.
func (e *logsExporter) Capabilities() consumer.Capabilities { return e.helper.Capabilities() }

// ConsumeLogs gives the records to the queue, and counts what it took. Where the caller waits
// for the outcome they are counted when they have one.
func (e *logsExporter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if e.door == nil {
		return e.helper.ConsumeLogs(ctx, ld)
	}
	records := ld.LogRecordCount() // the helper may empty it
	err := e.door.Offer(ctx, ld, e.helper.ConsumeLogs)
	if _, tooLarge := errors.AsType[*queue.TooLargeError](err); tooLarge {
		e.sender.Reject(records, sender.ReasonLargerThanQueue)
		return consumererror.NewPermanent(err)
	}
	if err == nil && !e.cfg.waits() {
		e.sender.Received(records)
	}
	return err
}

// Shutdown ends the exporter. With a storage all that waits stays there, so waiting ends at
// once. In memory it is sent on for the drain timeout, at the pace and within the quota, and
// what is left then is lost, counted and said.
func (e *logsExporter) Shutdown(ctx context.Context) (err error) {
	e.ended.Do(func() { err = e.shutdownOnce(ctx) })
	return err
}

func (e *logsExporter) shutdownOnce(ctx context.Context) error {
	var flushed error
	switch {
	case e.sender == nil:
	case e.guard != nil:
		e.guard.Stop()
		e.sender.Stop()
		flushed = e.guard.Flush(ctx)
	case e.cfg.waits():
		e.sender.Stop()
	default:
		drain, cancel := context.WithTimeout(ctx, e.cfg.DrainTimeout)
		defer cancel()
		defer e.sender.Hasten(drain)()
	}
	return errors.Join(flushed, e.helper.Shutdown(ctx))
}

// shutdown is called by the helper when its queue has ended.
func (e *logsExporter) shutdown(ctx context.Context) error {
	if e.sender != nil && e.guard == nil && !e.cfg.waits() {
		e.sender.Drain()
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

// ExporterHelperBatchingEnabled passes on what the helper says of itself, by which the Collector
// warns when records are batched twice.
func (e *logsExporter) ExporterHelperBatchingEnabled() bool {
	helper, ok := e.helper.(interface{ ExporterHelperBatchingEnabled() bool })
	return ok && helper.ExporterHelperBatchingEnabled()
}

func reportStatus(host component.Host, err error) {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	componentstatus.ReportStatus(host, event)
}
