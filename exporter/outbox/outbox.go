// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Outbox holds entries. It is safe for concurrent use.
type Outbox struct {
	cfg     Config
	changed chan struct{}
	room    chan struct{}

	mu    sync.Mutex
	base  time.Time
	slots *slotTable
	lanes [lanes]lane
	pages *pages
	// since are the records that came for entries whose call is out.
	since map[uint32]*Entry
	// unwritten are the slots that wait for the next write.
	unwritten []uint32
	loaded    int // records that Load has found
	held      Held
}

// New returns an Outbox in memory. Load keeps it in a storage instead.
func New(cfg Config, packer *journal.Packer) *Outbox {
	slots := newSlotTable()
	return &Outbox{
		cfg: cfg, changed: make(chan struct{}, 1), room: make(chan struct{}, 1), base: time.Now(),
		slots: slots, lanes: [lanes]lane{newLane(slots), newLane(slots)}, pages: newPages(packer, slots), since: make(map[uint32]*Entry),
	}
}

// Changed receives when an entry may have become due earlier than Due has told.
func (o *Outbox) Changed() <-chan struct{} { return o.changed }

// Room receives when an entry has ended, also before that is written.
func (o *Outbox) Room() <-chan struct{} { return o.room }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// at returns a time by the outbox's clock, which nobody sets.
func (o *Outbox) at(t time.Time) int64 { return int64(t.Sub(o.base)) }

// Put merges what a batch says of its visitors into their entries. With an error, which is
// the storage's, nothing has changed.
func (o *Outbox) Put(ctx context.Context, batch *profile.Batch, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.pages.trim()
	if err := o.prepare(ctx, batch); err != nil {
		return err
	}
	var scratch []profile.Parameter
	for i := range batch.Len() {
		e := Entry{Visitor: batch.Visitor(i), Records: batch.Records(i), First: now}
		e.Parameters, scratch = batch.Parameters(i, scratch)
		if err := o.put(&e); err != nil {
			return err
		}
	}
	o.settled()
	return nil
}

// prepare loads the pages of the slots that a batch changes, those of new visitors among them.
func (o *Outbox) prepare(ctx context.Context, batch *profile.Batch) error {
	known := make([]uint32, 0, batch.Len())
	for i := range batch.Len() {
		if n, ok := o.slots.guess(batch.Visitor(i)); ok {
			known = append(known, n)
		}
	}
	if err := o.pages.load(ctx, known); err != nil {
		return err
	}
	unknown := 0
	for i := range batch.Len() {
		if _, ok := o.find(batch.Visitor(i)); !ok {
			unknown++
		}
	}
	return o.pages.load(ctx, o.slots.next(unknown))
}

// put merges one visitor's update, of which the page is loaded.
func (o *Outbox) put(e *Entry) error {
	n, known := o.find(e.Visitor)
	if !known {
		e.slot = o.slots.add(e.Visitor)
		return o.begin(e)
	}
	e.slot = n
	s := o.slots.at(n)
	if s.state == ended {
		return o.begin(e)
	}
	if s.state == called {
		if err := o.layer(e); err != nil {
			return err
		}
	}
	before, err := decode(o.pages.entry(n))
	if err != nil {
		return err
	}
	before.Parameters = profile.Merge(before.Parameters, e.Parameters)
	before.Records += e.Records
	o.store(n, before)
	o.held.Records += e.Records
	return nil
}

// find returns the slot of a visitor, whose page is loaded.
func (o *Outbox) find(v profile.Visitor) (n uint32, known bool) {
	n, known = o.slots.guess(v)
	if !known {
		return 0, false
	}
	if pg := o.pages.loaded[pageOf(n)]; pg == nil || !isOf(pg.entries[n%slotsPerPage], v) {
		return 0, false
	}
	return n, true
}

// begin makes a new entry in a slot.
func (o *Outbox) begin(e *Entry) error {
	s := o.slots.at(e.slot)
	o.held.Bytes -= int64(s.size)
	*s = slot{first: seconds(e.First), state: waiting, unwritten: s.unwritten, due: o.at(e.First.Add(o.cfg.MergeWindow))}
	o.store(e.slot, e)
	o.wait(e.slot)
	o.held.Visitors++
	o.held.Records += e.Records
	return nil
}

// layer notes what came for an entry while its call is out.
func (o *Outbox) layer(e *Entry) error {
	since := o.since[e.slot]
	if since == nil {
		layer := *e
		layer.Parameters = append([]profile.Parameter(nil), e.Parameters...)
		o.since[e.slot] = &layer
		return nil
	}
	since.Parameters = profile.Merge(since.Parameters, e.Parameters)
	since.Records += e.Records
	return nil
}

// store writes an entry into its slot, in memory.
func (o *Outbox) store(n uint32, e *Entry) {
	raw := e.encode()
	s := o.slots.at(n)
	o.held.Bytes += int64(len(raw)) - int64(s.size)
	s.size = uint32(min(len(raw), math.MaxUint32))
	o.pages.set(n, raw)
}

// wait lets an entry wait for the next write, and then for its time.
func (o *Outbox) wait(n uint32) {
	o.slots.at(n).unwritten++
	o.unwritten = append(o.unwritten, n)
}

// Fits reports whether there is room for the visitors of a batch. In memory there is none at
// MaxBytes, whoever they are. Else merging into an entry that exists needs none, and what alone
// is larger than all room finds it in an empty outbox.
func (o *Outbox) Fits(batch *profile.Batch) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	missing := 0
	for i := range batch.Len() {
		if n, known := o.slots.guess(batch.Visitor(i)); !known || o.slots.at(n).state == ended {
			missing++
		}
	}
	if batch.Len() == 0 || o.held.Visitors == 0 {
		return true
	}
	full := o.pages.client == nil && o.held.Bytes >= o.cfg.MaxBytes
	return !full && (missing == 0 || o.held.Visitors+missing <= o.cfg.MaxVisitors)
}
