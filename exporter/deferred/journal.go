// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package deferred // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
)

const (
	indexKey   = "index"
	numberSize = 8
)

var errDamaged = errors.New("sending_queue::storage: the deferred log records are damaged; " +
	"restore the folder, or remove its file for \"deferred\" and accept that these records are lost")

// journal is what a Store keeps in a storage extension: every portion under its
// number, behind the number of records that were merged into it, and an index of the
// numbers, all behind a checksum. Without a client it keeps nothing.
type journal struct{ client storage.Client }

// read returns the portions that are stored, in the order in which they were added.
func (j *journal) read(ctx context.Context) ([]*portion, error) {
	if j.client == nil {
		return nil, nil
	}
	stored, err := j.client.Get(ctx, indexKey)
	if err != nil {
		return nil, fmt.Errorf("sending_queue::storage: reading the deferred log records: %w", err)
	}
	if stored == nil {
		return nil, nil
	}
	index, whole := sealed.Open(stored)
	if !whole || len(index)%numberSize != 0 {
		return nil, errDamaged
	}
	var found []*portion
	for ; len(index) > 0; index = index[numberSize:] {
		p, err := j.readPortion(ctx, binary.BigEndian.Uint64(index))
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

func (j *journal) readPortion(ctx context.Context, number uint64) (*portion, error) {
	stored, err := j.client.Get(ctx, portionKey(number))
	if err != nil {
		return nil, fmt.Errorf("sending_queue::storage: reading the deferred log records: %w", err)
	}
	text, whole := sealed.Open(stored)
	merged, n := binary.Uvarint(text)
	if !whole || n <= 0 {
		return nil, errDamaged
	}
	decoder := plog.ProtoUnmarshaler{}
	data, err := decoder.UnmarshalLogs(text[n:])
	if err != nil {
		return nil, errDamaged // the error itself might show what is in the record
	}
	p := newPortion(number, data)
	p.merged, p.recovered = int(merged), true //nolint:gosec // written from one
	return p, nil
}

// write writes and removes portions, and the index that then holds, all or nothing.
func (j *journal) write(ctx context.Context, index []uint64, written, removed []*portion) error {
	if j.client == nil {
		return nil
	}
	slices.Sort(index)
	numbers := make([]byte, 0, len(index)*numberSize)
	for _, number := range index {
		numbers = binary.BigEndian.AppendUint64(numbers, number)
	}
	operations := []*storage.Operation{storage.SetOperation(indexKey, sealed.Seal(numbers))}
	encoder := plog.ProtoMarshaler{}
	for _, p := range written {
		text, err := encoder.MarshalLogs(p.data)
		if err != nil {
			return fmt.Errorf("sending_queue::storage: encoding the deferred log records: %w", err)
		}
		text = append(binary.AppendUvarint(nil, uint64(p.merged)), text...) //nolint:gosec // never negative
		operations = append(operations, storage.SetOperation(portionKey(p.number), sealed.Seal(text)))
	}
	for _, p := range removed {
		operations = append(operations, storage.DeleteOperation(portionKey(p.number)))
	}
	if err := j.client.Batch(context.WithoutCancel(ctx), operations...); err != nil {
		return fmt.Errorf("sending_queue::storage: writing the deferred log records: %w", err)
	}
	return nil
}

func (j *journal) close(ctx context.Context) error {
	if j.client == nil {
		return nil
	}
	return j.client.Close(ctx)
}

func portionKey(number uint64) string { return "records" + strconv.FormatUint(number, 10) }
