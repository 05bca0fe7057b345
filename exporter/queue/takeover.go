// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
)

// begin is the helper's first read of its index. It takes up what an earlier run has left
// beside the items, takes over what was in flight, and returns an index without it.
func (g *Guard) begin(ctx context.Context) ([]byte, error) {
	stored, err := g.source.client.Get(ctx, indexKey)
	if err != nil {
		return nil, g.failStart(err)
	}
	i, err := decodeIndex(stored)
	if err != nil {
		return nil, g.failStart(err)
	}
	found, err := g.set.Load(ctx, g.source.client)
	if err == nil && !found && len(stored) > 0 {
		err = g.refuseEarlier(ctx)
	}
	if err != nil {
		return nil, g.failStart(err)
	}
	left := i
	ops, err := g.takeOver(ctx, &i)
	if err == nil {
		err = g.write(ctx, ops)
	}
	if err != nil {
		return nil, g.failStart(err)
	}
	g.state.putting = false
	g.state.index, g.start.index = i, &left
	g.state.ghosts.last = i
	if len(stored) == 0 {
		return nil, nil
	}
	return i.encode(), nil
}

// takeOver hands on the items that were in flight, which are older than all that the queue
// holds, in their order. It returns the operations that delete them and correct the index, in
// an order in which any beginning of them may be carried out alone.
func (g *Guard) takeOver(ctx context.Context, i *index) (ops []*storage.Operation, err error) {
	if len(i.dispatched) == 0 {
		return nil, nil
	}
	for _, number := range i.dispatched {
		key := itemKey(number)
		stored, err := g.source.client.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		if err := g.takeOverItem(ctx, i, key, stored); err != nil {
			return nil, err
		}
		ops = append(ops, storage.DeleteOperation(key))
	}
	i.dispatched = nil
	if i.requests() == 0 {
		i.items, i.bytes = 0, 0
	}
	return append(ops, storage.SetOperation(indexKey, i.encode())), nil
}

func (g *Guard) takeOverItem(ctx context.Context, i *index, key string, stored []byte) error {
	if stored == nil {
		return nil // it was deleted, and the index not yet corrected
	}
	ld, err := g.decode(stored)
	if err != nil {
		return g.setAside(ctx, key, stored)
	}
	sizer := plog.ProtoMarshaler{}
	i.items = max(0, i.items-int64(ld.LogRecordCount()))
	i.bytes = max(0, i.bytes-int64(sizer.LogsSize(ld)))
	strip(ld)
	put, err := g.set.TakeOver(ctx, ld)
	if err != nil {
		return err
	}
	return put(ctx)
}

// earlierParts are what builds before the outbox kept beside the queue, by the key that tells
// whether anything is left.
var earlierParts = []struct{ name, key, what string }{
	{"deferred", "index", "log records that were deferred"},
	{"overflow", "line", "log records that waited for the queue"},
	{"arrival", "displaced", "log records that are out of their order in the queue"},
}

// sealSize is the size of a seal around nothing, see journal.Seal.
const sealSize = 4

// refuseEarlier returns an error when a build before the outbox has left records that only it
// can send, in their order.
func (g *Guard) refuseEarlier(ctx context.Context) error {
	for _, part := range earlierParts {
		client, err := g.source.open(ctx, part.name)
		if err != nil {
			return err
		}
		left, err := client.Get(ctx, part.key)
		if closed := client.Close(ctx); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
		if len(left) > sealSize {
			return fmt.Errorf("an earlier build of this exporter has left %s: let that build send them until its queue and what it deferred are empty, "+
				"or remove the storage's file for %q and accept that they are lost", part.what, part.name)
		}
	}
	return nil
}
