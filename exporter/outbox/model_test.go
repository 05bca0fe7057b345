// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// waiting is an entry as the model has it.
type waiting struct {
	values   map[string]string
	records  int
	first    int64 // in Unix milliseconds
	due      time.Time
	attempts int
	failing  time.Duration
	oneWay   bool // not stored
}

func (w *waiting) clone() *waiting {
	if w == nil {
		return nil
	}
	c := *w
	c.values = maps.Clone(w.values)
	return &c
}

func (w *waiting) merge(newer *waiting) {
	maps.Copy(w.values, newer.values)
	w.records += newer.records
}

func (w *waiting) lane() outbox.Lane {
	switch {
	case w.oneWay:
		return outbox.OneWay
	case w.attempts > 0:
		return outbox.FailingAlone
	}
	return outbox.Fresh
}

// content returns what an entry of it holds.
func (w *waiting) content(v profile.Visitor) content {
	c := content{v, []profile.Parameter{}, w.records, w.first, w.attempts, w.failing}
	for _, name := range slices.Sorted(maps.Keys(w.values)) {
		c.Parameters = append(c.Parameters, profile.Parameter{Name: name, Value: w.values[name]})
	}
	return c
}

// size returns how many bytes the entry takes as it is stored.
func (w *waiting) size(v profile.Visitor) int64 {
	number := func(n int) int { return max(1, (bits.Len(uint(n))+6)/7) }
	text := func(s string) int { return number(len(s)) + len(s) }
	size := 1 + text(v.ID) + text("") + number(w.records) + number(int(2*w.first)) + number(w.attempts) +
		number(int(w.failing/time.Second)) + number(len(w.values))
	for name, value := range w.values {
		size += text(name) + text(value)
	}
	return int64(size)
}

// modelEntry is what the model knows of a visitor. It has no entry when whole is nil.
type modelEntry struct {
	whole *waiting // all of it, what came during a call merged
	since *waiting // what came during the call
	out   bool     // whether a call is out
	// unwritten and writing are the changes that wait for the next write, and that are in one.
	unwritten, writing int
}

func (e *modelEntry) takeable() bool { return e.whole != nil && !e.out && e.unwritten+e.writing == 0 }

// model is an outbox as one would write it without a thought for memory or disk.
type model struct {
	entries map[profile.Visitor]*modelEntry
	memory  bool
}

func newModel(memory bool) *model {
	return &model{entries: make(map[profile.Visitor]*modelEntry), memory: memory}
}

func (m *model) of(v profile.Visitor) *modelEntry {
	if m.entries[v] == nil {
		m.entries[v] = &modelEntry{}
	}
	return m.entries[v]
}

func (m *model) changed(e *modelEntry) {
	if !m.memory {
		e.unwritten++
	}
}

func (m *model) put(now time.Time, records ...record) {
	batches := map[profile.Visitor]*waiting{}
	for _, r := range records {
		says := &waiting{values: map[string]string{}, records: 1, first: now.UnixMilli(), due: now.Add(window)}
		for _, p := range r.parameters {
			says.values[p.Name] = p.Value
		}
		if batches[r.visitor] == nil {
			batches[r.visitor] = says
		} else {
			batches[r.visitor].merge(says)
		}
	}
	for v, says := range batches {
		e := m.of(v)
		switch {
		case e.whole == nil:
			e.whole = says
			m.changed(e)
			continue
		case e.out && e.since == nil:
			e.since = says.clone()
		case e.out:
			e.since.merge(says)
		}
		e.whole.merge(says)
	}
}

func (m *model) end(v profile.Visitor) {
	e := m.of(v)
	e.whole, e.since, e.out = e.since, nil, false
	m.changed(e)
}

func (m *model) retry(called *outbox.Entry, due time.Time) {
	e := m.of(called.Visitor)
	kept := &waiting{
		values: valuesOf(called), records: called.Records, first: e.whole.first, due: due,
		attempts: called.Attempts, failing: called.Failing.Truncate(time.Second), oneWay: called.OneWay,
	}
	if e.since != nil {
		kept.merge(e.since)
	}
	e.whole, e.since, e.out = kept, nil, false
	m.changed(e)
}

// image is what is stored once all is written.
func (m *model) image() map[profile.Visitor]*waiting {
	image := map[profile.Visitor]*waiting{}
	for v, e := range m.entries {
		if e.whole != nil {
			image[v] = e.whole.clone()
			image[v].oneWay = false
		}
	}
	return image
}

func (m *model) writes() {
	for _, e := range m.entries {
		e.writing, e.unwritten = e.unwritten, 0
	}
}

func (m *model) wrote(ok bool) {
	for v, e := range m.entries {
		if !ok {
			e.unwritten += e.writing
		}
		if e.writing = 0; e.whole == nil && e.unwritten == 0 {
			delete(m.entries, v)
		}
	}
}

// check holds what the outbox tells of itself against the model.
func (m *model) check(tb testing.TB, f *fixture) {
	tb.Helper()
	var want outbox.Held
	due := want.Ready
	next := time.Duration(0)
	oldest := f.now.UnixMilli()
	for v, e := range m.entries {
		if e.whole == nil {
			continue
		}
		want.Visitors++
		want.Records += e.whole.records
		want.Bytes += e.whole.size(v)
		oldest = min(oldest, e.whole.first)
		if !e.takeable() {
			continue
		}
		if in := e.whole.due.Sub(f.now); in <= 0 {
			due[e.whole.lane()]++
		} else {
			want.Waiting[e.whole.lane()]++
			if next == 0 || in < next {
				next = in
			}
		}
	}
	want.Ready = due
	gotDue, gotNext := f.Due(f.now)
	require.Equal(tb, due, gotDue)
	require.Equal(tb, next, gotNext)
	require.Equal(tb, want, f.Held())
	require.Equal(tb, time.Duration(f.now.Unix()-oldest/1000)*time.Second, f.Age(f.now), "in whole seconds")
}

// modelHash makes few hashes of many visitors.
func modelHash(v profile.Visitor) uint32 { return uint32(strings.Count(v.ID, "1")) } //nolint:gosec // never negative
