// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// guarded is the helper's client of its storage. The helper makes one call at a time, with the
// lock of its queue held.
type guarded struct {
	storage.Client
	guard *Guard
}

// Get reads a value. The first read of the index is the start of the queue.
func (c *guarded) Get(ctx context.Context, key string) ([]byte, error) {
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	if key == indexKey && !c.guard.start.begun {
		stored, err := c.guard.begin(ctx)
		if err != nil { // Started returns it; the helper would say that it begins a new queue
			return (&index{}).encode(), nil
		}
		return stored, nil
	}
	op := storage.GetOperation(key)
	err := c.guard.carryOut(ctx, []*storage.Operation{op})
	return op.Value, err
}

// Set writes a value.
func (c *guarded) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete deletes a value.
func (c *guarded) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch carries out what the helper asks for, by the rules of the package.
func (c *guarded) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	return c.guard.carryOut(ctx, ops)
}

// Close ends the use of the storage.
func (c *guarded) Close(ctx context.Context) error {
	if err := c.guard.leave(ctx); err != nil { // only who empties the queue's part is asked about it
		c.guard.set.Logger.Warn("It could not be noted that the sending queue has left nothing", zap.Error(err))
	}
	return c.Client.Close(ctx)
}

// carryOut is Batch with the lock held.
func (g *Guard) carryOut(ctx context.Context, ops []*storage.Operation) error {
	if g.start.err != nil {
		// An item that is not read is not deleted either.
		return g.standIn(ops, g.start.err)
	}
	if err := known(ops); err != nil {
		return g.failStart(err)
	}
	if has(ops, storage.Get) && has(ops, storage.Set) {
		g.readItem(ctx, g.packed(ops))
		return nil
	}
	err := g.write(ctx, g.packed(ops))
	o, offered := ctx.Value(offerKey{}).(*offer)
	switch {
	case err != nil && offered:
		o.err = err
		g.fault.fails(g.set, err)
		return nil
	case err != nil && has(ops, storage.Delete):
		g.owe(ops)
		g.fault.fails(g.set, err)
	case err == nil:
		return legacy(ops, g.failStart)
	}
	return err
}

// known returns an error for a write under a key that the helper is not known to use.
func known(ops []*storage.Operation) error {
	for _, op := range ops {
		if op.Type == storage.Set && op.Key != indexKey && !isItem(op.Key) {
			return fmt.Errorf("the queue writes %q, of which this exporter does not know what it is", op.Key)
		}
	}
	return nil
}

// legacy returns an error when the helper has read the index of a version that kept it
// elsewhere: what was in flight then would be put behind all that came later.
func legacy(ops []*storage.Operation, fail func(error) error) error {
	for _, op := range ops {
		if op.Type == storage.Get && !isItem(op.Key) && op.Key != indexKey && len(op.Value) > 0 {
			return fail(fmt.Errorf("the queue was written by a Collector before v0.137, under the key %q: let that version send what it holds", op.Key))
		}
	}
	return nil
}

// packed returns the operations with each item that they write packed.
func (g *Guard) packed(ops []*storage.Operation) []*storage.Operation {
	ops = slices.Clone(ops)
	for i, op := range ops {
		if op.Type == storage.Set && isItem(op.Key) {
			ops[i] = storage.SetOperation(op.Key, g.packer.Pack(op.Value))
		}
	}
	return ops
}

// standIn gives the helper a placeholder for each item that it reads.
func (g *Guard) standIn(ops []*storage.Operation, err error) error {
	for _, op := range ops {
		if op.Type == storage.Get && isItem(op.Key) {
			g.state.unread = append(g.state.unread, op.Key)
			op.Value, err = placeholder, nil
		}
	}
	return err
}

// readItem reads an item and notes that it is in flight. What cannot be read, or not be noted,
// is left to Push: an item that is handed on without a note would not be taken over.
func (g *Guard) readItem(ctx context.Context, ops []*storage.Operation) {
	err := g.write(ctx, ops)
	if err != nil {
		g.fault.fails(g.set, err)
	}
	for _, op := range ops {
		if op.Type != storage.Get {
			if err != nil {
				g.state.note = op
			}
			continue
		}
		item, damaged := unpackItem(g.packer, op.Value)
		switch {
		case err == nil && op.Value == nil:
			item = placeholder // of an offer that failed
		case err != nil || damaged != nil:
			g.state.unread = append(g.state.unread, op.Key)
			item = placeholder
		}
		op.Value = item
	}
}

// owe puts the deletions among the operations off to the next write.
func (g *Guard) owe(ops []*storage.Operation) {
	for _, op := range ops {
		if op.Type == storage.Delete {
			g.state.owed[op.Key] = struct{}{}
		}
	}
}
