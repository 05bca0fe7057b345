// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

func TestUploads_AreKeptWithTheirNotesUntilTheyAreClosed(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		assert.Empty(t, f.Uploads())
		first := f.uploads("first", visitors(20)...)
		second := f.Begin("second")
		f.Note(first, "changed")
		f.write()
		f = f.nextRun(testConfig())
		want := []outbox.Upload{{Number: first, Note: "changed", Rows: 20}, {Number: second, Note: "second"}}
		assert.Equal(t, want, f.Uploads())

		f.unload(first, arrived)
		f.write()
		f = f.nextRun(testConfig())
		assert.Equal(t, want[1:], f.Uploads())
		third := f.Begin("third")
		assert.Greater(t, third, second)
		f.Close(second)
		f.Close(third)
		f.write()
		if f.disk != nil {
			assert.Empty(t, notesOn(f.disk), "no note is left")
			index, whole := journal.Unseal(f.disk.data[uploadsKey])
			assert.True(t, whole)
			assert.Empty(t, index)
		}
		assert.Empty(t, f.nextRun(testConfig()).Uploads())
	})
}

// notesOn returns the keys of all notes that are stored.
func notesOn(d *disk) (keys []string) {
	for key := range d.data {
		if strings.HasPrefix(key, "upload") && key != uploadsKey {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestUploads_WhatIsLeftWhenSomethingOfThemIsLost(t *testing.T) {
	tests := map[string]struct {
		loses func(d *disk, key string)
		want  outbox.Upload // but for its number
	}{
		"its rows, when its note is lost":        {func(d *disk, key string) { delete(d.data, key) }, outbox.Upload{Rows: 3}},
		"its rows, when its note is damaged":     {func(d *disk, key string) { d.data[key] = d.data[key][:5] }, outbox.Upload{Rows: 3}},
		"its rows, when all else is lost":        {func(d *disk, key string) { delete(d.data, key); delete(d.data, uploadsKey) }, outbox.Upload{Rows: 3}},
		"all of it, when the index is lost":      {func(d *disk, _ string) { delete(d.data, uploadsKey) }, outbox.Upload{Note: "note", Rows: 3}},
		"all of it, when the index is damaged":   {func(d *disk, _ string) { d.data[uploadsKey] = []byte("damaged") }, outbox.Upload{Note: "note", Rows: 3}},
		"all of it, when the index is cut":       {func(d *disk, _ string) { d.data[uploadsKey] = journal.Seal([]byte{0, 0, 1}) }, outbox.Upload{Note: "note", Rows: 3}},
		"its note, when its pages are lost":      {func(d *disk, _ string) { delete(d.data, firstPage) }, outbox.Upload{Note: "note"}},
		"its note, when there are other pages":   {func(d *disk, _ string) { d.data[firstPage] = left(t, 5).data[firstPage] }, outbox.Upload{Note: "note"}},
		"a damaged note, when its pages are too": {func(d *disk, key string) { delete(d.data, firstPage); d.data[key] = []byte{1} }, outbox.Upload{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := stored(t, testConfig(), newDisk())
			upload := f.uploads("note", visitors(3)...)
			tt.loses(f.disk, uploadKey(upload))
			tt.want.Number = upload
			f = f.restarted()
			require.Equal(t, []outbox.Upload{tt.want}, f.Uploads())
			assert.True(t, f.Written(upload))
			assert.Greater(t, f.Begin("next"), upload, "numbers do not collide")
			for _, e := range f.rows(t, upload) {
				assert.Equal(t, parameters("n", e.Visitor.ID[1:]), e.Row)
			}
		})
	}
}

// TestUploads_OfAnyBeginningOfAWrite has a storage that is not atomic carry out the first
// operations of a write that gives the rows of an upload back, closes it and begins another one.
func TestUploads_OfAnyBeginningOfAWrite(t *testing.T) {
	const many = 3 * slots
	f := stored(t, testConfig(), newDisk())
	first := f.uploads("first", visitors(many)...)
	f.put(says("new", "n", "1"))
	f.write()
	e := f.takeAll()[visitor("new")]
	for more := true; more; {
		var err error
		more, err = f.Unload(t.Context(), first, again)
		require.NoError(t, err)
	}
	f.Close(first)
	second := f.Begin("second")
	f.enlist(second, e)
	ops, _ := f.Owed()
	require.Greater(t, len(ops), 6)
	notes := map[uint32]string{first: "first", second: "second"}
	for n := range len(ops) + 1 {
		d := f.disk.copied()
		d.apply(ops[:n]...)
		next := stored(t, testConfig(), d)
		visitors, open := map[string]bool{}, []string{}
		for _, u := range next.Uploads() {
			require.Equal(t, notes[u.Number], u.Note, "after %d", n)
			open = append(open, uploadKey(u.Number))
			for v := range next.rows(t, u.Number) {
				visitors[v.ID] = true
			}
		}
		next.write()
		require.ElementsMatch(t, open, notesOn(d), "after %d", n)
		for v := range next.takeAll() {
			require.False(t, visitors[v.ID], "a visitor stands once")
			visitors[v.ID] = true
		}
		require.Len(t, visitors, many+1)
		require.Equal(t, next.Uploads(), next.restarted().Uploads())
	}
	f.disk.apply(ops...)
	assert.Equal(t, []outbox.Upload{{Number: second, Note: "second", Rows: 1}}, f.restarted().Uploads())
	assert.ElementsMatch(t, []string{headerKey, uploadsKey, uploadKey(second), "outbox0", "outbox1", "outbox2", "outbox3"},
		slices.Collect(maps.Keys(f.disk.data)))
}
