// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package overflow // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/overflow"

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
)

const (
	lineKey    = "line"
	numberSize = 8
)

var errDamaged = errors.New("sending_queue::storage: the log records that waited for the queue are damaged; " +
	"restore the folder, or remove its file for \"overflow\" and accept that these records are lost")

// journal is the line as it is kept in a storage extension: the requests under their
// numbers, and the numbers in their order, each behind a checksum.
type journal struct{ client storage.Client }

// read returns the requests in line, and the number of the next one.
func (j *journal) read(ctx context.Context) (line []request, next uint64, err error) {
	stored, err := j.client.Get(ctx, lineKey)
	if err != nil {
		return nil, 0, fmt.Errorf("sending_queue::storage: reading what waited for the queue: %w", err)
	}
	if stored == nil {
		return nil, 0, nil
	}
	numbers, whole := sealed.Open(stored)
	if !whole || len(numbers)%numberSize != 0 {
		return nil, 0, errDamaged
	}
	for ; len(numbers) > 0; numbers = numbers[numberSize:] {
		r, err := j.request(ctx, binary.BigEndian.Uint64(numbers))
		if err != nil {
			return nil, 0, err
		}
		line = append(line, r)
		next = max(next, r.number+1)
	}
	return line, next, nil
}

func (j *journal) request(ctx context.Context, number uint64) (request, error) {
	stored, err := j.client.Get(ctx, requestKey(number))
	if err != nil {
		return request{}, fmt.Errorf("sending_queue::storage: reading what waited for the queue: %w", err)
	}
	text, whole := sealed.Open(stored)
	if !whole {
		return request{}, errDamaged
	}
	decoder := plog.ProtoUnmarshaler{}
	data, err := decoder.UnmarshalLogs(text)
	if err != nil {
		return request{}, errDamaged // the error itself might show what is in a record
	}
	return newRequest(number, data), nil
}

// add writes a request behind those that have these numbers.
func (j *journal) add(ctx context.Context, line []uint64, added request) error {
	encoder := plog.ProtoMarshaler{}
	text, err := encoder.MarshalLogs(added.data)
	if err != nil {
		return fmt.Errorf("sending_queue::storage: encoding what waits for the queue: %w", err)
	}
	return j.write(ctx, append(line, added.number), storage.SetOperation(requestKey(added.number), sealed.Seal(text)))
}

// remove removes a request, and leaves those with the numbers of the line.
func (j *journal) remove(ctx context.Context, line []uint64, number uint64) error {
	return j.write(ctx, line, storage.DeleteOperation(requestKey(number)))
}

// write writes the line with one change, both or neither. It may not stop half way
// because the caller's context ends, for by then the caller counts on it.
func (j *journal) write(ctx context.Context, line []uint64, change *storage.Operation) error {
	numbers := make([]byte, 0, len(line)*numberSize)
	for _, number := range line {
		numbers = binary.BigEndian.AppendUint64(numbers, number)
	}
	if err := j.client.Batch(context.WithoutCancel(ctx), storage.SetOperation(lineKey, sealed.Seal(numbers)), change); err != nil {
		return fmt.Errorf("sending_queue::storage: writing what waits for the queue: %w", err)
	}
	return nil
}

func requestKey(number uint64) string { return "request" + strconv.FormatUint(number, 10) }
