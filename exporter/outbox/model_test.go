// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// modelEntry is what the model knows of a visitor. It has no entry when whole is nil.
type modelEntry struct {
	whole *waiting // all of it, what came during a call merged
	since *waiting // what came during the call
	out   bool     // whether a call is out
	// unwritten and writing are the changes that wait for the next write, and that are in one.
	unwritten, writing int
	// turn is when it was remembered: in order, and 0 by an earlier run.
	turn int
}

func (e *modelEntry) takeable() bool {
	return e.whole.waits() && e.whole.upload == 0 && !e.out && e.written()
}

func (e *modelEntry) written() bool { return e.unwritten+e.writing == 0 }

// model is an outbox as one would write it without a thought for memory or disk.
type model struct {
	entries map[profile.Visitor]*modelEntry
	uploads map[uint32]*modelUpload
	cfg     outbox.Config
	memory  bool
	turn    int
	// displaced counts who made room for others.
	displaced int
}

func newModel(cfg outbox.Config, memory bool) *model {
	return &model{entries: map[profile.Visitor]*modelEntry{}, uploads: map[uint32]*modelUpload{}, cfg: cfg, memory: memory}
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
		says := &waiting{values: map[string]string{}, records: 1, first: now.UnixMilli(), aged: now.UnixMilli(), due: now.Add(window)}
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
		case !e.whole.waits():
			if e.whole != nil {
				says.sent = e.whole.sent
			}
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

func (m *model) end(called *outbox.Entry) {
	e := m.of(called.Visitor)
	if e.since != nil {
		e.since.sent = valuesOf(called.Sent)
		e.whole, e.since, e.out = e.since, nil, false
		m.changed(e)
		return
	}
	m.rest(e, called)
}

// rest leaves nothing of an entry but what is remembered.
func (m *model) rest(e *modelEntry, of *outbox.Entry) {
	e.whole, e.out = nil, false
	if len(of.Sent) > 0 && m.cfg.Remember > 0 {
		m.turn++
		e.whole, e.turn = &waiting{sent: valuesOf(of.Sent)}, m.turn
	}
	m.changed(e)
}

// keep keeps an entry that was taken as it has become.
func (m *model) keep(called *outbox.Entry, due time.Time) {
	e := m.of(called.Visitor)
	kept := &waiting{
		values: valuesOf(called.Parameters), records: called.Records, first: called.First.UnixMilli(), aged: e.whole.aged, due: due,
		attempts: called.Attempts, failing: called.Failing.Truncate(time.Second), oneWay: called.OneWay,
		sent: valuesOf(called.Sent), upload: called.Upload, row: valuesOf(called.Row), uploaded: called.Uploaded,
	}
	if e.since != nil {
		kept.merge(e.since)
	}
	e.whole, e.since, e.out = kept, nil, false
	m.changed(e)
}

// image is what is stored once all is written.
type image struct {
	entries map[profile.Visitor]*waiting
	notes   map[uint32]string
}

func newImage() image {
	return image{entries: map[profile.Visitor]*waiting{}, notes: map[uint32]string{}}
}

func (m *model) image() image {
	stored := newImage()
	for v, e := range m.entries {
		if e.whole != nil {
			w := e.whole.clone()
			w.oneWay, w.aged = false, w.first
			stored.entries[v] = w
		}
	}
	for number, u := range m.uploads {
		stored.notes[number] = u.note
	}
	return stored
}

// load begins anew from what is stored.
func (m *model) load(stored image) (records int) {
	m.displaced = 0
	m.entries, m.uploads = map[profile.Visitor]*modelEntry{}, map[uint32]*modelUpload{}
	for v, w := range stored.entries {
		m.entries[v] = &modelEntry{whole: w.clone()}
		records += w.records + w.uploaded
	}
	for number, note := range stored.notes {
		m.uploads[number] = &modelUpload{note: note}
	}
	return records
}

func (m *model) writes() {
	for _, e := range m.entries {
		e.writing, e.unwritten = e.unwritten, 0
	}
	for _, u := range m.uploads {
		u.writing, u.dirty = u.dirty, false
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
	for _, u := range m.uploads {
		u.dirty, u.writing = u.dirty || u.writing && !ok, false
	}
}

// check holds what the outbox tells of itself against the model.
func (m *model) check(tb testing.TB, f *fixture) {
	tb.Helper()
	want := outbox.Held{Displaced: m.displaced}
	due := want.Ready
	next := time.Duration(0)
	oldest := f.now.UnixMilli()
	for v, e := range m.entries {
		if !e.whole.waits() {
			if e.whole != nil {
				want.Remembered++
			}
			continue
		}
		want.Visitors++
		want.Records += e.whole.records + e.whole.uploaded
		want.Bytes += e.whole.size(v)
		oldest = min(oldest, e.whole.aged)
		if e.whole.upload != 0 {
			want.Uploaded++
		}
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
	m.checkUploads(tb, f)
}

// modelHash makes few hashes of many visitors.
func modelHash(v profile.Visitor) uint32 { return uint32(strings.Count(v.ID, "1")) } //nolint:gosec // never negative
