// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// disk is a storage extension in memory that can be made to fail, and to lose all
// that is written from some moment on, as when the process is killed.
type disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu      sync.Mutex
	files   map[string]map[string][]byte
	full    bool
	killed  bool
	written func() // called before each write
}

func newDisk() *disk { return &disk{files: make(map[string]map[string][]byte)} }

var errFull = errors.New("no space left on device")

func (d *disk) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: d}
}

func (d *disk) GetClient(_ context.Context, _ component.Kind, _ component.ID, name string) (storage.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] == nil {
		d.files[name] = make(map[string][]byte)
	}
	return &diskClient{disk: d, name: name}, nil
}

// rebooted returns what is on the disk.
func (d *disk) rebooted() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := newDisk()
	for name, file := range d.files {
		next.files[name] = maps.Clone(file)
	}
	return next
}

func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

type diskClient struct {
	disk *disk
	name string
}

func (c *diskClient) Get(ctx context.Context, key string) ([]byte, error) {
	get := storage.GetOperation(key)
	err := c.Batch(ctx, get)
	return get.Value, err
}

func (c *diskClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *diskClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *diskClient) Batch(_ context.Context, operations ...*storage.Operation) error {
	d := c.disk
	if d.written != nil {
		d.written()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	file := d.files[c.name]
	for _, op := range operations {
		switch {
		case op.Type == storage.Get:
			op.Value = bytes.Clone(file[op.Key])
		case d.full:
			return errFull
		case d.killed:
		case op.Type == storage.Set:
			file[op.Key] = bytes.Clone(op.Value)
		case op.Type == storage.Delete:
			delete(file, op.Key)
		}
	}
	return nil
}

func (*diskClient) Close(context.Context) error { return nil }
