// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// indexKey is where the helper keeps which items its queue holds.
const indexKey = "qmv0"

// index is the helper's PersistentMetadata, in the form of v0.137 to v0.165.
type index struct {
	items, bytes int64
	read, write  uint64
	dispatched   []uint64
}

var errIndex = errors.New("the index of the queue is damaged, or of a version of the Collector that this exporter does not know; " +
	"restore the folder, or remove this exporter's files there and accept that what they held is lost")

// decodeIndex reads an index. A field that is not known is an error: the helper may keep
// there what must not be lost.
func decodeIndex(stored []byte) (index, error) {
	var i index
	for len(stored) > 0 {
		field, kind, n := protowire.ConsumeTag(stored)
		if n < 0 {
			return index{}, errIndex
		}
		stored = stored[n:]
		if field == 5 && kind == protowire.BytesType {
			packed, size := protowire.ConsumeBytes(stored)
			if size < 0 || len(packed)%8 != 0 {
				return index{}, errIndex
			}
			for stored = stored[size:]; len(packed) > 0; packed = packed[8:] {
				item, _ := protowire.ConsumeFixed64(packed)
				i.dispatched = append(i.dispatched, item)
			}
			continue
		}
		value, n := protowire.ConsumeFixed64(stored)
		if n < 0 || kind != protowire.Fixed64Type || !i.set(field, value) {
			return index{}, errIndex
		}
		stored = stored[n:]
	}
	if i.read > i.write {
		return index{}, fmt.Errorf("it reads behind its end: %w", errIndex)
	}
	slices.Sort(i.dispatched) // the helper keeps them by swapping
	return i, nil
}

func (i *index) set(field protowire.Number, value uint64) bool {
	switch field {
	case 1:
		i.items = int64(value) //nolint:gosec // sfixed64
	case 2:
		i.bytes = int64(value) //nolint:gosec // sfixed64
	case 3:
		i.read = value
	case 4:
		i.write = value
	case 5:
		i.dispatched = append(i.dispatched, value)
	default:
		return false
	}
	return true
}

// encode returns the index as the helper reads it, with nothing dispatched.
func (i *index) encode() []byte {
	var b []byte
	for field, value := range []uint64{uint64(i.items), uint64(i.bytes), i.read, i.write} { //nolint:gosec // sfixed64
		b = protowire.AppendTag(b, protowire.Number(field+1), protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, value)
	}
	return b
}

// requests is how many items the queue holds, those in flight among them.
func (i *index) requests() int64 {
	return int64(i.write-i.read) + int64(len(i.dispatched)) //nolint:gosec // read is not behind write
}
