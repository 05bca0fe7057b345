// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/plog"
)

// clientWaits is for how long a client waits for room in the queue. A shutdown waits for
// it, since receivers are shut down first, before the exporter is told.
const clientWaits = time.Second

// errNoRoom answers who can not wait for room in the queue. It is to be sent again.
var errNoRoom = errors.New("the sending queue is full and nothing was taken, send it again later")

// offer gives a request to the queue, and waits for room if the settings say so, in
// turn. A client does not wait long. A receiver that reads waits until its context is
// canceled, which says that it will not come back: with a persistent queue what it
// wanted to hand on is kept.
func (s *wrappedLogs) offer(ctx context.Context, ld plog.Logs) error {
	remote := client.FromContext(ctx).Addr != nil
	if remote && s.blocks() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, clientWaits, errNoRoom)
		defer cancel()
	}
	err := s.waitForTurn(ctx)
	if err == nil {
		err = s.enqueue(ctx, ld)
	}
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case !remote && errors.Is(ctx.Err(), context.Canceled) && s.blocks() && s.exporter.overflow != nil:
		return s.exporter.overflow.Add(ctx, ld)
	}
	return context.Cause(ctx)
}

// waitForTurn waits for those who stand before the queue, or does not let anybody in
// while somebody does.
func (s *wrappedLogs) waitForTurn(ctx context.Context) error {
	switch overflow := s.exporter.overflow; {
	case overflow == nil:
		return nil
	case s.blocks():
		return overflow.Wait(ctx)
	case overflow.Records() > 0:
		return errNoRoom
	}
	return nil
}

// blocks tells whether a request waits for room in the queue, and for nothing else.
func (s *wrappedLogs) blocks() bool {
	queue := s.exporter.cfg.QueueConfig.Get()
	return queue != nil && queue.BlockOnOverflow && !queue.WaitForResult
}

// enqueue gives a request to the helper, and counts what was taken.
func (s *wrappedLogs) enqueue(ctx context.Context, ld plog.Logs) error {
	records := ld.LogRecordCount() // the helper may empty it
	err := s.Logs.ConsumeLogs(ctx, ld)
	s.exporter.countReceived(ctx, records, err)
	return err
}
