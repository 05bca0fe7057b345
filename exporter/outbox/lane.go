// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import "container/heap"

// Lane is one of the two ways in which entries wait for their turn.
type Lane int

const (
	// Fresh entries have not failed, or only when others failed as well.
	Fresh Lane = iota
	// FailingAlone are entries that failed while others got through.
	FailingAlone

	lanes
)

// lane holds the entries that wait, by when they are due, and those whose time has come.
type lane struct {
	waiting dueHeap
	ready   []uint32
}

func newLane(slots *slotTable) lane { return lane{waiting: dueHeap{table: slots}} }

// add puts a slot among those that wait.
func (l *lane) add(n uint32) {
	l.waiting.table.at(n).state = waiting
	heap.Push(&l.waiting, n)
}

// ripen moves slots whose time has come to those that are ready, and returns when the next
// one is due, 0 when none is.
func (l *lane) ripen(now int64) (next int64) {
	for l.waiting.Len() > 0 {
		s := l.waiting.table.at(l.waiting.slots[0])
		if s.due > now {
			return s.due
		}
		s.state = ready
		l.ready = append(l.ready, heap.Pop(&l.waiting).(uint32))
	}
	return 0
}

// take returns the slot that became ready first.
func (l *lane) take() (n uint32, ok bool) {
	if len(l.ready) == 0 {
		return 0, false
	}
	n = l.ready[0]
	l.ready = l.ready[1:]
	return n, true
}

// putBack makes a slot that was taken the next one again.
func (l *lane) putBack(n uint32) {
	l.ready = append([]uint32{n}, l.ready...)
	l.waiting.table.at(n).state = ready
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
func (h *dueHeap) Push(n any)    { h.slots = append(h.slots, n.(uint32)) }
func (h *dueHeap) Pop() any {
	last := len(h.slots) - 1
	n := h.slots[last]
	h.slots = h.slots[:last]
	return n
}
