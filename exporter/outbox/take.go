// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"time"
)

// Due returns how many entries may be taken from each lane, and for how long no further one
// will be, 0 when none waits for its time.
func (o *Outbox) Due(now time.Time) (ready [Lanes]int, next time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.at(now)
	for i := range o.lanes {
		if due := time.Duration(o.lanes[i].ripen(at) - at); due > 0 && (next == 0 || due < next) {
			next = due
		}
		ready[i] = o.lanes[i].ready()
	}
	return ready, next
}

// Take returns the entry whose turn it is in a lane, nil when there is none: the one that
// became due first, with entries that have failed once before most of those that failed again.
// The caller makes its call and then uses End, or Retry. The error is the storage's; the entry
// stays.
func (o *Outbox) Take(ctx context.Context, from Lane) (*Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := &o.lanes[from]
	n, ok := l.next()
	return o.take(ctx, l, n, ok)
}

// take takes a slot that is ready in a lane, if there is one.
func (o *Outbox) take(ctx context.Context, l *lane, n uint32, ok bool) (*Entry, error) {
	if !ok {
		return nil, nil //nolint:nilnil // no entry is due, and that is no error
	}
	if _, loaded := o.pages.loaded[pageOf(n)]; !loaded {
		// Those that come next stand on the next pages, as a rule.
		ahead := l.ahead(n)
		ahead = ahead[:min(len(ahead), pagesPerRead*slotsPerPage)]
		if err := o.pages.load(ctx, ahead[:firstPages(ahead, pagesPerRead)]); err != nil {
			return nil, err
		}
	}
	e, err := o.call(n)
	if err == nil {
		l.take(n)
	}
	o.pages.trim()
	return e, err
}

// firstPages returns how many of the slots stand on so many pages.
func firstPages(slots []uint32, most int) int {
	seen := make(map[uint32]struct{}, most)
	for i, n := range slots {
		seen[pageOf(n)] = struct{}{}
		if len(seen) > most {
			return i
		}
	}
	return len(slots)
}

// TakeFailing returns an entry that has failed alone more than once, whether it is due or not,
// nil when there is none: the one to give up when there is no room. One failure does not tell:
// it may be the first of an outage.
func (o *Outbox) TakeFailing(ctx context.Context) (*Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := &o.lanes[FailingAlone]
	if len(l.again) == 0 && !l.hurry() {
		return nil, nil //nolint:nilnil // no entry is to be given up, and that is no error
	}
	return o.take(ctx, l, l.again[0], true)
}

// call returns the entry of a slot whose page is loaded.
func (o *Outbox) call(n uint32) (*Entry, error) {
	e, err := decode(o.pages.entry(n))
	if err != nil {
		return nil, err
	}
	s := o.slots.at(n)
	s.state = called
	o.pages.use(n)
	e.slot = n
	e.Seen, e.OneWay = time.Duration(s.seen)*time.Second, s.oneWay
	return e, nil
}

// End drops what was taken of an entry. What came since is a new entry.
func (o *Outbox) End(e *Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pages.unuse(e.slot)
	o.held.Records -= e.Records
	if since := o.since[e.slot]; since != nil {
		delete(o.since, e.slot)
		o.held.Visitors--
		o.held.Records -= since.Records // begin counts them
		since.Sent = e.Sent
		o.begin(since)
	} else {
		o.rest(e)
	}
	o.settled()
}

// rest has nothing of an entry wait any more, and remembers what uploads held of it.
func (o *Outbox) rest(e *Entry) {
	s := o.slots.at(e.slot)
	o.held.Visitors--
	if len(e.Sent) > 0 && o.cfg.Remember > 0 {
		o.remember(e)
	} else {
		o.held.Bytes -= int64(s.size)
		o.end(e.slot)
	}
	signal(o.room)
}

// end has a slot freed with the next write.
func (o *Outbox) end(n uint32) {
	s := o.slots.at(n)
	s.size, s.state = 0, ended
	o.pages.touch(n)
	o.wait(n)
}

// Retry puts an entry off until it is due again, with the parameters, attempts and times
// that it has now.
func (o *Outbox) Retry(e *Entry, due time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pages.unuse(e.slot)
	if since := o.since[e.slot]; since != nil {
		delete(o.since, e.slot)
		e.merge(since)
	}
	o.putOff(e, due)
	o.settled()
}

// putOff lets an entry wait until it is due.
func (o *Outbox) putOff(e *Entry, due time.Time) {
	s := o.slots.at(e.slot)
	s.due = o.at(due)
	s.attempts = uint8(min(e.Attempts, 255)) //nolint:gosec // bounded
	s.seen = uint32(e.Seen / time.Second)    //nolint:gosec // a run is not that long
	s.state, s.oneWay = waiting, e.OneWay
	o.store(e.slot, e)
	o.wait(e.slot)
	if e.Attempts > 1 {
		signal(o.room) // it may make way
	}
}
