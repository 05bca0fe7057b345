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

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
)

const (
	storageName  = "arrival"
	runKey       = "run"
	displacedKey = "displaced"
	pagesKey     = "valuepages"
	batchKey     = "merged"
)

// journal is what a Watch keeps in the storage extension of the queue: the number
// of the run, whose records were displaced, pages of values of theirs that were about to
// be sent, and a page of the last batch's values that took the place of older ones.
type journal struct {
	client storage.Client

	mu        sync.Mutex
	displaced bool // some were written down
	pages     uint64
	entries   int
	crowded   int // at so many entries the pages are put together
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
	return &journal{client: client, crowded: fewEntries}, nil
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

// sealed returns a text that was written behind its checksum, nil when none was.
func (j *journal) sealed(ctx context.Context, key string) ([]byte, error) {
	stored, err := j.client.Get(ctx, key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("sending_queue::storage: reading the order of arrival: %w", err)
	case len(stored) == 0:
		return nil, nil
	}
	text, whole := sealed.Open(stored)
	if !whole {
		return nil, damaged(key, len(stored))
	}
	return text, nil
}

// setBatch puts the values in the place of those of the batch before.
func (j *journal) setBatch(ctx context.Context, values []Value) error {
	if len(values) == 0 {
		return nil
	}
	if err := j.client.Set(ctx, batchKey, sealed.Seal(page(values))); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the order of arrival: %w", err)
	}
	return nil
}

// clear removes whose records were displaced, and all pages.
func (j *journal) clear(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pages == 0 && !j.displaced {
		return nil
	}
	operations := []*storage.Operation{storage.DeleteOperation(displacedKey), storage.DeleteOperation(pagesKey)}
	for page := range j.pages {
		operations = append(operations, storage.DeleteOperation(pageKey(page)))
	}
	if err := j.client.Batch(ctx, operations...); err != nil {
		return fmt.Errorf("sending_queue::storage: clearing the order of arrival: %w", err)
	}
	j.displaced, j.pages, j.entries = false, 0, 0
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

func pageKey(page uint64) string { return "values" + strconv.FormatUint(page, 10) }
