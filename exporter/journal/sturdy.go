// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// sturdy is the client of a storage that may be damaged. bbolt, beneath file_storage, panics when
// a page of its file is not what another page says, and where the file was shortened the memory
// that it is mapped to is a fault. Both happen in a call of ours, which is not carried out then,
// and a Collector that goes down with a stack says nothing of the file.
//
// bbolt may hold its locks for ever after that. So nothing more is asked of it, nor is it closed.
type sturdy struct {
	client storage.Client
	where  string
	broken atomic.Pointer[error]
}

var _ storage.Client = (*sturdy)(nil)

func (s *sturdy) do(call func() error) error {
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	err := caught(call)
	if errors.Is(err, errDamaged) {
		err = fmt.Errorf("%s %w", s.where, err)
		s.broken.Store(&err)
	}
	return err
}

// caught returns the panic of a call as an error.
func caught(call func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(runtime.Error); fault {
				r = "a part of it is missing"
			}
			err = damage(r)
		}
	}()
	return call()
}

// Get reads a value.
func (s *sturdy) Get(ctx context.Context, key string) (value []byte, err error) {
	err = s.do(func() (err error) {
		value, err = s.client.Get(ctx, key)
		return err
	})
	return value, err
}

// Set writes a value.
func (s *sturdy) Set(ctx context.Context, key string, value []byte) error {
	return s.do(func() error { return s.client.Set(ctx, key, value) })
}

// Delete deletes a value.
func (s *sturdy) Delete(ctx context.Context, key string) error {
	return s.do(func() error { return s.client.Delete(ctx, key) })
}

// Batch carries operations out.
func (s *sturdy) Batch(ctx context.Context, ops ...*storage.Operation) error {
	return s.do(func() error { return s.client.Batch(ctx, ops...) })
}

// Close closes the storage, unless it is damaged.
func (s *sturdy) Close(ctx context.Context) error {
	if s.broken.Load() != nil {
		return nil
	}
	return s.do(func() error { return s.client.Close(ctx) })
}
