// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	storageName = "arrival"
	runKey      = "run"
	pagesKey    = "pages"
	batchKey    = "batch"
	entrySize   = 16 // a key and a number
)

// journal is what a Watch keeps in the storage extension of the queue: the number
// of the run, pages of values that were about to be sent while the watch was on,
// and one with those of the last batch while it was not.
type journal struct {
	client storage.Client

	mu      sync.Mutex
	pages   uint64
	entries int
}

func openJournal(ctx context.Context, host component.Host, storageID, exporterID component.ID) (*journal, error) {
	extension, ok := host.GetExtensions()[storageID].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("sending_queue::storage: %q is no storage extension of this collector", storageID)
	}
	client, err := extension.GetClient(ctx, component.KindExporter, exporterID, storageName)
	if err != nil {
		return nil, fmt.Errorf("sending_queue::storage: opening the order of arrival: %w", err)
	}
	return &journal{client: client}, nil
}

func (j *journal) close(ctx context.Context) error { return j.client.Close(ctx) }

// nextRun counts the runs. A clock would do, if clocks never went back.
func (j *journal) nextRun(ctx context.Context) (int64, error) {
	run, err := j.number(ctx, runKey)
	if err != nil {
		return 0, err
	}
	run++
	if err := j.client.Set(ctx, runKey, encoded(run)); err != nil {
		return 0, fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	return int64(run), nil //nolint:gosec // counts up from 0
}

// read returns the newest number of each key that was written down.
func (j *journal) read(ctx context.Context) (map[uint64]Number, error) {
	pages, err := j.number(ctx, pagesKey)
	if err != nil {
		return nil, err
	}
	j.pages = pages
	newest := make(map[uint64]Number)
	for page := range pages {
		if err := j.readPage(ctx, pageKey(page), newest); err != nil {
			return nil, err
		}
	}
	j.entries = len(newest)
	return newest, j.readPage(ctx, batchKey, newest)
}

func (j *journal) readPage(ctx context.Context, key string, newest map[uint64]Number) error {
	data, err := j.client.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("sending_queue::storage: reading the order of arrival: %w", err)
	}
	if len(data)%entrySize != 0 {
		return damaged(key, len(data))
	}
	for ; len(data) > 0; data = data[entrySize:] {
		value, number := binary.BigEndian.Uint64(data), Number(binary.BigEndian.Uint64(data[8:])) //nolint:gosec // written from one
		newest[value] = max(newest[value], number)
	}
	return nil
}

// addPage adds a page with the values.
func (j *journal) addPage(ctx context.Context, values []Value) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	values = values[:min(len(values), max(0, maxWatched-j.entries))]
	if len(values) == 0 {
		return nil
	}
	if err := j.client.Batch(ctx,
		storage.SetOperation(pageKey(j.pages), page(values)),
		storage.SetOperation(pagesKey, encoded(j.pages+1)),
	); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	j.pages++
	j.entries += len(values)
	return nil
}

// setBatch puts the values in the place of those of the batch before.
func (j *journal) setBatch(ctx context.Context, values []Value) error {
	if len(values) == 0 {
		return nil
	}
	if err := j.client.Set(ctx, batchKey, page(values)); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	return nil
}

func page(values []Value) []byte {
	data := make([]byte, 0, len(values)*entrySize)
	for _, v := range values {
		data = binary.BigEndian.AppendUint64(data, v.key())
		data = binary.BigEndian.AppendUint64(data, uint64(v.Arrived)) //nolint:gosec // read back as one
	}
	return data
}

// clear removes all pages.
func (j *journal) clear(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pages == 0 {
		return nil
	}
	operations := []*storage.Operation{storage.DeleteOperation(pagesKey)}
	for page := range j.pages {
		operations = append(operations, storage.DeleteOperation(pageKey(page)))
	}
	if err := j.client.Batch(ctx, operations...); err != nil {
		return fmt.Errorf("sending_queue::storage: clearing the order of arrival: %w", err)
	}
	j.pages, j.entries = 0, 0
	return nil
}

func (j *journal) number(ctx context.Context, key string) (uint64, error) {
	data, err := j.client.Get(ctx, key)
	switch {
	case err != nil:
		return 0, fmt.Errorf("sending_queue::storage: reading the order of arrival: %w", err)
	case len(data) == 0:
		return 0, nil
	case len(data) != 8:
		return 0, damaged(key, len(data))
	}
	return binary.BigEndian.Uint64(data), nil
}

func damaged(key string, size int) error {
	return errors.Join(errDamaged, fmt.Errorf("%s has %d bytes", key, size))
}

var errDamaged = errors.New("sending_queue::storage: the order of arrival is damaged; " +
	"restore the folder, or remove its file for \"arrival\" and accept that an older value may follow a newer one")

func encoded(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func pageKey(page uint64) string { return "page" + strconv.FormatUint(page, 10) }
