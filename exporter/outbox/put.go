// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"slices"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

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
	known = known[:0] // without those that only share a hash
	for i := range batch.Len() {
		if n, ok := o.find(batch.Visitor(i)); ok {
			known = append(known, n)
		}
	}
	if err := o.pages.load(ctx, o.slots.next(batch.Len()-len(known))); err != nil {
		return err
	}
	known = slices.DeleteFunc(known, func(n uint32) bool { return o.slots.at(n).state == ended }) // they begin anew
	return o.forgetFor(ctx, batch.Len()-len(known), known)
}

// put merges one visitor's update, of which the page is loaded.
func (o *Outbox) put(e *Entry) error {
	n, known := o.find(e.Visitor)
	if !known {
		e.slot = o.slots.add(e.Visitor)
		o.begin(e)
		return nil
	}
	e.slot = n
	s := o.slots.at(n)
	if s.state == ended {
		o.begin(e)
		return nil
	}
	before, err := decode(o.pages.entry(n))
	if err != nil {
		return err
	}
	switch s.state {
	case called:
		o.layer(e)
	case remembered:
		o.forgotten(n)
		e.Sent = before.Sent
		o.begin(e)
		return nil
	}
	before.merge(e)
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
