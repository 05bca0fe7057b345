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
	// Merged is how many further records share their outcome.
	Merged int
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
		t.Merged += p.merged
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
	// Left are the records that have not come to their end.
	Left plog.Logs
	// LeftMerged is how many further records share their outcome.
	LeftMerged int
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
	for _, t := range settled {
		v := s.visitors[t.Visitor]
		v.taken = false
		left := t.Left.LogRecordCount()
		if t.Tried {
			v.due = now.Add(v.backoff.NextBackOff())
			v.tried = left
		}
		if left < t.Records || t.Records == 0 {
			s.keep(v, t)
		}
		v.ended = left == 0
	}
	return s.write(ctx, nil, now)
}

// keep puts what is left of the taken records in the place of the first of them,
// since the order of the numbers is that of arrival.
func (s *Store) keep(v *visitor, t Settled) {
	left := newPortion(0, t.Left)
	left.merged = t.LeftMerged
	recovered := false
	for _, p := range v.portions[:t.portions] {
		recovered = recovered || p.recovered
	}
	for _, p := range v.portions[:t.portions] {
		if p.ended {
			continue
		}
		s.count(p, -1)
		left.number = p.number
		*p = *left
		p.recovered = recovered
		p.changed, p.ended = left.records > 0, left.records == 0
		s.count(p, 1)
		left = newPortion(0, plog.NewLogs())
	}
}

// write writes down new portions, what has changed of the others and what has come to
// its end, and then forgets that.
func (s *Store) write(ctx context.Context, added []*portion, now time.Time) error {
	index := make([]uint64, 0, len(added)+len(s.visitors))
	changed := slices.Clone(added)
	var ended []*portion
	for _, p := range added {
		index = append(index, p.number)
	}
	for _, v := range s.visitors {
		for _, p := range v.portions {
			switch {
			case p.ended:
				ended = append(ended, p)
				continue
			case p.changed:
				changed = append(changed, p)
			}
			index = append(index, p.number)
		}
	}
	if len(changed)+len(ended) == 0 {
		return nil
	}
	if err := s.journal.write(ctx, index, changed, ended); err != nil {
		return err
	}
	for _, p := range changed {
		p.changed = false
	}
	for of, v := range s.visitors {
		s.forgetEnded(of, v, now)
	}
	return nil
}

// forgetEnded removes what the storage has let go of. Where nothing is left of what
// was tried, that which came meanwhile has waited for it only, and is due.
func (s *Store) forgetEnded(of profile.Visitor, v *visitor, now time.Time) {
	if v.taken {
		return // its portions are counted on until they are settled
	}
	v.portions = slices.DeleteFunc(v.portions, func(p *portion) bool { return p.ended })
	switch {
	case len(v.portions) == 0:
		delete(s.visitors, of)
		s.some.Store(len(s.visitors) > 0)
	case v.ended:
		v.backoff.Reset()
		v.due, v.since, v.tried, v.ended = now, now, 0, false
	}
}
