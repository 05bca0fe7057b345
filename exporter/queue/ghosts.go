// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"
)

// ghosts are the sizes of offers that the storage refused. The helper counts them all the same
// until its queue is empty; stored they would be records that a later run has recovered and
// never finds.
type ghosts struct {
	items, bytes int64
	// last is the index as the helper has it in memory.
	last index
}

// note takes a write of the helper into account.
func (g *ghosts) note(ops []*storage.Operation, failed bool) {
	i, ok := indexOf(ops)
	switch {
	case !ok:
		return
	case i.items == 0 && i.bytes == 0:
		g.items, g.bytes = 0, 0
	case failed && offers(ops):
		g.items += i.items - g.last.items
		g.bytes += i.bytes - g.last.bytes
	}
	g.last = i
}

// without returns the operations with an index that counts no ghosts. Of a field that stands in
// a message twice the later one counts.
func (g *ghosts) without(ops []*storage.Operation) []*storage.Operation {
	i, ok := indexOf(ops)
	if !ok || g.items == 0 && g.bytes == 0 || i.items == 0 && i.bytes == 0 {
		return ops
	}
	exact := make([]*storage.Operation, len(ops))
	copy(exact, ops)
	for n, op := range ops {
		if op.Type == storage.Set && op.Key == indexKey {
			value := append([]byte(nil), op.Value...)
			for field, size := range []int64{i.items - g.items, i.bytes - g.bytes} {
				value = protowire.AppendTag(value, protowire.Number(field+1), protowire.Fixed64Type)
				value = protowire.AppendFixed64(value, uint64(max(0, size)))
			}
			exact[n] = storage.SetOperation(indexKey, value)
		}
	}
	return exact
}

// indexOf returns the index that operations write.
func indexOf(ops []*storage.Operation) (i index, ok bool) {
	for _, op := range ops {
		if op.Type == storage.Set && op.Key == indexKey {
			i, err := decodeIndex(op.Value)
			return i, err == nil
		}
	}
	return index{}, false
}

// offers reports whether operations store an item.
func offers(ops []*storage.Operation) bool {
	for _, op := range ops {
		if op.Type == storage.Set && isItem(op.Key) {
			return true
		}
	}
	return false
}
