// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"
)

// newGuard wires the storage of the queue to outbox and sender.
func (e *logsExporter) newGuard(packer *journal.Packer, key quota.Key) *queue.Guard {
	damaged := func(n int) {
		e.telemetry.AdobeTargetQueueDamaged.Add(context.Background(), int64(n),
			metric.WithAttributes(attribute.String("exporter", e.set.ID.String())))
	}
	return queue.New(queue.Settings{
		Storage: *e.cfg.storage(),
		Logger:  e.set.Logger,
		Account: key.String(),
		Held:    func() int { return e.parts.outbox.Held().Records },
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

// start is called by the helper before its queue starts.
func (e *logsExporter) start(ctx context.Context, host component.Host) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close(ctx))
		}
	}()
	host = queue.Unguarded(host)
	if id := e.cfg.storage(); id != nil {
		if _, err = journal.Extension(host, *id); err != nil { // the helper would not name it
			return fmt.Errorf("sending_queue::storage: %w", err)
		}
	}
	e.warn()
	account, err := e.account(ctx, host, e.cfg.primary())
	if err != nil {
		return err
	}
	calls, err := e.route(ctx, host, e.cfg.ClientConfig, e.parts.api)
	if err != nil {
		return err
	}
	overflow, err := e.overflow(ctx, host)
	if err != nil {
		return err
	}
	e.sender, err = sender.New(sender.Settings{
		ID:          e.set.ID,
		Mapper:      e.parts.mapper,
		Outbox:      e.parts.outbox,
		Account:     account,
		Route:       calls,
		RouteName:   e.cfg.primary(),
		Overflow:    overflow,
		Concurrency: e.cfg.Concurrency,
		Retry:       e.cfg.RetryConfig,
		GiveUpAfter: e.cfg.Outbox.GiveUpAfter,
		Telemetry:   e.telemetry,
		Logger:      e.set.Logger,
		Host:        e.cfg.host(),
		Report:      func(err error) { reportStatus(host, err) },
	})
	return errors.Join(err, e.observe())
}

// observe lets be seen for how long records wait in the queue.
func (e *logsExporter) observe() error {
	if e.cfg.waits() {
		return nil
	}
	exporter := metric.WithAttributes(attribute.String("exporter", e.set.ID.String()))
	return e.telemetry.RegisterAdobeTargetQueueAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(e.door.Age(time.Now()).Seconds(), exporter)
		return nil
	})
}

// join takes the exporter into the plan of its configuration. It leaves it when it is shut down.
func (e *logsExporter) join(plan *quota.Plan) error {
	e.leave = func() { plan.Remove(e.set.ID) }
	if e.cfg.DryRun {
		return nil
	}
	var shares []quota.Share
	for _, n := range e.cfg.routes() {
		key, limits, err := e.cfg.accountOf(n)
		if err != nil {
			return err
		}
		shares = append(shares, quota.Share{Key: key, Limits: limits})
	}
	return plan.Add(e.set.ID, shares...)
}

// account opens the account of a route, which the exporter shares with the others of its client
// code. A dry run sends nothing, so it keeps its own: it waits as it would wait, or longer where
// there would be too much to read, and takes nothing from the quota.
func (e *logsExporter) account(ctx context.Context, host component.Host, of route.Name) (*quota.Account, error) {
	key, limits, err := e.cfg.accountOf(of)
	if err != nil {
		return nil, err
	}
	return e.open(ctx, host, of, key, limits)
}

func (e *logsExporter) open(ctx context.Context, host component.Host, of route.Name, key quota.Key, limits quota.Limits) (*quota.Account, error) {
	if e.cfg.DryRun {
		return quota.NewAccount(dryRunLimits(limits)), nil
	}
	account, cold, release, err := e.accounts.Use(ctx, host, key, limits, e.set.Logger)
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, release)
	if cold && limits.Quota.Calls != quota.Unlimited {
		e.set.Logger.Info("The quota account starts cold: calls made before this start are not counted",
			zap.String("route", string(of)), zap.Bool("kept_over_restarts", limits.Quota.Storage != nil))
	}
	return account, nil
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
	if n := e.cfg.Quota.Instances; n > 1 {
		e.set.Logger.Warn("quota::instances divides the limits: this collector keeps to its share, and what others leave unused it does not use. "+
			"Start no more of them than that, or the account's limits are exceeded; quota::redis shares them by need",
			zap.Int("instances", n))
	}
	if e.cfg.DryRun {
		e.set.Logger.Warn("dry_run is on: nothing is sent, calls are logged with their ids and values, and what waits in a storage is used up")
	}
}

// warnOfBill says what records cost that may wait from before the route was changed. Where some
// have gone by uploads before, it was not.
func (e *logsExporter) warnOfBill(waiting int) {
	held := e.parts.outbox.Held()
	switch {
	case waiting == 0, e.cfg.DryRun:
	case e.cfg.Route == route.ToDelivery:
		e.set.Logger.Warn("Records that wait in the storage are sent by route delivery, whichever route they came in by: "+
			"each call is billed, and creates the profile if there is none", zap.Int("records", waiting))
	case e.cfg.Route == route.ToBulk && e.cfg.bulk().Version != route.BulkV1 && held.Uploaded+held.Remembered == 0:
		e.set.Logger.Warn("Records that wait in the storage are sent by route bulk, whichever route they came in by: "+
			"an upload by v2 creates the profile if there is none", zap.Int("records", waiting))
	}
}

func reportStatus(host component.Host, err error) {
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if err != nil {
		event = componentstatus.NewRecoverableErrorEvent(err)
	}
	componentstatus.ReportStatus(host, event)
}
