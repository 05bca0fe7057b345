// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestUnload_MovesARowAsItIs(t *testing.T) {
	inMemoryAndStored(t, remembering(), func(t *testing.T, f *fixture) {
		f.remembers(says("v", "a", "1", "b", "1"))
		first := f.uploads("first", says("v", "b", "2"), says("v", "c", "2"))
		f.waits(time.Minute)
		f.put(says("v", "d", "3"))
		f.write()
		second := f.Begin("second")
		want, held := f.rows(t, first)[visitor("v")], f.Held()
		require.Equal(t, content{
			Visitor: visitor("v"), Parameters: parameters("d", "3"), Records: 1, First: want.First,
			Sent: parameters("a", "1", "b", "1"), Upload: first, Row: parameters("b", "2", "c", "2"), Uploaded: 2,
		}, want)
		age := f.Age(f.now)
		room(f)
		f.moves(first, second)
		want.Upload = second
		f.Close(first)
		assert.False(t, room(f))
		for range 2 {
			assert.Equal(t, []outbox.Upload{{Number: second, Note: "second", Rows: 1}}, f.Uploads())
			assert.Equal(t, held, f.Held())
			assert.Equal(t, map[profile.Visitor]content{want.Visitor: want}, f.rows(t, second))
			assert.Equal(t, age, f.Age(f.now))
			f.write()
			assert.True(t, f.Written(second))
			f.waits(window)
			f.takeNothing()
			f.waits(-window)
			f = f.nextRun(remembering())
			age = f.Age(f.now) // a restart forgets of what is in an upload when it came
		}
		f.unload(second, arrived)
		left := f.takeAll()[visitor("v")]
		assert.Equal(t, parameters("d", "3"), left.Parameters)
		assert.Equal(t, parameters("a", "1", "b", "2", "c", "2"), left.Sent)
		assert.Equal(t, 1, left.Records)
	})
}

func TestUnload_KeepsWhatEarlierUploadsCarriedApart(t *testing.T) {
	earlier := parameters("a", "1", "b", "1")
	tests := map[string]struct {
		settle     func(*outbox.Entry) time.Time
		remembered []profile.Parameter // nil when it waits
	}{
		"when it has arrived":     {arrived, parameters("a", "1", "b", "2")},
		"when it has been lost":   {func(*outbox.Entry) time.Time { return time.Time{} }, earlier},
		"when it is to go again":  {again, nil},
		"when all is to be ended": {func(e *outbox.Entry) time.Time { e.Sent = nil; return time.Time{} }, []profile.Parameter{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inMemoryAndStored(t, remembering(), func(t *testing.T, f *fixture) {
				f.remembers(says("v", "a", "1", "b", "1"))
				upload := f.uploads("", says("v", "b", "2"))
				f = f.nextRun(remembering())
				f.unload(upload, tt.settle)
				f = f.nextRun(remembering())
				left := f.takeAll()[visitor("v")]
				if tt.remembered != nil {
					assert.Nil(t, left)
					assert.ElementsMatch(t, tt.remembered, f.remembered()["v"])
					return
				}
				require.NotNil(t, left)
				assert.Equal(t, earlier, left.Sent)
				assert.Equal(t, parameters("b", "2"), left.Parameters)
			})
		})
	}
}

// TestUnload_MovesInSteps has a crash between the steps of an upload that does not fit into memory
// at once, and a write of the first one that fails.
func TestUnload_MovesInSteps(t *testing.T) {
	const many, step = (outbox.PagesPerStep + 3) * slots, outbox.PagesPerStep * slots
	f := stored(t, testConfig(), newDisk())
	first := f.uploads("first", visitors(many)...)
	second, third := f.Begin("second"), f.Begin("third")
	moves := func() (more bool) {
		more, err := f.Unload(t.Context(), first, func(e *outbox.Entry) time.Time {
			require.Equal(t, parameters("n", e.Visitor.ID[1:]), e.Row)
			require.Equal(t, 1, e.Uploaded)
			if e.Upload = second; e.Visitor.ID[len(e.Visitor.ID)-1]%2 == 1 {
				e.Upload = third
			}
			return time.Time{}
		})
		require.NoError(t, err)
		return more
	}
	rows := func() (rows []int) {
		for _, number := range []uint32{first, second, third} {
			rows = append(rows, len(f.rows(t, number)))
		}
		return rows
	}
	require.True(t, moves())
	_, written := f.Owed()
	written(false)
	require.Equal(t, []int{many - step, step / 2, step / 2}, rows())
	require.False(t, f.Written(second))
	lost := f.restarted()
	assert.Len(t, lost.rows(t, first), many, "nothing of it was written")
	f.write()
	require.True(t, f.Written(second))
	require.True(t, f.Written(third))

	f = f.restarted()
	assert.Equal(t, []int{many - step, step / 2, step / 2}, rows())
	assert.False(t, moves())
	f.Close(first)
	f.write()
	f = f.restarted()
	assert.Equal(t, []int{0, many / 2, many / 2}, rows())
	assert.Equal(t, many, f.Held().Records)
	assert.Len(t, f.Uploads(), 2)
}

// TestUnload_MovesInAnyBeginningOfAWrite has a storage that is not atomic carry out the first
// operations of a write after which the rows of an upload stand in two others.
func TestUnload_MovesInAnyBeginningOfAWrite(t *testing.T) {
	const many = 3 * slots
	f := stored(t, testConfig(), newDisk())
	first := f.uploads("first", visitors(many)...)
	parts := []uint32{f.Begin("second"), f.Begin("third")}
	notes := map[uint32]string{first: "first", parts[0]: "second", parts[1]: "third"}
	n := 0
	_, err := f.Unload(t.Context(), first, func(e *outbox.Entry) time.Time {
		n++
		e.Upload = parts[n%2]
		return time.Time{}
	})
	require.NoError(t, err)
	f.Close(first)
	ops, _ := f.Owed()
	stages := map[int]bool{}
	for n := range len(ops) + 1 {
		d := f.disk.copied()
		d.apply(ops[:n]...)
		next := stored(t, testConfig(), d)
		seen := map[string]uint32{}
		for _, u := range next.Uploads() {
			require.Equal(t, notes[u.Number], u.Note, "after %d", n)
			for v, c := range next.rows(t, u.Number) {
				require.Zero(t, seen[v.ID], "a visitor stands once")
				require.Equal(t, parameters("n", v.ID[1:]), c.Row)
				require.Equal(t, 1, c.Uploaded)
				seen[v.ID] = u.Number
			}
		}
		require.Len(t, seen, many, "after %d", n)
		next.takeNothing()
		left := slices.Collect(maps.Values(seen))
		stages[len(slices.DeleteFunc(left, func(number uint32) bool { return number != first }))] = true
	}
	assert.Equal(t, map[int]bool{many: true, 2 * slots: true, slots: true, 0: true}, stages, "page by page")
}
