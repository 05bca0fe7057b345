// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package deferred // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Taken are the records of one visitor that are tried again. Until they are settled
// nobody else takes the visitor, and what is added to it waits.
type Taken struct {
	Visitor profile.Visitor
	// Data is a copy of the records, those added first in front.
	Data    plog.Logs
	Records int
	// Since is when the visitor was deferred, in this run.
	Since time.Time
	// Again tells that these very records were tried before, in this run.
	Again bool

	portions int
}

// Next returns when the next visitor is due, if any is deferred that is not taken.
func (s *Store) Next() (due time.Time, some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.visitors {
		if !v.taken && (!some || v.due.Before(due)) {
			due, some = v.due, true
		}
	}
	return due, some
}

// Take takes the visitors that are due, those waiting longest first. With all it
// takes the others too.
func (s *Store) Take(now time.Time, all bool) []*Taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken []*Taken
	for of, v := range s.visitors {
		if v.taken || (!all && v.due.After(now)) {
			continue
		}
		v.taken = true
		taken = append(taken, newTaken(of, v))
	}
	slices.SortFunc(taken, func(a, b *Taken) int {
		return s.visitors[a.Visitor].due.Compare(s.visitors[b.Visitor].due)
	})
	return taken
}

func newTaken(of profile.Visitor, v *visitor) *Taken {
	t := &Taken{Visitor: of, Data: plog.NewLogs(), Since: v.since, portions: len(v.portions)}
	for _, p := range v.portions {
		if p.ended {
			continue
		}
		t.Records += p.records
		for _, resource := range p.data.ResourceLogs().All() {
			resource.CopyTo(t.Data.ResourceLogs().AppendEmpty())
		}
	}
	t.Again = v.tried == t.Records
	return t
}

// Settled is what came of taken records.
type Settled struct {
	*Taken
	// Left are the records that have not come to their end; Taken.Data itself when
	// those are all.
	Left plog.Logs
	// Tried tells that the visitor was tried, so that its next pause begins.
	Tried bool
}

// Settle ends the taking. Records that have come to their end are removed, and a
// visitor without records is no longer deferred. With an error the storage has not
// let go of them: their visitors stay deferred, so that the next run cannot find an
// older value after a newer one was sent, and are tried again.
func (s *Store) Settle(ctx context.Context, now time.Time, settled []Settled) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var written, removed []*portion
	for _, t := range settled {
		v := s.visitors[t.Visitor]
		v.taken = false
		if t.Tried {
			v.due = now.Add(v.backoff.NextBackOff())
			v.tried = t.Left.LogRecordCount()
		}
		w, r := s.keep(v, t)
		written = append(written, w...)
		removed = append(removed, r...)
	}
	if len(written)+len(removed) == 0 {
		return nil
	}
	if err := s.journal.write(ctx, s.numbers(nil), written, removed); err != nil {
		return err
	}
	for _, t := range settled {
		s.forgetEnded(t, now)
	}
	return nil
}

// keep puts what is left of the taken records in their place. It returns the
// portions to be written and to be removed.
func (s *Store) keep(v *visitor, t Settled) (written, removed []*portion) {
	left := t.Left.LogRecordCount()
	for _, p := range v.portions[:t.portions] {
		if p.ended {
			removed = append(removed, p)
		}
	}
	if left == t.Records {
		return nil, removed
	}
	for _, p := range v.portions[:t.portions] {
		if p.ended {
			continue
		}
		s.records -= p.records
		s.bytes -= p.bytes
		if left > 0 {
			// In the place of the first, since the order of the numbers is that of arrival.
			*p = *newPortion(p.number, t.Left)
			s.records += p.records
			s.bytes += p.bytes
			written = append(written, p)
			left = 0
			continue
		}
		p.ended, p.data, p.records, p.bytes = true, plog.Logs{}, 0, 0
		removed = append(removed, p)
	}
	return written, removed
}

// forgetEnded removes what the storage has let go of. Where nothing is left of what
// was tried, that which came meanwhile has waited for it only, and is due.
func (s *Store) forgetEnded(t Settled, now time.Time) {
	v := s.visitors[t.Visitor]
	v.portions = slices.DeleteFunc(v.portions, func(p *portion) bool { return p.ended })
	switch {
	case len(v.portions) == 0:
		delete(s.visitors, t.Visitor)
		s.some.Store(len(s.visitors) > 0)
	case t.Left.LogRecordCount() == 0:
		v.backoff.Reset()
		v.due, v.since, v.tried = now, now, 0
	}
}
