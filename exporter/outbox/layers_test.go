// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// called returns an entry whose call is out: a and b are 1.
func called(f *fixture) *outbox.Entry {
	f.tb.Helper()
	f.put(says("v", "a", "1", "b", "1"))
	f.write()
	f.waits(window)
	return f.take(outbox.Fresh)
}

func TestOutbox_LayersOfAnEntry(t *testing.T) {
	end := func(f *fixture, e *outbox.Entry) { f.End(e) }
	retry := func(f *fixture, e *outbox.Entry) { f.Retry(e, f.now) }
	carried := func(n int) func(f *fixture, e *outbox.Entry) {
		return func(f *fixture, e *outbox.Entry) {
			e.Parameters = e.Parameters[n:] // as after a call that carried the first of them
			f.Retry(e, f.now)
		}
	}
	tests := map[string]struct {
		during  [][]record
		after   func(f *fixture, e *outbox.Entry)
		want    []profile.Parameter // nil when nothing is left
		records int
	}{
		"End leaves nothing of what was called": {
			after: end,
		},
		"End leaves exactly what came since": {
			during: [][]record{{says("v", "b", "2", "c", "2")}},
			after:  end,
			want:   parameters("b", "2", "c", "2"), records: 1,
		},
		"what came since is merged": {
			during: [][]record{{says("v", "b", "2", "c", "2")}, {says("v", "c", "3"), says("v", "d", "3")}},
			after:  end,
			want:   parameters("b", "2", "c", "3", "d", "3"), records: 3,
		},
		"Retry leaves what was called": {
			after: retry,
			want:  parameters("a", "1", "b", "1"), records: 1,
		},
		"Retry merges what came since": {
			during: [][]record{{says("v", "b", "2")}, {says("v", "c", "3")}},
			after:  retry,
			want:   parameters("a", "1", "b", "2", "c", "3"), records: 3,
		},
		"Retry leaves what the call has not carried": {
			after: carried(1),
			want:  parameters("b", "1"), records: 1,
		},
		"what was carried does not come back with what came since": {
			during: [][]record{{says("v", "c", "3")}},
			after:  carried(1),
			want:   parameters("b", "1", "c", "3"), records: 2,
		},
		"a newer value of what was carried is sent": {
			during: [][]record{{says("v", "a", "2")}},
			after:  carried(1),
			want:   parameters("a", "2", "b", "1"), records: 2,
		},
		"when all was carried what came since is left": {
			during: [][]record{{says("v", "c", "3")}},
			after:  carried(2),
			want:   parameters("c", "3"), records: 2,
		},
		"another visitor changes nothing": {
			during: [][]record{{says("w", "a", "2")}},
			after:  end,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
				e := called(f)
				for _, records := range tt.during {
					f.put(records...)
				}
				assert.Equal(t, parameters("a", "1", "b", "1"), e.Parameters, "a put does not change the call")
				assert.Equal(t, 1, e.Records)

				tt.after(f, e)
				f.write()
				left := f.takeAll()
				delete(left, visitor("w"))
				if tt.want == nil {
					assert.Empty(t, left)
					return
				}
				require.Len(t, left, 1)
				assert.Equal(t, tt.want, left[visitor("v")].Parameters)
				assert.Equal(t, tt.records, left[visitor("v")].Records)
			})
		})
	}
}

func TestOutbox_AVisitorHasOneCallUnderWayAtMost(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(_ *testing.T, f *fixture) {
		called(f)
		f.put(says("v", "a", "2"))
		f.write()
		f.waits(window)
		f.takeNothing()
	})
}

func TestOutbox_WhatCameSinceIsANewEntry(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		e := called(f)
		e.Attempts, e.Failing, e.Seen = 3, time.Minute, time.Minute
		f.Retry(e, f.now)
		f.write()
		e = f.take(outbox.FailingAlone)
		f.waits(time.Second)
		since := f.now
		f.put(says("v", "b", "2"))
		f.waits(time.Second)
		f.End(e)
		f.write()

		f.waits(window - time.Second - 1)
		f.takeNothing()
		f.waits(1) // its window begins with the first record that came since
		e = f.take(outbox.Fresh)
		assert.Equal(t, content{Visitor: visitor("v"), Parameters: parameters("b", "2"), Records: 1, First: since.UnixMilli()}, contentOf(e))
		assert.Zero(t, e.Seen)
	})
}

func TestOutbox_RetryKeepsWhatTheEntryHasBecome(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		e := called(f)
		first := e.First
		e.Attempts, e.Failing, e.Seen = 2, 90*time.Second, 7*time.Second
		f.put(says("v", "b", "2"))
		f.Retry(e, f.now.Add(time.Minute))
		f.write()

		f.waits(time.Minute - 1)
		f.takeNothing()
		f.waits(1)
		e = f.take(outbox.FailingAlone)
		assert.Equal(t, content{
			Visitor: visitor("v"), Parameters: parameters("a", "1", "b", "2"), Records: 2, First: first.UnixMilli(),
			Attempts: 2, Failing: 90 * time.Second,
		}, contentOf(e))
		assert.Equal(t, 7*time.Second, e.Seen)
	})
}

func TestOutbox_AnEntryIsTakenManyTimes(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		e := called(f)
		for range 300 {
			f.Retry(e, f.now)
			f.write()
			e = f.take(outbox.Fresh)
		}
		assert.Equal(t, parameters("a", "1", "b", "1"), e.Parameters)
		e.Attempts = 1000
		f.Retry(e, f.now)
		f.write()
		assert.Equal(t, 1000, f.take(outbox.FailingAlone).Attempts)
	})
}
