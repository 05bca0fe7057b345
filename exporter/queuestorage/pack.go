// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queuestorage"

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
)

const (
	// worthPacking is how long an item is that compression makes much shorter: log
	// records are like each other, and one alone is like no other.
	worthPacking = 1 << 10
	// farthest is how far back in an item compression looks, which bounds its memory.
	farthest = 256 << 10
)

// mark is what a stored item begins with. The helper's own never do: as protobuf it is no
// field that they have.
const mark = "\xffTQ1"

// The first byte behind mark and checksum says how the rest is stored.
const (
	plain byte = iota
	packed
)

var errDamaged = errors.New("the item is not what was written")

// packer makes items short, and finds out when they are not what was stored. It is
// safe for concurrent use.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newPacker() (*packer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(farthest), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("compression of the sending queue: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compression of the sending queue: %w", err)
	}
	return &packer{encoder, decoder}, nil
}

// pack returns what is stored of an item.
func (p *packer) pack(item []byte) []byte {
	if len(item) < worthPacking {
		return append([]byte(mark), sealed.Seal(append([]byte{plain}, item...))...)
	}
	return append([]byte(mark), sealed.Seal(p.encoder.EncodeAll(item, []byte{packed}))...)
}

// unpack returns the item of which that was stored, or an error when it is damaged. One
// that the helper has stored by itself is returned as it is.
func (p *packer) unpack(stored []byte) ([]byte, error) {
	marked, found := bytes.CutPrefix(stored, []byte(mark))
	if !found {
		if len(stored) == 0 || !sound(stored) {
			return nil, errDamaged
		}
		return stored, nil
	}
	text, whole := sealed.Open(marked)
	switch {
	case !whole || len(text) == 0:
		return nil, errDamaged
	case text[0] == plain:
		return text[1:], nil
	case text[0] == packed:
		return p.decoder.DecodeAll(text[1:], nil)
	}
	return nil, errDamaged
}

// packed returns the operations with each item that they write packed.
func (g *Guard) packed(ops []*storage.Operation) []*storage.Operation {
	ops = slices.Clone(ops)
	for i, op := range ops {
		if op.Type == storage.Set && isItem(op.Key) {
			ops[i] = storage.SetOperation(op.Key, g.packer.pack(op.Value))
		}
	}
	return ops
}

// unpacked unpacks the items that the operations have read, and returns them, and those
// that are damaged by their keys. The queue finds such an item empty, and lets go of it.
func (g *Guard) unpacked(ops []*storage.Operation) (items [][]byte, damaged map[string][]byte) {
	damaged = make(map[string][]byte)
	for _, op := range ops {
		if op.Type != storage.Get || !isItem(op.Key) || op.Value == nil {
			continue
		}
		item, err := g.packer.unpack(op.Value)
		if err != nil {
			damaged[op.Key] = op.Value
			op.Value = nil
			continue
		}
		op.Value = item
		items = append(items, item)
	}
	return items, damaged
}

// isItem tells whether a key is that of an item: the queue numbers them.
func isItem(key string) bool {
	_, err := strconv.ParseUint(key, 10, 64)
	return err == nil
}
