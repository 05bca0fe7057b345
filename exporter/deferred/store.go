// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package deferred // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	// maxRecords and maxBytes bound what is deferred at once. What fails past them is
	// no longer the trouble of a few visitors.
	maxRecords = 10_000
	maxBytes   = 64 << 20
)

// Store holds the records of deferred visitors. It is safe for concurrent use.
type Store struct {
	retry   configretry.BackOffConfig
	journal *journal

	some     atomic.Bool // whether any visitor is deferred
	mu       sync.Mutex
	visitors map[profile.Visitor]*visitor
	next     uint64 // number of the next portion
	records  int    // kept, without those that were merged into them
	merged   int
	bytes    int
}

// visitor is one whose records are deferred.
type visitor struct {
	portions []*portion
	backoff  backoff.ExponentialBackOff
	due      time.Time
	since    time.Time
	taken    bool
	tried    int // of its records, those that were tried already
	// ended tells that all that was tried has come to its end, and that the storage has
	// not yet let go of it.
	ended bool
}

// portion is what was added of a visitor at once, or what is left of it.
type portion struct {
	number  uint64
	data    plog.Logs
	records int
	merged  int // further records, whose values those in data replace
	bytes   int
	// recovered tells that records of an earlier run are among them.
	recovered bool
	// changed and ended tell that the storage holds another portion, or one that has
	// come to its end.
	changed, ended bool
}

// Open returns a Store that holds what an earlier run has left in the storage, all of
// it due at once. visitorOf names the visitor of records that were added together. A
// nil client keeps everything in memory. The pauses are those of the retry settings.
func Open(ctx context.Context, client storage.Client, retry configretry.BackOffConfig, now time.Time,
	visitorOf func(plog.Logs) profile.Visitor,
) (*Store, error) {
	s := &Store{retry: retry, journal: &journal{client: client}, visitors: make(map[profile.Visitor]*visitor)}
	left, err := s.journal.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range left {
		v := s.visitor(visitorOf(p.data), now)
		v.due = now
		v.portions = append(v.portions, p)
		s.next = max(s.next, p.number+1)
		s.count(p, 1)
	}
	return s, nil
}

// count adds a portion to what is deferred, or takes it off.
func (s *Store) count(p *portion, sign int) {
	s.records += sign * p.records
	s.merged += sign * p.merged
	s.bytes += sign * p.bytes
}

// Has tells whether a visitor is deferred.
func (s *Store) Has(of profile.Visitor) bool {
	if !s.some.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visitors[of] != nil
}

// Any tells whether is holds for any of the portions of a visitor, which it may read
// only.
func (s *Store) Any(of profile.Visitor, is func(plog.Logs) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.visitors[of]
	return v != nil && slices.ContainsFunc(v.portions, func(p *portion) bool { return !p.ended && is(p.data) })
}

// Records returns how many records are deferred.
func (s *Store) Records() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records + s.merged
}

// Recovered tells whether records of an earlier run are deferred.
func (s *Store) Recovered() bool {
	if !s.some.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.visitors {
		for _, p := range v.portions {
			if p.recovered {
				return true
			}
		}
	}
	return false
}

// Lasting tells whether what is deferred outlives the process.
func (s *Store) Lasting() bool { return s.journal.client != nil }

// Portion is what is to be deferred of one visitor.
type Portion struct {
	Visitor profile.Visitor
	Data    plog.Logs
	// Merged is how many further records share the outcome of those in Data, which
	// replace all of their values.
	Merged int
	// Recovered tells that records of an earlier run are among them.
	Recovered bool
	// Failed tells that an update with these records has failed. Otherwise they only
	// have to wait for older ones of the visitor.
	Failed bool
}

// Add defers as many of the leading portions as there is room for, and returns how
// many that are. They are written down when it returns; with an error none is
// deferred.
func (s *Store) Add(ctx context.Context, now time.Time, portions []Portion) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var added []*portion
	records, bytes := s.records, s.bytes
	for _, p := range portions {
		next := newPortion(s.next+uint64(len(added)), p.Data)
		next.merged, next.recovered = p.Merged, p.Recovered
		if records+next.records > maxRecords || bytes+next.bytes > maxBytes {
			break
		}
		records += next.records
		bytes += next.bytes
		added = append(added, next)
	}
	if len(added) == 0 {
		return 0, nil
	}
	if err := s.write(ctx, added, now); err != nil {
		return 0, err
	}
	s.next += uint64(len(added))
	for i, of := range portions[:len(added)] {
		v := s.visitor(of.Visitor, now)
		v.portions = append(v.portions, added[i])
		s.count(added[i], 1)
		if of.Failed && len(v.portions) == 1 {
			v.due = now.Add(v.backoff.NextBackOff())
		}
	}
	return len(added), nil
}

func newPortion(number uint64, data plog.Logs) *portion {
	sizer := plog.ProtoMarshaler{}
	return &portion{number: number, data: data, records: data.LogRecordCount(), bytes: sizer.LogsSize(data)}
}

// visitor returns the deferred visitor, a new one that is due at once if need be.
func (s *Store) visitor(of profile.Visitor, now time.Time) *visitor {
	v := s.visitors[of]
	if v == nil {
		v = &visitor{due: now, since: now, backoff: backoff.ExponentialBackOff{
			InitialInterval: s.retry.InitialInterval, RandomizationFactor: s.retry.RandomizationFactor,
			Multiplier: s.retry.Multiplier, MaxInterval: s.retry.MaxInterval,
		}}
		s.visitors[of] = v
		s.some.Store(true)
	}
	return v
}

// Close lets go of the storage. What is written down stays for the next run.
func (s *Store) Close(ctx context.Context) error { return s.journal.close(ctx) }
