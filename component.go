// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

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
	leave   func()
	ended   sync.Once
}

// parts are what is made of the configuration alone.
type parts struct {
	api    route.API
	mapper *mapping.Mapper
	outbox *outbox.Outbox
}

func newLogsExporter(cfg *Config, set exporter.Settings, accounts *quota.Registry) (*logsExporter, error) {
	api, err := cfg.NewAPI()
	if err != nil {
		return nil, err
	}
	mapper, err := cfg.NewMapper(api)
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
	// What is said here is for who runs the Collector: where in the code it is said tells them nothing.
	set.Logger = set.Logger.WithOptions(zap.AddStacktrace(zapcore.FatalLevel))
	waiting := cfg.Outbox
	waiting.Remember = cfg.bulk().Remember
	e := &logsExporter{
		cfg: cfg, set: set, accounts: accounts, telemetry: telemetry,
		parts: parts{api: api, mapper: mapper, outbox: outbox.New(waiting, packer)},
	}
	if cfg.storage() != nil {
		key, err := cfg.key()
		if err != nil {
			return nil, err
		}
		e.guard = e.newGuard(packer, key)
	}
	if q := cfg.QueueConfig.Get(); q != nil {
		e.door = queue.NewDoor(*q, e.guard)
	}
	return e, nil
}

// push is what the helper calls with the requests that it has read.
func (e *logsExporter) push(ctx context.Context, ld plog.Logs) error {
	switch {
	case e.cfg.waits():
		return e.sender.PushAndWait(ctx, ld)
	case e.guard != nil:
		return e.guard.Push(ctx, ld)
	}
	records := ld.LogRecordCount()
	err := e.sender.PushInMemory(ctx, ld)
	if err == nil {
		e.door.Left(records)
	}
	return err
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
		waiting := e.guard.Recovered() + e.parts.outbox.Loaded()
		e.warnOfBill(waiting)
		e.sender.Recovered(waiting)
	}
	if e.cfg.waits() {
		return nil
	}
	if err := e.upload(ctx, host); err != nil {
		return errors.Join(err, e.Shutdown(ctx))
	}
	e.sender.Start() //nolint:contextcheck // it ends with Shutdown
	e.door.Begin(time.Now())
	return nil
}

// Capabilities are the helper's.
func (e *logsExporter) Capabilities() consumer.Capabilities { return e.helper.Capabilities() }

// ConsumeLogs gives the records to the queue, and counts what it took. Where the caller waits
// for the outcome they are counted when they have one.
func (e *logsExporter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	records := ld.LogRecordCount() // the helper may empty it
	err := e.offer(ctx, ld)
	if _, tooLarge := errors.AsType[*queue.TooLargeError](err); tooLarge {
		e.sender.RejectLarge(records)
		return consumererror.NewPermanent(err)
	}
	switch {
	case err != nil:
		e.sender.GivenBack(records, e.whyBack(err), err) //nolint:contextcheck // counted whoever still waits
	case !e.cfg.waits():
		e.sender.Received(records)
	}
	return err
}

// whyBack returns why records are given back. What the queue does not take waits for room, however
// the waiting ends.
func (e *logsExporter) whyBack(err error) sender.Back {
	if _, unwritten := errors.AsType[*queue.StorageError](err); unwritten {
		return sender.NotStored
	}
	if e.cfg.waits() && !errors.Is(err, exporterhelper.ErrQueueIsFull) {
		return sender.NotSent
	}
	return sender.QueueFull
}

func (e *logsExporter) offer(ctx context.Context, ld plog.Logs) error {
	if e.door == nil {
		return e.helper.ConsumeLogs(ctx, ld)
	}
	return e.door.Offer(ctx, ld, e.helper.ConsumeLogs)
}

// Shutdown ends the exporter. With a storage all that waits stays there, so waiting ends at
// once. In memory it is sent on for the drain timeout, at the pace and within the quota, and
// what is left then is lost, counted and said.
func (e *logsExporter) Shutdown(ctx context.Context) (err error) {
	e.ended.Do(func() {
		err = e.shutdownOnce(ctx)
		e.leave()
	})
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
