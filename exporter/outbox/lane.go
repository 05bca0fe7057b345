// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import "container/heap"

// Lane is one of the ways in which entries wait for their turn.
type Lane int

const (
	// Fresh entries have not failed, or only when others failed as well.
	Fresh Lane = iota
	// FailingAlone are entries that failed while others got through.
	FailingAlone
	// OneWay entries can go by one way only, see Entry.OneWay.
	OneWay

	// Lanes is how many there are.
	Lanes
)

// lane holds the entries that wait, by when they are due, and those whose time has come.
type lane struct {
	waiting dueHeap
	// first are those that are ready for their first retry at most, and again all others.
	first, again []uint32
	// firsts counts those of first that were taken in a row while others were ready.
	firsts int
}

// firstsInRow is how many that have failed once are taken before one that failed again has its
// turn: it is likelier that they get through.
const firstsInRow = 3

func newLane(slots *slotTable) lane { return lane{waiting: dueHeap{table: slots}} }

// add puts a slot among those that wait.
func (l *lane) add(n uint32) {
	l.waiting.table.at(n).state = waiting
	l.waiting.add(n)
}

// ready returns how many entries are ready.
func (l *lane) ready() int { return len(l.first) + len(l.again) }

// ripen moves slots whose time has come to those that are ready, and returns when the next
// one is due, 0 when none is.
func (l *lane) ripen(now int64) (next int64) {
	for l.waiting.Len() > 0 {
		s := l.waiting.table.at(l.waiting.slots[0])
		if s.due > now {
			return s.due
		}
		s.state = ready
		n := l.waiting.first()
		if s.attempts > 1 {
			l.again = append(l.again, n)
		} else {
			l.first = append(l.first, n)
		}
	}
	return 0
}

// next returns the slot whose turn it is.
func (l *lane) next() (n uint32, ok bool) {
	switch {
	case len(l.again) > 0 && (len(l.first) == 0 || l.firsts >= firstsInRow):
		return l.again[0], true
	case len(l.first) > 0:
		return l.first[0], true
	}
	return 0, false
}

// hurry makes an entry ready before its time that has failed again, if there is one.
func (l *lane) hurry() bool {
	for i, n := range l.waiting.slots {
		if s := l.waiting.table.at(n); s.attempts > 1 {
			heap.Remove(&l.waiting, i)
			s.state = ready
			l.again = append(l.again, n)
			return true
		}
	}
	return false
}

// take takes a slot that is the next one of its kind.
func (l *lane) take(n uint32) {
	if len(l.first) > 0 && l.first[0] == n {
		l.first = l.first[1:]
		l.firsts++
		return
	}
	l.again = l.again[1:]
	l.firsts = 0
}

// ahead returns a slot that is the next one of its kind, and those behind it.
func (l *lane) ahead(n uint32) []uint32 {
	if len(l.first) > 0 && l.first[0] == n {
		return l.first
	}
	return l.again
}

// hasten makes all that wait due now.
func (l *lane) hasten(now int64) {
	for _, n := range l.waiting.slots {
		s := l.waiting.table.at(n)
		s.due = min(s.due, now)
	}
	heap.Init(&l.waiting)
}

// dueHeap orders slots by when they are due.
type dueHeap struct {
	table *slotTable
	slots []uint32
}

func (h *dueHeap) Len() int { return len(h.slots) }
func (h *dueHeap) Less(i, j int) bool {
	return h.table.at(h.slots[i]).due < h.table.at(h.slots[j]).due
}
func (h *dueHeap) Swap(i, j int) { h.slots[i], h.slots[j] = h.slots[j], h.slots[i] }

// Push and Pop are heap.Interface's, which puts each slot into an allocation of its own.
func (h *dueHeap) Push(n any) { h.slots = append(h.slots, n.(uint32)) }
func (h *dueHeap) Pop() any   { return h.last() }

// add puts a slot into the heap.
func (h *dueHeap) add(n uint32) {
	h.slots = append(h.slots, n)
	heap.Fix(h, len(h.slots)-1)
}

// first takes the slot out that is due first.
func (h *dueHeap) first() uint32 {
	h.Swap(0, len(h.slots)-1)
	n := h.last()
	if len(h.slots) > 0 {
		heap.Fix(h, 0)
	}
	return n
}

func (h *dueHeap) last() uint32 {
	last := len(h.slots) - 1
	n := h.slots[last]
	h.slots = h.slots[:last]
	return n
}
