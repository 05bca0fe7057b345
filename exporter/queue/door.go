// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

// clientWaits is for how long a client waits for room in the queue. A shutdown waits for it,
// since receivers are shut down first, before the exporter is told.
const clientWaits = time.Second

// errNoRoom answers who cannot wait for room in the queue. It is to be sent again.
var errNoRoom = errors.New("the sending queue is full and nothing was taken, send it again later")

// TooLargeError is the error of a request that the queue can never take.
type TooLargeError struct {
	records  int
	size     int64
	sizer    string
	capacity int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a request of %d log records, %d %s, is larger than the sending queue, which holds %d: "+
		"make sending_queue::queue_size larger, or the requests smaller, by send_batch_max_size of a batch processor or at the sender",
		e.records, e.size, e.sizer, e.capacity)
}

// StorageError is the error of a request that could not be written to the storage of the queue.
type StorageError struct{ error }

func (e *StorageError) Unwrap() error { return e.error }

// Door admits requests to the helper's queue. It is safe for concurrent use.
type Door struct {
	cfg   exporterhelper.QueueBatchConfig
	guard *Guard // nil with a queue in memory
	turn  chan struct{}
	since arrivals
}

// NewDoor returns the door of a queue, which has that guard where it is persistent.
func NewDoor(cfg exporterhelper.QueueBatchConfig, guard *Guard) *Door {
	return &Door{cfg: cfg, guard: guard, turn: make(chan struct{}, 1)}
}

// Begin counts what an earlier run has left in the queue as entered now, when the queue has
// started.
func (d *Door) Begin(now time.Time) {
	if d.guard != nil {
		d.since.enter(d.guard.size(exporterhelper.RequestSizerTypeItems), now)
	}
}

// Left counts log records that have left a queue in memory. Of a persistent one the guard knows.
func (d *Door) Left(records int) { d.since.leave(int64(records)) }

// Age returns for how long the oldest log record has been in the queue, 0 when there is none. It
// is of no use with wait_for_result, where the helper tells only when a request is done.
func (d *Door) Age(now time.Time) time.Duration {
	d.look()
	return d.since.age(now)
}

// look counts what has left a persistent queue.
func (d *Door) look() {
	if d.guard != nil {
		d.since.hold(d.guard.size(exporterhelper.RequestSizerTypeItems))
	}
}

// entering returns take with what it took counted.
func (d *Door) entering(take consumer.ConsumeLogsFunc) consumer.ConsumeLogsFunc {
	return func(ctx context.Context, ld plog.Logs) error {
		d.look()
		records := int64(ld.LogRecordCount()) // the helper may empty it
		if err := take(ctx, ld); err != nil {
			return err
		}
		d.since.enter(records, time.Now())
		return nil
	}
}

// reserve is how many units of each sizer a persistent queue has beyond its size, for receivers
// that cannot wait any longer.
var reserve = map[exporterhelper.RequestSizerType]int64{
	exporterhelper.RequestSizerTypeItems:    20_000,
	exporterhelper.RequestSizerTypeRequests: 1_000,
	exporterhelper.RequestSizerTypeBytes:    64 << 20,
}

// Helper returns the queue as the helper is to make it. The door waits in its place, and in
// turn.
func (d *Door) Helper() exporterhelper.QueueBatchConfig {
	cfg := d.cfg
	if d.guard != nil {
		cfg.QueueSize += reserve[cfg.Sizer]
		cfg.BlockOnOverflow = false
	}
	return cfg
}

// Offer gives a request to the queue when there is room, and waits for it if the settings say
// so. A client does not wait long. A receiver that reads waits until its context ends, which
// may say that it will not come back: with a persistent queue it is admitted all the same.
//
// Whether it comes back it does not say. When its context ends, file_log up to v0.160 has moved
// on whatever it is answered, and so has the buffer that every version hands on from unless its
// emitter is synchronous. file_log of v0.165 hands on again, whatever it is answered. To admit
// it brings what it hands on twice at worst, and to refuse it would lose it.
func (d *Door) Offer(ctx context.Context, ld plog.Logs, take consumer.ConsumeLogsFunc) error {
	size := d.size(ld)
	if size > d.cfg.QueueSize {
		return &TooLargeError{ld.LogRecordCount(), size, d.cfg.Sizer.String(), d.cfg.QueueSize}
	}
	if d.cfg.WaitForResult {
		return d.admit(ctx, ctx, size, ld, take)
	}
	take = d.entering(take)
	if !d.cfg.BlockOnOverflow {
		return d.admit(ctx, ctx, size, ld, take)
	}
	remote := client.FromContext(ctx).Addr != nil
	waiting := ctx
	if remote {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeoutCause(ctx, clientWaits, errNoRoom)
		defer cancel()
	}
	err := d.admit(ctx, waiting, size, ld, take)
	_, unwritten := errors.AsType[*StorageError](err)
	switch {
	case err == nil || waiting.Err() == nil || remote && unwritten:
		return err
	case d.guard != nil && !remote:
		return give(context.WithoutCancel(ctx), ld, take)
	}
	return context.Cause(waiting)
}

// offer is a request on its way through the helper. What cannot be written the helper counts
// as if it were there, and does not go on to read it: after enough of them the queue would be
// full for good. So the helper is told that it was written, and who offers it is told the truth.
type offer struct{ err error }

type offerKey struct{}

// give gives a request to the helper.
func give(ctx context.Context, ld plog.Logs, take consumer.ConsumeLogsFunc) error {
	o := &offer{}
	err := take(context.WithValue(ctx, offerKey{}, o), ld)
	if err == nil {
		err = o.err
	}
	if err == nil || errors.Is(err, exporterhelper.ErrQueueIsFull) {
		return err
	}
	return &StorageError{err}
}

// admit waits for room and hands the request on.
func (d *Door) admit(ctx, waiting context.Context, size int64, ld plog.Logs, take consumer.ConsumeLogsFunc) error {
	if d.guard == nil {
		return take(waiting, ld)
	}
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-waiting.Done():
		return waiting.Err()
	}
	for d.guard.size(d.cfg.Sizer)+size > d.cfg.QueueSize {
		if !d.cfg.BlockOnOverflow {
			return exporterhelper.ErrQueueIsFull
		}
		select {
		case <-d.guard.freed:
		case <-waiting.Done():
			return waiting.Err()
		}
	}
	return give(ctx, ld, take)
}

// size returns the size of a request in units of the queue.
func (d *Door) size(ld plog.Logs) int64 {
	switch d.cfg.Sizer {
	case exporterhelper.RequestSizerTypeItems:
		return int64(ld.LogRecordCount())
	case exporterhelper.RequestSizerTypeBytes:
		sizer := plog.ProtoMarshaler{}
		return int64(sizer.LogsSize(ld))
	default:
		return 1
	}
}

// size returns how much the queue holds.
func (g *Guard) size(sizer exporterhelper.RequestSizerType) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch sizer {
	case exporterhelper.RequestSizerTypeItems:
		return g.state.index.items
	case exporterhelper.RequestSizerTypeBytes:
		return g.state.index.bytes
	default:
		return g.state.index.requests()
	}
}
