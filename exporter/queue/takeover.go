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
	claim, err := g.claim(ctx, &i, !found && len(stored) == 0)
	if err != nil {
		return nil, g.failStart(err)
	}
	inFlight, ops, err := g.takeOver(ctx, &i)
	if err == nil {
		err = g.measure(ctx, &i)
	}
	ops = append(ops, claim...)
	if len(stored) > 0 {
		ops = append(ops, storage.SetOperation(indexKey, i.encode()))
	}
	if err == nil && len(ops) > 0 {
		err = g.write(ctx, ops)
	}
	if err != nil {
		return nil, g.failStart(err)
	}
	g.state.putting, g.state.index = false, i
	g.start.begun, g.start.recovered = true, inFlight+int(i.items)
	if len(stored) == 0 {
		return nil, nil
	}
	return i.encode(), nil
}

// takeOver hands on the items that were in flight, which are older than all that the queue
// holds, in their order, and takes them off the index. It returns how many records they have and
// the operations that delete them. These come before the index is written: of an item that is
// listed there and gone, nothing is left to do.
func (g *Guard) takeOver(ctx context.Context, i *index) (records int, ops []*storage.Operation, err error) {
	for _, number := range i.dispatched {
		key := itemKey(number)
		n, err := g.takeOverItem(ctx, key)
		if err != nil {
			return 0, nil, err
		}
		records += n
		ops = append(ops, storage.DeleteOperation(key))
	}
	i.dispatched = nil
	return records, ops, nil
}

func (g *Guard) takeOverItem(ctx context.Context, key string) (records int, err error) {
	stored, err := g.source.client.Get(ctx, key)
	if err != nil || stored == nil {
		return 0, err
	}
	ld, err := g.decode(stored)
	if err != nil {
		return 0, g.setAside(ctx, key, stored)
	}
	strip(ld)
	put, err := g.set.TakeOver(ctx, ld)
	if err != nil {
		return 0, err
	}
	return ld.LogRecordCount(), put(ctx)
}

// itemsPerRead is how many items are read at once to be measured.
const itemsPerRead = 16

// measure sets the sizes of the index to those of the items that the queue holds. The helper
// counts offers that the storage has refused, until its queue is empty.
func (g *Guard) measure(ctx context.Context, i *index) error {
	i.items, i.bytes = 0, 0
	sizer := plog.ProtoMarshaler{}
	for first := i.read; first < i.write; first += itemsPerRead {
		var ops []*storage.Operation
		for number := first; number < min(first+itemsPerRead, i.write); number++ {
			ops = append(ops, storage.GetOperation(itemKey(number)))
		}
		if err := g.source.client.Batch(ctx, ops...); err != nil {
			return err
		}
		for _, op := range ops {
			if ld, err := g.decode(op.Value); err == nil {
				i.items += int64(ld.LogRecordCount())
				i.bytes += int64(sizer.LogsSize(ld))
			}
		}
	}
	return nil
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
