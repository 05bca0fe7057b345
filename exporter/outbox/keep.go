// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"math"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// begin makes a new entry in a slot.
func (o *Outbox) begin(e *Entry) {
	s := o.slots.at(e.slot)
	o.held.Bytes -= int64(s.size)
	*s = slot{first: seconds(e.First), state: waiting, unwritten: s.unwritten, due: o.at(e.First.Add(o.cfg.MergeWindow))}
	o.store(e.slot, e)
	o.wait(e.slot)
	o.held.Visitors++
	o.held.Records += e.Records
}

// layer notes what came for an entry while its call is out.
func (o *Outbox) layer(e *Entry) {
	since := o.since[e.slot]
	if since == nil {
		layer := *e
		layer.Parameters = append([]profile.Parameter(nil), e.Parameters...)
		o.since[e.slot] = &layer
		return
	}
	since.merge(e)
}

// merge takes up what came later for the visitor.
func (e *Entry) merge(newer *Entry) {
	if e.Records == 0 { // all others go with an upload
		e.First = newer.First
	}
	e.Parameters = profile.Merge(e.Parameters, newer.Parameters)
	e.Records += newer.Records
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

// settled lets go at once of what needs no write, and of what memory has no room for. It is called
// with the lock held.
func (o *Outbox) settled() {
	if o.pages.client != nil {
		return
	}
	o.forgetBytes()
	o.release(o.unwritten)
	o.unwritten = o.unwritten[:0]
}

// release lets entries go on that waited for a write.
func (o *Outbox) release(slots []uint32) {
	for _, n := range slots {
		s := o.slots.at(n)
		s.unwritten--
		if s.unwritten > 0 {
			continue
		}
		switch s.state {
		case ended:
			o.forget(n)
		case remembered:
		case uploaded:
			o.uploads.open[uint32(s.due)].unwritten-- //nolint:gosec // it is an upload's number
		default:
			o.lanes[s.lane()].add(n)
		}
	}
	if len(slots) > 0 {
		signal(o.changed)
	}
}

// forget frees a slot whose entry has ended.
func (o *Outbox) forget(n uint32) {
	pg := o.pages.loaded[pageOf(n)]
	if v, err := decodeVisitor(pg.entries[n%slotsPerPage]); err == nil {
		o.slots.remove(v, n)
	}
	pg.entries[n%slotsPerPage] = ""
	o.pages.letGo(n)
	signal(o.room)
}
