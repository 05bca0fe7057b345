// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"errors"
	"maps"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var (
	storageID = component.MustNewID("file_storage")
	errFull   = errors.New("no space left on device")
)

// disk is a storage extension in memory whose batches are carried out whole or not at all,
// as a file storage does. Its data outlives the runs of a queue.
type disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu    sync.Mutex
	parts map[string]map[string][]byte // by the name of the client
	// log are the batches of the queue, those that failed among them.
	log [][]*storage.Operation
	// fails says which batches fail, without a change.
	fails func(ops []*storage.Operation) bool
	// after is shown what the queue's part holds after each of its batches.
	after func(data map[string][]byte)
}

func newDisk() *disk { return &disk{parts: make(map[string]map[string][]byte)} }

func (d *disk) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: d}
}

func (d *disk) GetClient(_ context.Context, _ component.Kind, _ component.ID, name string) (storage.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.parts[name] == nil {
		d.parts[name] = make(map[string][]byte)
	}
	return &diskClient{d, name}, nil
}

// copied returns a disk that holds the same.
func (d *disk) copied() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := newDisk()
	for name, data := range d.parts {
		c.parts[name] = maps.Clone(data)
	}
	return c
}

// data returns a copy of what the queue's part holds.
func (d *disk) data() map[string][]byte { return d.copied().parts[queueName] }

// put changes what the queue's part holds.
func (d *disk) put(key string, value []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.parts[queueName][key] = value
}

// fail lets batches fail from now on, none with nil.
func (d *disk) fail(fails func(ops []*storage.Operation) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = fails
}

// batches returns the batches of the queue since the last call.
func (d *disk) batches() [][]*storage.Operation {
	d.mu.Lock()
	defer d.mu.Unlock()
	log := d.log
	d.log = nil
	return log
}

type diskClient struct {
	disk *disk
	name string
}

func (c *diskClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *diskClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *diskClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (*diskClient) Close(context.Context) error { return nil }

func (c *diskClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	d := c.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.name == queueName {
		d.log = append(d.log, ops)
	}
	if d.fails != nil && d.fails(ops) {
		return errFull
	}
	data := d.parts[c.name]
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = data[op.Key]
		case storage.Set:
			data[op.Key] = op.Value
		case storage.Delete:
			delete(data, op.Key)
		}
	}
	if c.name == queueName && d.after != nil {
		d.after(data)
	}
	return nil
}

// Which batches fail.

func all([]*storage.Operation) bool { return true }

func writes(ops []*storage.Operation) bool { return has(ops, storage.Set) || has(ops, storage.Delete) }

func itemReads(ops []*storage.Operation) bool {
	for _, op := range ops {
		if op.Type == storage.Get && isItem(op.Key) {
			return true
		}
	}
	return false
}

func itemDeletions(ops []*storage.Operation) bool {
	for _, op := range ops {
		if op.Type == storage.Delete && isItem(op.Key) {
			return true
		}
	}
	return false
}

// theNth returns the fault of one batch, counted from now.
func theNth(n int) func([]*storage.Operation) bool {
	return func([]*storage.Operation) bool {
		n--
		return n == 0
	}
}

// fromThe returns the fault of the batches of a kind, from the nth of all on.
func fromThe(n int, kind func([]*storage.Operation) bool) func([]*storage.Operation) bool {
	return func(ops []*storage.Operation) bool {
		n--
		return n <= 0 && kind(ops)
	}
}
