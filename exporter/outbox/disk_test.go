// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"maps"
	"strings"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var errDisk = errors.New("the disk fails")

// disk is a storage client whose values outlive the outbox. A batch is carried out whole.
type disk struct {
	data map[string][]byte
	// ever are all keys that were ever set.
	ever map[string]struct{}
	// fails reports whether a batch fails before anything of it is done.
	fails func(ops []*storage.Operation) bool
}

func newDisk() *disk { return &disk{data: make(map[string][]byte), ever: make(map[string]struct{})} }

// copied returns a disk that holds the same.
func (d *disk) copied() *disk {
	return &disk{data: maps.Clone(d.data), ever: make(map[string]struct{})}
}

// pages returns how many pages are stored.
func (d *disk) pages() (n int) {
	for key := range d.data {
		if isPage(key) {
			n++
		}
	}
	return n
}

func isPage(key string) bool { return key != headerKey && strings.HasPrefix(key, headerKey) }

// replace changes each stored page, or loses it for nil.
func (d *disk) replace(change func(page []byte) []byte) {
	for key, page := range d.data {
		if !isPage(key) {
			continue
		}
		if d.data[key] = change(page); d.data[key] == nil {
			delete(d.data, key)
		}
	}
}

func (d *disk) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := d.Batch(ctx, op)
	return op.Value, err
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	if d.fails != nil && d.fails(ops) {
		return errDisk
	}
	d.apply(ops...)
	return nil
}

func (d *disk) apply(ops ...*storage.Operation) {
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = d.data[op.Key]
		case storage.Set:
			d.data[op.Key] = op.Value
			d.ever[op.Key] = struct{}{}
		case storage.Delete:
			delete(d.data, op.Key)
		}
	}
}

func (d *disk) Close(context.Context) error { return nil }

// reads reports whether a batch reads.
func reads(ops []*storage.Operation) bool { return ops[0].Type == storage.Get }
