// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestOutbox_AnUploadIsWrittenWithItsRowsAndItsNote(t *testing.T) {
	tests := map[string]struct {
		steps []string
		want  bool
	}{
		"not before anything is":                    {nil, false},
		"when its note is":                          {[]string{"write"}, true},
		"not when that has failed":                  {[]string{"fail"}, false},
		"not when a row came since":                 {[]string{"write", "enlist"}, false},
		"when its row is too":                       {[]string{"enlist", "write"}, true},
		"not when the write of its row has failed":  {[]string{"write", "enlist", "fail"}, false},
		"when it is written after it has failed":    {[]string{"enlist", "fail", "write"}, true},
		"not when its note has changed":             {[]string{"write", "note"}, false},
		"not while it is written":                   {[]string{"enlist", "begin"}, false},
		"once that is over":                         {[]string{"enlist", "begin", "end"}, true},
		"not when a row came during the write":      {[]string{"begin", "enlist", "end"}, false},
		"not when its note changed meanwhile":       {[]string{"begin", "note", "end"}, false},
		"when that is written as well":              {[]string{"begin", "enlist", "note", "end", "write"}, true},
		"also when more is put for a row":           {[]string{"enlist", "write", "put"}, true},
		"when a row was taken out unwritten":        {[]string{"write", "enlist", "unload"}, true},
		"not when a row moved into it":              {[]string{"elsewhere", "write", "move"}, false},
		"not when the write of that has failed":     {[]string{"elsewhere", "write", "move", "fail"}, false},
		"not when it moved during the write":        {[]string{"elsewhere", "begin", "move", "end"}, false},
		"when its row that moved is written":        {[]string{"elsewhere", "begin", "move", "fail", "end", "write"}, true},
		"when its row moved away unwritten":         {[]string{"write", "enlist", "move away"}, true},
		"when its row moved away during the write":  {[]string{"enlist", "begin", "move away", "end"}, true},
		"when a row was taken out during the write": {[]string{"enlist", "begin", "unload", "end"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := stored(t, testConfig(), newDisk())
			e := called(f)
			upload, other := f.Begin("note"), f.Begin("other")
			var written func(bool)
			for _, step := range tt.steps {
				switch step {
				case "write":
					f.write()
				case "fail":
					_, written = f.Owed()
					written(false)
				case "begin":
					_, written = f.Owed()
				case "end":
					written(true)
				case "enlist":
					f.enlist(upload, e)
				case "elsewhere":
					f.enlist(other, e)
				case "move":
					f.moves(other, upload)
				case "move away":
					f.moves(upload, other)
				case "note":
					f.Note(upload, "another")
				case "put":
					f.put(says("v", "a", "2"))
				case "unload":
					_, err := f.Unload(t.Context(), upload, again)
					require.NoError(t, err)
				}
			}
			assert.Equal(t, tt.want, f.Written(upload))
		})
	}
	t.Run("at once where there is no storage", func(t *testing.T) {
		f := inMemory(t, testConfig())
		e := called(f)
		upload := f.Begin("note")
		f.enlist(upload, e)
		assert.True(t, f.Written(upload))
	})
}

func TestOutbox_ARowStaysAsItIs(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		e := called(f)
		first := e.First.UnixMilli()
		f.waits(time.Second)
		during := f.now.UnixMilli()
		f.put(says("v", "b", "2"))
		upload := f.Begin("note")
		f.enlist(upload, e)
		f.write()
		want := content{
			Visitor: visitor("v"), Parameters: parameters("b", "2"), Records: 1, First: during,
			Upload: upload, Row: parameters("a", "1", "b", "1"), Uploaded: 1,
		}
		require.Less(t, first, during)
		assert.Equal(t, want, f.rows(t, upload)[visitor("v")])

		for range 2 {
			f.put(says("v", "c", "3"))
			f.put(says("v", "b", "3"))
			f.write()
			f.waits(window)
			f.takeNothing()
			want.Records += 2
			want.Parameters = parameters("b", "3", "c", "3")
			for range 2 {
				assert.Equal(t, map[profile.Visitor]content{want.Visitor: want}, f.rows(t, upload))
				f = f.nextRun(testConfig())
			}
			held := f.Held()
			assert.Equal(t, 1, held.Visitors)
			assert.Equal(t, 1, held.Uploaded)
			assert.Equal(t, want.Records+1, held.Records)
			assert.True(t, f.Written(upload))
		}
		f.unload(upload, again)
		left := f.takeAll()[visitor("v")]
		assert.Equal(t, parameters("a", "1", "b", "3", "c", "3"), left.Parameters)
		assert.Equal(t, want.Records+1, left.Records)
	})
}

// TestOutbox_UnloadsInSteps has an upload that does not fit into memory at once.
func TestOutbox_UnloadsInSteps(t *testing.T) {
	const many = (outbox.PagesPerStep + 3) * slots
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		upload := f.uploads("note", visitors(many)...)
		other := f.uploads("other", says("other", "n", "1"))
		require.Len(t, f.rows(t, upload), many)
		seen := map[string]bool{}
		settle := func(e *outbox.Entry) time.Time {
			require.False(t, seen[e.Visitor.ID])
			seen[e.Visitor.ID] = true
			require.Equal(t, parameters("n", e.Visitor.ID[1:]), e.Row)
			return time.Time{}
		}
		more, err := f.Unload(t.Context(), upload, settle)
		require.NoError(t, err)
		assert.True(t, more)
		assert.Len(t, seen, outbox.PagesPerStep*slots)
		f.write()

		f = f.nextRun(testConfig())
		assert.Len(t, f.rows(t, upload), many-len(seen), "the others stand in it still")
		f.put(says("v"+strconv.Itoa(many-1), "n", "newer"))
		more, err = f.Unload(t.Context(), upload, settle)
		require.NoError(t, err)
		assert.False(t, more)
		assert.Len(t, seen, many)
		f.write()
		assert.Equal(t, []outbox.Upload{{Number: upload, Note: "note"}, {Number: other, Note: "other", Rows: 1}}, f.Uploads())
		assert.Equal(t, parameters("n", "newer"), f.takeAll()[visitor("v"+strconv.Itoa(many-1))].Parameters)
	})
}

func TestOutbox_RowsEndWhenNobodyWantsMore(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		upload := f.uploads("note", visitors(5)...)
		for _, err := range f.Rows(t.Context(), upload) {
			require.NoError(t, err)
			break
		}
		assert.Len(t, f.rows(t, upload), 5)
		assert.Empty(t, f.rows(t, upload+1), "there is no such upload")
	})
}
