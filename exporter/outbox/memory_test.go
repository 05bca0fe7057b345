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

func TestMemory_CountsAmongNothingThatWaits(t *testing.T) {
	cfg := remembering()
	cfg.MaxVisitors = 2
	inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
		f.remembers(says("v", "a", "1"), says("w", "a", "1"))
		for range 2 {
			f.waits(time.Hour)
			assert.Equal(t, outbox.Held{Remembered: 2}, f.Held())
			assert.Zero(t, f.Age(f.now))
			assert.True(t, f.Fits(batchOf(visitors(2)...)))
			f.takeNothing()
			f = f.nextRun(cfg)
			assert.Zero(t, f.Loaded())
		}
		f.put(says("v", "b", "1"))
		assert.True(t, f.Fits(batchOf(says("w", "b", "1"))), "one of two")
		assert.False(t, f.Fits(batchOf(visitors(2)...)), "one who is remembered and comes again counts")
		assert.Equal(t, 1, f.Held().Remembered)
	})
}

func TestMemory_OfOneWhoComesAgain(t *testing.T) {
	sent := parameters("a", "1")
	tests := map[string]struct {
		then   func(f *fixture, e *outbox.Entry)
		left   []profile.Parameter // of what waits, nil for nothing
		memory map[string][]profile.Parameter
	}{
		"is kept when its call ends": {
			then:   func(f *fixture, e *outbox.Entry) { f.End(e) },
			memory: map[string][]profile.Parameter{"v": sent},
		},
		"goes on with what came during its call": {
			then: func(f *fixture, e *outbox.Entry) {
				f.put(says("v", "c", "3"))
				f.End(e)
			},
			left: parameters("c", "3"),
		},
		"is kept when its call is to be made again": {
			then: func(f *fixture, e *outbox.Entry) { f.Retry(e, f.now) },
			left: parameters("b", "2"),
		},
		"goes when its call has ended that way": {
			then: func(f *fixture, e *outbox.Entry) {
				e.Sent = nil
				f.End(e)
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inMemoryAndStored(t, remembering(), func(t *testing.T, f *fixture) {
				f.remembers(says("v", "a", "1"))
				f = f.nextRun(remembering())
				f.put(says("v", "b", "2"))
				f.write()
				f = f.nextRun(remembering())
				f.waits(window)
				e := f.take(outbox.Fresh)
				assert.Equal(t, sent, e.Sent)
				assert.Equal(t, parameters("b", "2"), e.Parameters)
				assert.Equal(t, 1, e.Records)
				tt.then(f, e)
				f.write()
				f = f.nextRun(remembering())
				if tt.memory != nil {
					assert.Equal(t, tt.memory, f.remembered())
				} else {
					assert.Zero(t, f.Held().Remembered)
				}
				all := f.takeAll()
				if tt.left == nil {
					assert.Empty(t, all)
					return
				}
				assert.Equal(t, tt.left, all[visitor("v")].Parameters)
				assert.Equal(t, sent, all[visitor("v")].Sent)
			})
		})
	}
}

func TestMemory_IsNoneWhenNothingIsToBeRemembered(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.remembers(says("v", "a", "1"))
		assert.Zero(t, f.Held())
		f.put(says("v", "a", "2"))
		f.write()
		e := f.takeAll()[visitor("v")]
		assert.Empty(t, e.Sent)
		e.Sent = parameters("a", "1")
		f.End(e)
		f.write()
		assert.Zero(t, f.Held())
		if f.disk != nil {
			assert.Zero(t, f.disk.pages())
		}
	})
}

func TestMemory_ForgetsInTime(t *testing.T) {
	inMemoryAndStoredInTime(t, remembering(), func(t *testing.T, f *fixture) {
		f.remembers(says("v", "a", "1"))
		time.Sleep(time.Hour)
		f.remembers(says("w", "a", "2"))
		time.Sleep(remember - time.Hour - time.Second)
		for _, want := range []int{2, 1, 0} {
			f.now = time.Now()
			for range 2 { // over restarts too
				more, err := f.Forget(t.Context(), f.now)
				require.NoError(t, err)
				assert.False(t, more)
				assert.Equal(t, want, f.Held().Remembered)
				f.write()
				f = f.nextRun(remembering())
			}
			time.Sleep(time.Hour)
		}
		assert.Zero(t, f.Held())
		if f.disk != nil {
			assert.Zero(t, f.disk.pages())
		}
	})
}

// TestMemory_DoesNotGrowWithTheSameVisitors has the same visitors remembered within a second.
func TestMemory_DoesNotGrowWithTheSameVisitors(t *testing.T) {
	const many, spare = 10, 1 << 10
	inMemoryAndStored(t, remembering(), func(t *testing.T, f *fixture) {
		for range 500 {
			f.unload(f.uploads("", visitors(many)...), arrived)
			require.LessOrEqual(t, f.Order(), 2*many+spare+1)
		}
		assert.Equal(t, many, f.Held().Remembered)
		more, err := f.Forget(t.Context(), f.now.Add(remember))
		require.NoError(t, err)
		assert.False(t, more)
		f.write()
		assert.Zero(t, f.Held(), "each once")
		f.put(visitors(many)...)
		f.write()
		assert.Len(t, f.takeAll(), many)
	})
}

// TestMemory_ForgetsSomeAtATime has more visitors remembered than are forgotten at once.
func TestMemory_ForgetsSomeAtATime(t *testing.T) {
	const many = outbox.ForgetAtOnce + 100
	whole := stored(t, remembering(), newDisk())
	whole.unload(whole.uploads("", visitors(many)...), arrived)
	t.Run("when their time is over", func(t *testing.T) {
		f := storedAt(t, remembering(), whole.disk.copied(), whole.now)
		for _, left := range []int{many - outbox.ForgetAtOnce, 0} {
			more, err := f.Forget(t.Context(), f.now.Add(2*remember))
			require.NoError(t, err)
			assert.Equal(t, left > 0, more)
			assert.Equal(t, outbox.Held{Remembered: left}, f.Held())
			f.write()
		}
	})
	t.Run("not when there is less room than before", func(t *testing.T) {
		small := remembering()
		small.MaxVisitors = 10
		f := storedAt(t, small, whole.disk.copied(), whole.now)
		f.disk.fails = reads
		require.Error(t, f.Put(t.Context(), batchOf(says("new", "n", "1")), f.now))
		assert.Equal(t, outbox.Held{Remembered: many}, f.Held(), "all of them or nobody")
		f.disk.fails = nil
		f.put(says("new", "n", "1"))
		assert.Equal(t, 9, f.Held().Remembered)
		assert.Equal(t, many-9, f.Held().Displaced)
	})
}

func TestMemory_ForgetsNobodyWhenAPageCannotBeRead(t *testing.T) {
	f := stored(t, remembering(), newDisk())
	f.unload(f.uploads("", visitors(evicting)...), arrived)
	f.disk.fails = reads
	for range 3 {
		_, err := f.Forget(t.Context(), f.now.Add(remember))
		require.Error(t, err)
		assert.Equal(t, evicting, f.Held().Remembered)
	}
	f.disk.fails = nil
	for more := true; more; {
		var err error
		more, err = f.Forget(t.Context(), f.now.Add(remember))
		require.NoError(t, err)
		f.write()
	}
	assert.Zero(t, f.Held())
}
