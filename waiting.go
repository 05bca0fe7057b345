// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/plog"
)

// errNoRoom answers a client that waited for the queue. It is to be sent again.
var errNoRoom = errors.New("the sending queue is full and nothing was taken, send it again later")

// offer gives a request to the queue, and waits for room if the settings say so, in
// turn. A client waits for the time of a call at most: at a shutdown the receivers wait
// for it, before this exporter is told. A receiver that reads waits until its context
// ends, which says that it will not come back: with a persistent queue what it wanted to
// hand on is kept.
func (s *wrappedLogs) offer(ctx context.Context, ld plog.Logs) error {
	overflow := s.exporter.overflow
	remote := client.FromContext(ctx).Addr != nil
	if remote && s.blocks() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.exporter.cfg.ClientConfig.Timeout, errNoRoom)
		defer cancel()
	}
	var err error
	if overflow != nil {
		err = overflow.Wait(ctx)
	}
	if err == nil {
		err = s.enqueue(ctx, ld)
	}
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case remote:
		return context.Cause(ctx)
	case overflow != nil:
		return overflow.Add(ctx, ld)
	}
	return err
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
