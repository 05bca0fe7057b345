// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
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
	lanes [Lanes]lane
	pages *pages
	// since are the records that came for entries whose call is out.
	since map[uint32]*Entry
	// unwritten are the slots that wait for the next write.
	unwritten []uint32
	uploads   uploads
	memory    memory
	loaded    int // records that Load has found
	held      Held
}

// New returns an Outbox in memory. Load keeps it in a storage instead.
func New(cfg Config, packer *journal.Packer) *Outbox {
	slots := newSlotTable()
	o := &Outbox{
		cfg: cfg, changed: make(chan struct{}, 1), room: make(chan struct{}, 1), base: time.Now(),
		slots: slots, pages: newPages(packer, slots), since: make(map[uint32]*Entry),
		uploads: uploads{open: make(map[uint32]*upload), dirty: make(map[uint32]struct{})},
	}
	for i := range o.lanes {
		o.lanes[i] = newLane(slots)
	}
	return o
}

// Changed receives when an entry may have become due earlier than Due has told.
func (o *Outbox) Changed() <-chan struct{} { return o.changed }

// Room receives when an entry has ended, also before that is written, and when one has failed
// alone more than once.
func (o *Outbox) Room() <-chan struct{} { return o.room }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// at returns a time by the outbox's clock, which nobody sets.
func (o *Outbox) at(t time.Time) int64 { return int64(t.Sub(o.base)) }

// Fits reports whether there is room for the visitors of a batch. In memory there is none at
// MaxBytes, whoever they are. Else merging into an entry that exists needs none, and what alone
// is larger than all room finds it in an empty outbox.
func (o *Outbox) Fits(batch *profile.Batch) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	missing := 0
	for i := range batch.Len() {
		if n, known := o.slots.guess(batch.Visitor(i)); !known || !o.slots.at(n).waits() {
			missing++
		}
	}
	if batch.Len() == 0 || o.held.Visitors == 0 {
		return true
	}
	full := o.pages.client == nil && o.held.Bytes >= o.cfg.MaxBytes
	return !full && (missing == 0 || o.held.Visitors+missing <= o.cfg.MaxVisitors)
}

// Hasten makes all that waits due now, and lets nothing wait for its window any more.
func (o *Outbox) Hasten(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cfg.MergeWindow = 0
	for i := range o.lanes {
		o.lanes[i].hasten(o.at(now))
	}
	signal(o.changed)
}
