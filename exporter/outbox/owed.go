// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"encoding/binary"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

const (
	headerKey = "outbox"
	// headerFormat changes when an earlier build could not read what is stored.
	headerFormat = 1
	// headerStep is by how many pages the header runs ahead, so that it is seldom written.
	headerStep = 256
)

// Owed returns the operations that write what has changed since the last write, in an order
// in which any beginning of them may be carried out alone, and a function to be told whether
// they were. It returns none when nothing has changed. One write is made at a time.
func (o *Outbox) Owed() (ops []*storage.Operation, written func(ok bool)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	stored := o.pages.stored
	if stored > 0 && len(o.pages.dirty) == 0 && len(o.uploads.dirty) == 0 {
		return nil, func(bool) {}
	}
	if o.pages.used > stored || stored == 0 {
		stored = (o.pages.used/headerStep + 1) * headerStep
		ops = append(ops, storage.SetOperation(headerKey, journal.Seal(binary.BigEndian.AppendUint32([]byte{headerFormat}, stored))))
	}
	notes, ends := o.uploads.owed()
	ops = append(ops, notes...)
	numbers := slices.Sorted(maps.Keys(o.pages.dirty))
	for _, number := range numbers {
		ops = append(ops, o.write(number))
	}
	ops = append(ops, ends...)
	slots := o.unwritten
	o.unwritten, o.pages.dirty = nil, make(map[uint32]struct{})
	return ops, func(ok bool) { o.wrote(ok, stored, numbers, slots) }
}

// write returns the operation that stores a page.
func (o *Outbox) write(number uint32) *storage.Operation {
	packed := o.pages.pack(o.pages.loaded[number], func(i int) bool {
		n := number*slotsPerPage + uint32(i) //nolint:gosec // below slotsPerPage
		return n < o.slots.size && o.slots.at(n).state != ended
	})
	if packed == nil {
		return storage.DeleteOperation(pageKey(number))
	}
	return storage.SetOperation(pageKey(number), packed)
}

// wrote ends a write.
func (o *Outbox) wrote(ok bool, stored uint32, numbers, slots []uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.uploads.wrote(ok)
	if ok {
		o.pages.stored = stored
		o.release(slots)
	} else {
		o.unwritten = append(slots, o.unwritten...)
	}
	for _, number := range numbers {
		if _, again := o.pages.dirty[number]; ok || again {
			o.pages.loaded[number].users--
		} else {
			o.pages.dirty[number] = struct{}{}
		}
	}
	o.pages.trim()
}
