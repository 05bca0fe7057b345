// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
)

const (
	entrySize = 16 // a key and a number
	// fewEntries are so few that pages need not be put together, 1 MB.
	fewEntries = 1 << 16
)

// read returns the newest number of each key that was written down.
func (j *journal) read(ctx context.Context) (map[uint64]Number, error) {
	pages, err := j.number(ctx, pagesKey)
	if err != nil {
		return nil, err
	}
	j.pages = pages
	newest, err := j.readPages(ctx)
	if err != nil {
		return nil, err
	}
	return newest, j.keepBatch(ctx, newest)
}

// keepBatch makes a page of what was merged in the last batch, which the next one takes
// the place of: it may come again after that, in several parts.
func (j *journal) keepBatch(ctx context.Context, newest map[uint64]Number) error {
	entries, err := j.readPage(ctx, batchKey, newest)
	if err != nil || entries == 0 {
		return err
	}
	merged, err := j.client.Get(ctx, batchKey)
	if err != nil {
		return fmt.Errorf("sending_queue::storage: reading the order of arrival: %w", err)
	}
	if err := j.client.Batch(ctx, storage.SetOperation(pageKey(j.pages), merged),
		storage.SetOperation(pagesKey, encoded(j.pages+1)), storage.DeleteOperation(batchKey)); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	j.pages++
	j.entries += entries
	return nil
}

func (j *journal) readPages(ctx context.Context) (map[uint64]Number, error) {
	newest := make(map[uint64]Number)
	j.entries = 0
	for page := range j.pages {
		n, err := j.readPage(ctx, pageKey(page), newest)
		if err != nil {
			return nil, err
		}
		j.entries += n
	}
	return newest, nil
}

// readPage adds what is on a page, and returns how many entries that are.
func (j *journal) readPage(ctx context.Context, key string, newest map[uint64]Number) (entries int, err error) {
	data, err := j.sealed(ctx, key)
	if err != nil {
		return 0, err
	}
	if len(data)%entrySize != 0 {
		return 0, damaged(key, len(data))
	}
	entries = len(data) / entrySize
	for ; len(data) > 0; data = data[entrySize:] {
		value, number := binary.BigEndian.Uint64(data), Number(binary.BigEndian.Uint64(data[8:])) //nolint:gosec // written from one
		newest[value] = max(newest[value], number)
	}
	return entries, nil
}

// addPage adds a page with the values.
func (j *journal) addPage(ctx context.Context, values []Value) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(values) == 0 {
		return nil
	}
	if j.entries+len(values) > j.crowded {
		if err := j.putTogether(ctx); err != nil {
			return err
		}
	}
	if err := j.client.Batch(ctx,
		storage.SetOperation(pageKey(j.pages), sealed.Seal(page(values))),
		storage.SetOperation(pagesKey, encoded(j.pages+1)),
	); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	j.pages++
	j.entries += len(values)
	return nil
}

// putTogether makes one page of all, without what newer values have replaced, so that
// the journal grows with the values that are watched and not with how often they are sent.
func (j *journal) putTogether(ctx context.Context) error {
	newest, err := j.readPages(ctx)
	if err != nil {
		return err
	}
	data := make([]byte, 0, len(newest)*entrySize)
	for value, number := range newest {
		data = appendEntry(data, value, number)
	}
	// In an order in which any beginning of it leaves no value out.
	operations := []*storage.Operation{storage.SetOperation(pageKey(0), sealed.Seal(data)), storage.SetOperation(pagesKey, encoded(1))}
	for page := uint64(1); page < j.pages; page++ {
		operations = append(operations, storage.DeleteOperation(pageKey(page)))
	}
	if err := j.client.Batch(ctx, operations...); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	j.pages, j.entries = 1, len(newest)
	j.crowded = max(fewEntries, 2*j.entries)
	return nil
}

func page(values []Value) []byte {
	data := make([]byte, 0, len(values)*entrySize)
	for _, v := range values {
		data = appendEntry(data, v.key(), v.Arrived)
	}
	return data
}

func appendEntry(data []byte, value uint64, number Number) []byte {
	data = binary.BigEndian.AppendUint64(data, value)
	return binary.BigEndian.AppendUint64(data, uint64(number)) //nolint:gosec // read back as one
}
