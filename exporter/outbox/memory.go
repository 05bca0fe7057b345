// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"math"
	"slices"
	"time"
)

const (
	// forgetAtOnce is how many visitors are forgotten before others have their turn.
	forgetAtOnce = 1 << 13
	// sparePast is how many that are no longer remembered may stand among the others.
	sparePast = 1 << 10
)

// memory is which visitors are remembered, those first that have been for longest. One that has
// got records since, or was remembered anew, stands in it until its turn comes.
type memory struct {
	order    []memorized
	turn     uint32 // the last one
	visitors int
	bytes    int64
	// displaced counts those who had to make room.
	displaced int
}

// memorized is a slot, and the turn in which it was remembered, which the slot keeps too.
type memorized struct{ slot, turn uint32 }

// remember keeps what uploads held of an entry of which nothing waits any more.
func (o *Outbox) remember(e *Entry) {
	kept := &Entry{Visitor: e.Visitor, First: time.Now(), Sent: e.Sent}
	s := o.slots.at(e.slot)
	s.state, s.attempts, s.first = remembered, 0, seconds(kept.First)
	o.store(e.slot, kept)
	o.held.Bytes -= int64(s.size)
	o.wait(e.slot)
	o.memorize(e.slot)
}

// memorize puts a slot behind all that are remembered.
func (o *Outbox) memorize(n uint32) {
	m, s := &o.memory, o.slots.at(n)
	m.visitors++
	m.bytes += int64(s.size)
	m.turn++
	s.due = int64(m.turn)
	if len(m.order) > 2*m.visitors+sparePast {
		m.order = slices.DeleteFunc(m.order, o.past)
	}
	m.order = append(m.order, memorized{n, m.turn})
}

// past reports whether a slot is no longer remembered, or was remembered again later.
func (o *Outbox) past(m memorized) bool {
	s := o.slots.at(m.slot)
	return s.state != remembered || s.due != int64(m.turn)
}

// forgotten notes that a slot is no longer remembered. It stays as it is.
func (o *Outbox) forgotten(n uint32) {
	s := o.slots.at(n)
	o.memory.visitors--
	o.memory.bytes -= int64(s.size)
	s.size = 0 // it counts among no bytes
}

// Forget frees the slots of visitors who were remembered for as long as they are to be, and
// reports whether there are further ones. The error is the storage's.
func (o *Outbox) Forget(ctx context.Context, now time.Time) (more bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.pages.trim()
	n, err := o.forgetFirst(ctx, forgetAtOnce, seconds(now.Add(-o.cfg.Remember)), nil)
	o.settled()
	return n == forgetAtOnce, err
}

// forgetFor frees slots that are only remembered, where so many new visitors would be too many.
// The slots known are those of others that come with them.
func (o *Outbox) forgetFor(ctx context.Context, visitors int, known []uint32) error {
	over := o.held.Visitors + o.memory.visitors + visitors - o.cfg.MaxVisitors
	slices.Sort(known)
	n, err := o.forgetFirst(ctx, over, math.MaxUint32, known)
	o.memory.displaced += n
	return err
}

// forgetBytes frees slots that are only remembered, until all that is in memory is within MaxBytes.
func (o *Outbox) forgetBytes() {
	m := &o.memory
	for m.visitors > 0 && o.held.Bytes+m.bytes > o.cfg.MaxBytes {
		first := m.order[0]
		m.order = m.order[1:]
		if !o.past(first) {
			o.forgotten(first.slot)
			o.end(first.slot)
			m.displaced++
		}
	}
}

// forgetFirst frees most slots at most that were remembered until then, and returns how many. It
// spares those of known, in order, which are about to get records and be remembered no more.
func (o *Outbox) forgetFirst(ctx context.Context, most int, until uint32, known []uint32) (n int, err error) {
	m := &o.memory
	var slots []uint32
	looked := 0
	for _, next := range m.order {
		if len(slots) >= most {
			break
		}
		if !o.past(next) {
			if o.slots.at(next.slot).first > until {
				break
			}
			if _, is := slices.BinarySearch(known, next.slot); !is {
				slots = append(slots, next.slot)
			}
		}
		looked++
	}
	if err := o.pages.load(ctx, slots); err != nil {
		return 0, err
	}
	m.order = m.order[looked:]
	for _, slot := range slots {
		o.forgotten(slot)
		o.end(slot)
	}
	return len(slots), nil
}
