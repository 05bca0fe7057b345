// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

const (
	slotsPerPage = 16
	// keptPages is how many pages stay in memory beside those in use.
	keptPages = 512
	// pagesPerRead is how many pages are read at once: a storage may write for each read.
	pagesPerRead = 64
)

var errLost = errors.New("the storage has lost it")

// page is sixteen slots as they are stored.
type page struct {
	entries [slotsPerPage]string
	// users are the calls and the writes to come that need the page in memory.
	users int
}

// pages are the contents of the slots. Without a client all of them are in memory.
type pages struct {
	client storage.Client
	packer *journal.Packer
	slots  *slotTable
	loaded map[uint32]*page
	// order is that in which pages were loaded, for those to leave that came first.
	order []uint32
	dirty map[uint32]struct{}
	// used is how many pages were ever used; those behind are empty.
	used uint32
	// stored is for how many pages the header in the storage has room, 0 when there is none.
	stored uint32
}

func newPages(packer *journal.Packer, slots *slotTable) *pages {
	return &pages{packer: packer, slots: slots, loaded: make(map[uint32]*page), dirty: make(map[uint32]struct{})}
}

func pageOf(slot uint32) uint32 { return slot / slotsPerPage }

func pageKey(number uint32) string { return "outbox" + strconv.FormatUint(uint64(number), 10) }

// entry returns what is stored in a slot, whose page is loaded.
func (p *pages) entry(slot uint32) string { return p.loaded[pageOf(slot)].entries[slot%slotsPerPage] }

// set changes what is stored in a slot, whose page is loaded.
func (p *pages) set(slot uint32, entry string) {
	p.loaded[pageOf(slot)].entries[slot%slotsPerPage] = entry
	p.touch(slot)
}

// touch has the page of a slot written, if pages are.
func (p *pages) touch(slot uint32) {
	if p.client == nil {
		return
	}
	number := pageOf(slot)
	if _, before := p.dirty[number]; !before {
		p.dirty[number] = struct{}{}
		p.loaded[number].users++
	}
}

func (p *pages) keep(number uint32, pg *page) {
	p.loaded[number] = pg
	if p.client != nil {
		p.order = append(p.order, number)
	}
}

// use keeps the page of a slot in memory until unuse.
func (p *pages) use(slot uint32)   { p.loaded[pageOf(slot)].users++ }
func (p *pages) unuse(slot uint32) { p.loaded[pageOf(slot)].users-- }

// load reads the pages of the slots that are not in memory.
func (p *pages) load(ctx context.Context, slots []uint32) error {
	var missing []uint32
	for _, n := range slots {
		number := pageOf(n)
		for ; p.used <= number; p.used++ {
			p.keep(p.used, &page{})
		}
		switch _, known := p.loaded[number]; {
		case known:
		case p.client == nil:
			p.keep(number, &page{}) // it was empty and let go
		default:
			missing = append(missing, number)
		}
	}
	slices.Sort(missing)
	for chunk := range slices.Chunk(slices.Compact(missing), pagesPerRead) {
		stored, err := p.read(ctx, chunk)
		if err != nil {
			return err
		}
		for i, number := range chunk {
			pg, err := p.unpack(stored[i])
			if stored[i] == nil && p.slots.occupied(number) {
				err = errLost
			}
			if err != nil {
				return fmt.Errorf("sending_queue::storage: page %d of the outbox: %w", number, err)
			}
			p.keep(number, pg)
		}
	}
	return nil
}

func (p *pages) read(ctx context.Context, numbers []uint32) ([][]byte, error) {
	ops := make([]*storage.Operation, len(numbers))
	for i, number := range numbers {
		ops[i] = storage.GetOperation(pageKey(number))
	}
	if err := p.client.Batch(ctx, ops...); err != nil {
		return nil, fmt.Errorf("sending_queue::storage: reading the outbox: %w", err)
	}
	stored := make([][]byte, len(ops))
	for i, op := range ops {
		stored[i] = op.Value
	}
	return stored, nil
}

// letGo lets the page of a slot go that is in memory only and empty.
func (p *pages) letGo(slot uint32) {
	pg := p.loaded[pageOf(slot)]
	if p.client == nil && pg.users == 0 && !slices.ContainsFunc(pg.entries[:], func(entry string) bool { return entry != "" }) {
		delete(p.loaded, pageOf(slot))
	}
}

// trim lets pages go that nobody needs in memory.
func (p *pages) trim() {
	if p.client == nil {
		return
	}
	for used := 0; used < pagesPerRead && len(p.order) > 0 && len(p.loaded) > keptPages; {
		number := p.order[0]
		p.order = p.order[1:]
		if p.loaded[number].users > 0 { // while many are, this would go over all of them each time
			p.order = append(p.order, number)
			used++
			continue
		}
		delete(p.loaded, number)
	}
}

// pack returns a page as it is stored, nil when it is empty. Slots that have ended are left out.
func (p *pages) pack(pg *page, live func(i int) bool) []byte {
	var text []byte
	empty := true
	for i, entry := range pg.entries {
		if !live(i) {
			entry = ""
		}
		empty = empty && entry == ""
		text = append(binary.AppendUvarint(text, uint64(len(entry))), entry...)
	}
	if empty {
		return nil
	}
	return p.packer.Pack(text)
}

// unpack returns the page that was stored, or an error when it is damaged.
func (p *pages) unpack(stored []byte) (*page, error) {
	pg := &page{}
	if stored == nil {
		return pg, nil
	}
	text, err := p.packer.Unpack(stored)
	if err != nil {
		return nil, err
	}
	r := reader{text: string(text)}
	for i := range pg.entries {
		pg.entries[i] = r.string()
	}
	if r.failed || r.text != "" {
		return nil, journal.ErrDamaged
	}
	return pg, nil
}
