// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queuestorage"

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"
)

// indexKey is where the queue keeps which items it holds, as a protobuf message.
const indexKey = "qmv0"

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// guardedClient is the queue's client. The queue makes one call at a time.
type guardedClient struct {
	storage.Client
	guard *Guard
}

// Get reads a value. What it reads of the queue's index is sound, or an error.
func (c *guardedClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	if err := c.Batch(ctx, op); err != nil {
		return nil, err
	}
	if key == indexKey && !sound(op.Value) {
		c.guard.mu.Lock()
		defer c.guard.mu.Unlock()
		return nil, c.guard.failStart(fmt.Errorf("the index of the queue is damaged, it has %d bytes; restore the folder, "+
			"or remove its file for \"logs\" and accept that what it held is lost", len(op.Value)))
	}
	return op.Value, nil
}

// sound tells whether the queue can read its index. It would begin a new one on top
// of the old otherwise.
func sound(index []byte) bool {
	for len(index) > 0 {
		_, _, n := protowire.ConsumeField(index)
		if n < 0 {
			return false
		}
		index = index[n:]
	}
	return true
}

// Set writes a value.
func (c *guardedClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete deletes a value.
func (c *guardedClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch carries out what the queue asks for, by the rules of the package, and packs
// and unpacks its items.
func (c *guardedClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	if err := c.guard.carryOut(ctx, c.guard.packed(ops)); err != nil {
		return err
	}
	items, damaged := c.guard.unpacked(ops)
	moved := !has(ops, storage.Set) // an item that is read to be sent is noted too
	if err := c.guard.setAside(ctx, damaged, moved); err != nil {
		return err
	}
	if len(items) == 0 || !moved {
		return nil
	}
	return c.guard.move(ctx, items)
}

// move tells of items that were read to be put behind the others.
func (g *Guard) move(ctx context.Context, items [][]byte) error {
	if g.moving == nil {
		return nil
	}
	if err := g.moving(ctx, items); err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.failStart(err)
	}
	return nil
}

// carryOut is Batch for items that are packed.
func (g *Guard) carryOut(ctx context.Context, ops []*storage.Operation) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.refusing != nil:
		return g.refusing
	case readsItem(ops):
		return g.read(ctx, ops)
	case g.started:
		return g.change(ctx, ops)
	case !has(ops, storage.Get) && !has(ops, storage.Set):
		g.owe(ops)
		return nil
	}
	// Deletions stay put off: these may be the items that the deleted ones become.
	if err := g.client.Batch(ctx, ops...); err != nil {
		return g.failStart(err)
	}
	return nil
}

// change adds an item, or deletes one that was delivered.
func (g *Guard) change(ctx context.Context, ops []*storage.Operation) error {
	err := g.write(ctx, ops)
	if err != nil && has(ops, storage.Delete) {
		g.owe(ops)
		g.fails(err)
	}
	return err
}

// read reads an item and notes that it is with a consumer, and does not give up on
// the item before the exporter stops.
func (g *Guard) read(ctx context.Context, ops []*storage.Operation) error {
	gets := slices.DeleteFunc(slices.Clone(ops), func(op *storage.Operation) bool { return op.Type != storage.Get })
	for d := firstPause; ; d = min(2*d, longestPause) {
		err := g.write(ctx, ops)
		if err == nil {
			return nil
		}
		g.fails(err)
		if g.client.Batch(ctx, gets...) == nil {
			return nil
		}
		if !g.wait(d) {
			g.refusing = errStopped
			return errStopped
		}
	}
}

// wait pauses with the guard unlocked.
func (g *Guard) wait(d time.Duration) bool {
	g.mu.Unlock()
	defer g.mu.Lock()
	return g.pause(g.stopping, d)
}

// readsItem tells whether the operations read an item and note it: nothing else both
// reads and writes.
func readsItem(ops []*storage.Operation) bool {
	return has(ops, storage.Get) && has(ops, storage.Set)
}

func has(ops []*storage.Operation, kind storage.OpType) bool {
	return slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == kind })
}
