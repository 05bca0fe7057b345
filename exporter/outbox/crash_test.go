// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// beginWrite begins a write, which takes effect when it ends.
func (l *life) beginWrite() {
	if l.writeOver != nil {
		return
	}
	ops, written := l.Owed()
	image := l.model.image()
	l.model.writes()
	l.writing = append([]record(nil), l.queued...)
	l.writeOver = func(ok bool) {
		if ok || l.random.IntN(2) == 0 { // it may have been written and not been confirmed
			l.disk.apply(ops...)
			l.stored, l.queued = image, l.queued[len(l.writing):]
		}
		written(ok)
		l.model.wrote(ok)
		l.writeOver, l.writing = nil, nil
	}
}

func (l *life) endWrite() {
	if l.writeOver != nil {
		l.writeOver(l.random.IntN(4) > 0)
	}
}

// crash ends the process, and begins the next run. What is loaded is exactly what was stored.
func (l *life) crash() {
	l.writeOver, l.writing, l.calls = nil, nil, nil
	l.open()
	for _, w := range l.stored.entries {
		first := time.UnixMilli(w.first)
		w.due = l.now.Add(max(0, min(window, first.Add(window).Sub(l.now))))
		w.aged = w.first
	}
	l.resume()
}

// resume has the model begin from what is stored, and takes over what the queue still holds.
func (l *life) resume() {
	require.Equal(l.tb, l.model.load(l.stored), l.Loaded())
	l.model.check(l.tb, l.fixture)
	require.Equal(l.tb, l.stored.contents(), l.probe())
	if len(l.queued) > 0 {
		l.puts(l.queued...)
	}
	l.beginWrite()
	l.writeOver(true)
	l.holdNotes()
}

// contents returns what the entries hold.
func (i image) contents() map[profile.Visitor]content {
	all := map[profile.Visitor]content{}
	for v, w := range i.entries {
		all[v] = w.content(v)
	}
	return all
}

// probe takes all that is stored out of an outbox of its own.
func (l *life) probe() map[profile.Visitor]content {
	all := map[profile.Visitor]content{}
	note := func(c content) {
		require.NotContains(l.tb, all, c.Visitor, "a visitor stands once")
		all[c.Visitor] = c
	}
	f := storedAt(l.tb, testConfig(), l.disk, l.now)
	for _, u := range f.Uploads() {
		for e, err := range f.Rows(l.tb.Context(), u.Number) {
			require.NoError(l.tb, err)
			note(contentOf(e))
		}
	}
	remembered, err := f.Remembered(l.tb.Context())
	require.NoError(l.tb, err)
	for _, e := range remembered {
		c := contentOf(e)
		c.First = 0 // the model does not know when
		note(c)
	}
	for _, e := range f.takeAll() {
		note(contentOf(e))
	}
	return all
}

// holdNotes holds that what is stored of uploads is that of the ones there are.
func (l *life) holdNotes() {
	stored, indexed := map[string]bool{}, map[string]bool{}
	for key := range l.disk.data {
		if strings.HasPrefix(key, "upload") && key != uploadsKey {
			stored[key] = true
		}
	}
	index, _ := journal.Unseal(l.disk.data[uploadsKey])
	for number := range slices.Chunk(index, 4) {
		indexed[uploadKey(binary.BigEndian.Uint32(number))] = true
	}
	want := map[string]bool{}
	for number := range l.stored.notes {
		want[uploadKey(number)] = true
	}
	require.Equal(l.tb, want, stored)
	require.Equal(l.tb, want, indexed)
}

// crashWithin ends the process within a write of a storage that is not atomic: only the first
// operations are carried out, and the queue keeps its items. Each visitor is stored once, as
// before the write or as after it.
func (l *life) crashWithin() {
	if l.writeOver != nil {
		l.writeOver(true)
	}
	ops, _ := l.Owed()
	before, after := l.stored, l.model.image()
	l.disk.apply(ops[:l.random.IntN(len(ops)+1)]...)
	l.stored = newImage()
	for _, c := range l.probe() {
		l.holdOneOf(c, before.entries[c.Visitor], after.entries[c.Visitor])
	}
	for v, w := range before.entries {
		if after.entries[v] != nil {
			require.NotNil(l.tb, l.stored.entries[v], "what stays is never gone: %d records", w.records)
		}
	}
	l.holdUploads(before.notes, after.notes)
	l.crash()
}

func (l *life) holdOneOf(got content, images ...*waiting) {
	for _, w := range images {
		if w != nil && assert.ObjectsAreEqual(w.content(got.Visitor), got) {
			l.stored.entries[got.Visitor] = w.clone()
			return
		}
	}
	require.Fail(l.tb, "an entry is stored as it never was", "%v", got)
}

// holdUploads holds that each upload is found with its note as before the write or as after it.
func (l *life) holdUploads(before, after map[uint32]string) {
	for _, u := range storedAt(l.tb, testConfig(), l.disk, l.now).Uploads() {
		l.stored.notes[u.Number] = u.Note
		old, was := before[u.Number]
		next, is := after[u.Number]
		require.True(l.tb, was && u.Note == old || is && u.Note == next, "of %d: %q", u.Number, u.Note)
	}
	for number := range before {
		if _, is := after[number]; is {
			require.Contains(l.tb, l.stored.notes, number)
		}
	}
}
