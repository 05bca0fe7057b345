// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

// asideKey begins the keys of pages that are damaged.
const asideKey = "damaged"

var errHeader = errors.New("sending_queue::storage: the outbox was written by a newer build, or is damaged: " +
	"use that build, restore the folder, or remove this exporter's files there and accept that what they held is lost")

// Load keeps the outbox in a storage, and takes up what an earlier run has left there. It
// comes before everything else. Pages that are damaged are set aside under keys of their
// own; damaged is how many. found reports whether an outbox was ever kept there.
func (o *Outbox) Load(ctx context.Context, client storage.Client, now time.Time) (found bool, damaged int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pages.client = client
	header, err := client.Get(ctx, headerKey)
	if err != nil {
		return false, 0, fmt.Errorf("sending_queue::storage: reading the outbox: %w", err)
	}
	if header == nil {
		return false, 0, nil
	}
	text, whole := journal.Unseal(header)
	if !whole || len(text) != 5 || text[0] != headerFormat {
		return true, 0, errHeader
	}
	o.pages.stored = binary.BigEndian.Uint32(text[1:])
	if o.pages.stored > maxSlots/slotsPerPage {
		return true, 0, errHeader
	}
	for first := uint32(0); first < o.pages.stored; first += pagesPerRead {
		n, err := o.loadPages(ctx, first, min(first+pagesPerRead, o.pages.stored), now)
		if err != nil {
			return true, damaged, err
		}
		damaged += n
	}
	if err := o.uploads.load(ctx, client); err != nil {
		return true, damaged, err
	}
	o.loadUnused()
	o.loadMemory()
	o.loaded = o.held.Records
	return true, damaged, nil
}

// loadPages takes up pages, one after another.
func (o *Outbox) loadPages(ctx context.Context, first, end uint32, now time.Time) (damaged int, err error) {
	numbers := make([]uint32, 0, pagesPerRead)
	for number := first; number < end; number++ {
		numbers = append(numbers, number)
	}
	stored, err := o.pages.read(ctx, numbers)
	if err != nil {
		return 0, err
	}
	for i, number := range numbers {
		if stored[i] == nil {
			continue
		}
		if o.loadPage(number, stored[i], now) != nil {
			damaged++
			key := pageKey(number)
			if err := o.pages.client.Batch(ctx, storage.SetOperation(asideKey+key, stored[i]), storage.DeleteOperation(key)); err != nil {
				return damaged, fmt.Errorf("sending_queue::storage: setting a damaged page of the outbox aside: %w", err)
			}
		}
	}
	return damaged, nil
}

// loadPage takes up the entries of a page, all or none.
func (o *Outbox) loadPage(number uint32, stored []byte, now time.Time) error {
	pg, err := o.pages.unpack(stored)
	if err != nil {
		return err
	}
	var entries [slotsPerPage]*Entry
	for i, raw := range pg.entries {
		if raw == "" {
			continue
		}
		if entries[i], err = decode(raw); err != nil {
			return err
		}
	}
	for i, e := range entries {
		if e != nil {
			e.slot = number*slotsPerPage + uint32(i)
			o.loadEntry(e, len(pg.entries[i]), now)
		}
	}
	return nil
}

// loadEntry takes up an entry, to be due when its window ends.
func (o *Outbox) loadEntry(e *Entry, size int, now time.Time) {
	o.slots.grow(e.slot + 1)
	o.pages.used = max(o.pages.used, pageOf(e.slot)+1)
	o.slots.know(e.Visitor, e.slot)
	s := o.slots.at(e.slot)
	*s = slot{
		first: seconds(e.First), size: uint32(size), //nolint:gosec // it was stored from one
		attempts: uint8(min(e.Attempts, 255)), //nolint:gosec // bounded
	}
	switch {
	case e.Upload != 0:
		s.state, s.due = uploaded, int64(e.Upload)
		o.uploads.enlist(e.Upload, e.slot)
		o.held.Uploaded++
	case len(e.Parameters) == 0 && e.Records == 0:
		s.state = remembered
		return
	default:
		window := max(0, min(o.cfg.MergeWindow, e.First.Add(o.cfg.MergeWindow).Sub(now)))
		s.due = o.at(now.Add(window))
		o.lanes[s.lane()].add(e.slot)
	}
	o.held.Visitors++
	o.held.Records += e.Records + e.Uploaded
	o.held.Bytes += int64(size)
}

// loadMemory takes up which visitors are remembered, in the order in which they were.
func (o *Outbox) loadMemory() {
	var slots []uint32
	for n := range o.slots.size {
		if o.slots.at(n).state == remembered {
			slots = append(slots, n)
		}
	}
	slices.SortStableFunc(slots, func(a, b uint32) int { return cmp.Compare(o.slots.at(a).first, o.slots.at(b).first) })
	for _, n := range slots {
		o.memorize(n)
	}
}

// loadUnused notes the slots that are free, the lowest to be used first.
func (o *Outbox) loadUnused() {
	for n := o.slots.size; n > 0; n-- {
		if o.slots.at(n-1).state == free {
			o.slots.unused = append(o.slots.unused, n-1)
		}
	}
}
