// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// TestOutbox_NothingIsTakenBeforeItWasWritten holds that nothing new leaves before the storage
// says that it is stored, for what is stored may never be older than what a call has carried.
func TestOutbox_NothingIsTakenBeforeItWasWritten(t *testing.T) {
	tests := map[string]struct {
		change func(f *fixture)
		want   int // entries that can be taken after the write
	}{
		"an entry that was added": {
			change: func(f *fixture) { f.put(says("v", "a", "1")) },
			want:   1,
		},
		"an entry that was put off": {
			change: func(f *fixture) { f.Retry(called(f), f.now) },
			want:   1,
		},
		"an entry that fails alone and was put off": {
			change: func(f *fixture) {
				e := called(f)
				e.Attempts++
				f.Retry(e, f.now)
			},
			want: 1,
		},
		"what came while a call was out that ended": {
			change: func(f *fixture) {
				e := called(f)
				f.put(says("v", "a", "2"))
				f.End(e)
			},
			want: 1,
		},
		"an entry of a visitor that ended and came again": {
			change: func(f *fixture) {
				f.End(called(f))
				f.put(says("v", "a", "2"))
			},
			want: 1,
		},
		"an entry that has ended": {
			change: func(f *fixture) { f.End(called(f)) },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := stored(t, testConfig(), newDisk())
			tt.change(f)
			f.waits(window)
			f.takeNothing()

			for range 3 {
				ops, written := f.Owed()
				require.NotEmpty(t, ops, "what was not written is owed again")
				f.takeNothing()
				written(false)
				f.takeNothing()
			}
			_, written := f.Owed()
			written(true)
			assert.Equal(t, tt.want, f.ready(outbox.Fresh)+f.ready(outbox.FailingAlone))
			ops, _ := f.Owed()
			assert.Empty(t, ops, "nothing is owed any more")
		})
	}
}

func TestOutbox_AWriteUnderWayDoesNotCoverWhatComesAfterIt(t *testing.T) {
	tests := map[string]struct {
		before, under func(f *fixture)
		want          int // entries that can be taken when the first write has ended
	}{
		"another visitor's entry": {
			before: func(f *fixture) { f.put(says("v", "a", "1")) },
			under:  func(f *fixture) { f.put(says("w", "a", "1")) },
			want:   1,
		},
		"a visitor that comes again while its end is written": {
			before: func(f *fixture) { f.End(called(f)) },
			under:  func(f *fixture) { f.put(says("v", "a", "2")) },
		},
		"an entry into which more is merged": {
			before: func(f *fixture) { f.put(says("v", "a", "1")) },
			under:  func(f *fixture) { f.put(says("v", "a", "2")) },
			want:   1, // what is written of it is older than the call, and the record's item is stored still
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, ok := range []bool{true, false} {
				f := stored(t, testConfig(), newDisk())
				tt.before(f)
				ops, written := f.Owed()
				tt.under(f)
				f.disk.apply(ops...)
				written(ok)
				f.waits(window)
				if !ok {
					f.takeNothing()
				} else {
					assert.Equal(t, tt.want, f.ready(outbox.Fresh))
				}
				f.write()
				held := f.Held()
				assert.Equal(t, held.Visitors, f.ready(outbox.Fresh))
				assert.Equal(t, held.Bytes, f.restarted().Held().Bytes)
			}
		})
	}
}

func TestOutbox_StaysTakeableWhileMoreMergesIntoIt(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	f.put(says("v", "a", "1"))
	f.write()
	f.waits(window)
	for _, value := range []string{"2", "3", "4"} {
		f.put(says("v", "a", value))
		assert.Equal(t, 1, f.ready(outbox.Fresh), "a stream of records does not hold an entry up")
	}
	assert.Equal(t, parameters("a", "4"), f.take(outbox.Fresh).Parameters)
}

func TestOutbox_AVisitorThatEndedAndCameAgainIsStoredOnce(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	e := called(f)
	for round := range 5 {
		f.End(e)
		f.put(says("w", "a", "1")) // to take a slot that was free
		f.put(says("v", "a", "2"))
		if round%2 == 0 {
			_, written := f.Owed()
			written(false)
		}
		f.write()
		assert.Len(t, f.disk.data, 2, "the header and one page")
		assert.Equal(t, 2, f.restarted().Held().Visitors)
		f.waits(window)
		for e = f.take(outbox.Fresh); e.Visitor != visitor("v"); e = f.take(outbox.Fresh) {
			f.End(e)
		}
	}
}

func TestOutbox_OwesNothingWhenNothingHasChanged(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	ops, written := f.Owed()
	require.Len(t, ops, 1, "an outbox is known by its header, even when nothing ever waits")
	assert.Equal(t, headerKey, ops[0].Key)
	f.disk.apply(ops...)
	written(true)
	for range 2 {
		ops, written = f.Owed()
		assert.Empty(t, ops)
		written(true)
		written(false)
	}
	e := called(f)
	ops, _ = f.Owed()
	assert.Empty(t, ops, "taking changes nothing")
	f.Retry(e, f.now)
	f.write()
	ops, _ = f.Owed()
	assert.Empty(t, ops)
}

func TestOutbox_SignalsWhatOthersWaitFor(t *testing.T) {
	received := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.put(says("v", "a", "1"), says("w", "a", "1"))
		assert.Equal(t, f.disk == nil, received(f.Changed()), "with a storage an entry comes with its write")
		f.write()
		assert.Equal(t, f.disk != nil, received(f.Changed()))
		assert.False(t, received(f.Room()))

		f.waits(window)
		f.Retry(f.take(outbox.Fresh), f.now.Add(time.Second))
		f.write()
		assert.True(t, received(f.Changed()), "an entry may be due earlier than all that waited")
		assert.False(t, received(f.Room()))

		f.End(f.take(outbox.Fresh))
		f.write()
		assert.True(t, received(f.Room()), "an entry has gone")

		f.Hasten(f.now)
		assert.True(t, received(f.Changed()))
	})
}
