// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"iter"
	"time"
)

// pagesPerStep is how many pages of an upload are in memory at once.
const pagesPerStep = 256

// Enlist puts an entry that was taken into the upload that it names. Sent and Row are what the
// upload holds of it, and stay so. Parameters and Records are what does not go with it, and what
// comes since is merged into these. The upload must not be made before Written.
func (o *Outbox) Enlist(e *Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pages.unuse(e.slot)
	if since := o.since[e.slot]; since != nil {
		delete(o.since, e.slot)
		e.merge(since)
	}
	o.enlist(e)
	o.settled()
}

func (o *Outbox) enlist(e *Entry) {
	s := o.slots.at(e.slot)
	s.state, s.oneWay, s.due = uploaded, false, int64(e.Upload)
	o.uploads.enlist(e.Upload, e.slot)
	o.uploads.open[e.Upload].unwritten++
	o.held.Uploaded++
	o.store(e.slot, e)
	o.wait(e.slot)
}

// Written reports whether all of an upload is in the storage, if there is one.
func (o *Outbox) Written(upload uint32) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, dirty := o.uploads.dirty[upload]
	_, writing := o.uploads.writing[upload]
	return !dirty && !writing && o.uploads.open[upload].unwritten == 0
}

// Rows yields the entries of an upload: Sent and Row of them are the same each time. After an
// error, which is the storage's, there are no more.
func (o *Outbox) Rows(ctx context.Context, upload uint32) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		next, more := uint32(0), true
		for more {
			var entries []*Entry
			var err error
			entries, next, more, err = o.rows(ctx, upload, next)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// rows returns the entries of an upload on the next pages.
func (o *Outbox) rows(ctx context.Context, upload, from uint32) (entries []*Entry, next uint32, more bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.pages.trim()
	slots, next, more := o.uploadSlots(upload, from, pagesPerStep)
	entries, err = o.entries(ctx, slots)
	return entries, next, more, err
}

// entries returns those that stand in the slots.
func (o *Outbox) entries(ctx context.Context, slots []uint32) ([]*Entry, error) {
	if err := o.pages.load(ctx, slots); err != nil {
		return nil, err
	}
	entries := make([]*Entry, len(slots))
	for i, n := range slots {
		e, err := decode(o.pages.entry(n))
		if err != nil {
			return nil, err
		}
		e.slot, entries[i] = n, e
	}
	return entries, nil
}

// uploadSlots returns the slots of an upload that stand on so many pages, and where to go on.
func (o *Outbox) uploadSlots(upload, from uint32, most int) (slots []uint32, next uint32, more bool) {
	u := o.uploads.open[upload]
	if u == nil || u.rows == 0 {
		return nil, 0, false
	}
	pages, last := 0, ^uint32(0)
	for n := max(from, u.first); n <= u.last; n++ {
		if s := o.slots.at(n); s.state != uploaded || uint32(s.due) != upload { //nolint:gosec // it is an upload's number
			continue
		}
		if page := pageOf(n); page != last {
			if pages == most {
				return slots, n, true
			}
			pages, last = pages+1, page
		}
		slots = append(slots, n)
	}
	return slots, 0, false
}

// Unload takes some of its entries out of an upload and reports whether there are further ones.
// settle is called with each: it says what became of the row by changing the entry, and when
// what is left to be sent is due. It must not use the outbox. What it has left in Sent is
// remembered. An entry to which it gives another upload goes into that one as it is. With an
// error, which is the storage's, nothing has changed.
func (o *Outbox) Unload(ctx context.Context, upload uint32, settle func(*Entry) (due time.Time)) (more bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.pages.trim()
	slots, next, more := o.uploadSlots(upload, 0, pagesPerStep)
	entries, err := o.entries(ctx, slots)
	if err != nil {
		return true, err
	}
	if more {
		o.uploads.open[upload].first = next
	}
	for _, e := range entries {
		o.unload(e, settle)
	}
	o.settled()
	return more, nil
}

// unload takes one entry out of its upload.
func (o *Outbox) unload(e *Entry, settle func(*Entry) (due time.Time)) {
	u, s := o.uploads.open[e.Upload], o.slots.at(e.slot)
	u.rows--
	if s.unwritten > 0 {
		u.unwritten--
	}
	o.held.Uploaded--
	o.held.Records -= e.Records + e.Uploaded
	e.Upload = 0
	due := settle(e)
	if e.Upload != 0 {
		o.held.Records += e.Records + e.Uploaded
		o.enlist(e)
		return
	}
	e.Row, e.Uploaded = nil, 0
	if len(e.Parameters) == 0 && e.Records == 0 {
		o.rest(e)
		return
	}
	o.held.Records += e.Records
	s.first = seconds(e.First)
	o.putOff(e, due)
}
