// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

const reasonShutdown = "shutdown"

// Drain says that a queue in memory comes to its end: from now on the helper sends
// nothing again. So what is held is tried again here, until Stop is called, and is
// counted as rejected then. It has to be called before the helper's shutdown.
func (d *Delivery) Drain() {
	d.draining.Store(true)
	d.LastChance(reasonShutdown)
	d.held.copy() // what comes to be held after that stays with its Consume
}

// drain tries what an attempt left held of a batch again and again, as long as there
// is time. Its error is the last attempt's.
func (d *Delivery) drain(ctx context.Context, ld plog.Logs, err error) error {
	pauses := d.pauses()
	for err != nil {
		d.held.forget(ld)
		rest := heldOf(ld, err)
		d.held.forget(rest)
		if !d.pause(ctx, pauses.NextBackOff()) {
			d.lose(ctx, rest.LogRecordCount(), reasonShutdown)
			return err
		}
		ld = rest
		err = d.attempt(ctx, ld, writtenDown{merging: true, sending: true})
	}
	return nil
}

// letGo ends batches that the helper brings no more: while the queue is drained they
// are sent, else they are lost.
func (d *Delivery) letGo(ctx context.Context, gone []heldBatch, reason string) {
	for _, b := range gone {
		if !d.draining.Load() {
			d.lose(ctx, b.records, reason)
			continue
		}
		_ = d.drain(ctx, b.data, d.attempt(ctx, b.data, b.writtenDown)) // what was lost was said
	}
}

// drainDeferred tries the deferred records again until they are delivered or there is
// no more time, and loses the rest. Without Drain they are tried once.
func (d *Delivery) drainDeferred(ctx context.Context, reason string) {
	pauses := d.pauses()
	d.redeliver(ctx, true)
	for d.draining.Load() && d.Deferred.Records() > 0 && d.pause(ctx, pauses.NextBackOff()) {
		d.redeliver(ctx, true)
	}
	d.lose(ctx, d.Deferred.Records(), reason)
}

// heldOf returns what of a batch is held after an attempt that ended with that error.
func heldOf(ld plog.Logs, err error) plog.Logs {
	if part, ok := errors.AsType[consumererror.Logs](err); ok {
		return part.Data()
	}
	return ld
}

// pauses returns those between attempts that the settings for retries tell.
func (d *Delivery) pauses() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: d.Retry.InitialInterval, RandomizationFactor: d.Retry.RandomizationFactor,
		Multiplier: d.Retry.Multiplier, MaxInterval: d.Retry.MaxInterval,
	}
}

// pause waits, and tells whether there is still time.
func (d *Delivery) pause(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.stopping.Done():
	case <-ctx.Done():
	}
	return d.stopping.Err() == nil && ctx.Err() == nil
}
