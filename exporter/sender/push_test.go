// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// crowded has room for ten visitors, and calls that take an hour.
func crowded(set *setup) {
	set.outbox.MaxVisitors, set.outbox.MergeWindow, set.route.latency = 10, 0, time.Hour
}

func TestPush_WaitsForRoomAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, crowded)
		began := time.Now()
		f.push(t, visitors(10)...)
		time.Sleep(time.Minute)
		f.push(t, tier("v3", "2"))
		assert.Equal(t, time.Minute, time.Since(began), "a visitor who has an entry needs no room")
		f.push(t, tier("new", "1"))
		assert.Equal(t, time.Hour, time.Since(began))
		time.Sleep(2 * time.Hour)
		assert.Equal(t, map[string]int{"delivered": 12}, f.counts("records"))
		f.Stop()
	})
}

func TestPush_WithoutRoomItEndsWithItsCallerOrTheExporter(t *testing.T) {
	for name, tt := range map[string]struct {
		end     func(f *fixture, cancel func())
		records map[string]int // with a queue in memory
	}{
		"the exporter stops":  {func(f *fixture, _ func()) { go f.Stop() }, map[string]int{"delivered": 10, "rejected shutdown": 3}},
		"the caller gives up": {func(_ *fixture, cancel func()) { cancel() }, map[string]int{"delivered": 10}},
	} {
		for queue, inMemory := range map[string]bool{"in memory": true, "persistent": false} {
			t.Run(name+", "+queue, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := started(t, crowded)
					f.push(t, visitors(10)...)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					time.AfterFunc(time.Minute, func() { tt.end(f, cancel) })
					more := logs(tier("a", "1"), tier("b", "1"), record{})
					began := time.Now()
					want := tt.records
					if inMemory {
						err := f.PushInMemory(ctx, more)
						assert.Equal(t, ctx.Err(), err)
					} else {
						_, err := f.Push(ctx, more)
						require.Error(t, err)
						want = map[string]int{"delivered": 10}
					}
					assert.Equal(t, time.Minute, time.Since(began))
					time.Sleep(2 * time.Hour)
					assert.Equal(t, want, f.counts("records"))
					f.Stop()
				})
			})
		}
	}
}

func TestPush_CountsNothingBeforeItIsPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		request := logs(tier("a", "1"), record{}, record{"b", map[string]string{"user.x": "1"}})
		put, err := f.Push(t.Context(), request)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.Empty(t, f.counts("records"))
		assert.Empty(t, f.route.calls())
		require.NoError(t, put(t.Context()))
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"delivered": 1, "skipped no_visitor": 1, "skipped no_parameters": 1}, f.counts("records"))
		f.Stop()
	})
}

func TestTakeOver_NeedsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, crowded)
		f.push(t, visitors(10)...)
		put, err := f.TakeOver(t.Context(), logs(tier("a", "1"), tier("b", "1")))
		require.NoError(t, err)
		require.NoError(t, put(t.Context()))
		assert.Equal(t, 12, f.outbox.Held().Visitors)
		f.Stop()
	})
}

func TestStop_ReturnsWhenCallsUnderWayHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			set.outbox.MergeWindow, set.Concurrency, set.route.latency, set.route.perCall = 0, 4, time.Minute, 1
		})
		records := visitors(10)
		for i := range records {
			records[i].parameters["a"] = "1" // two calls
		}
		f.push(t, records...)
		time.Sleep(10 * time.Second)
		began := time.Now()
		f.Stop()
		assert.Equal(t, 50*time.Second, time.Since(began))
		assert.Len(t, f.route.calls(), 4)
		f.push(t, tier("v1", "2"))
		time.Sleep(time.Hour)
		assert.Empty(t, f.route.calls(), "nothing is sent after Stop")
		held := f.outbox.Held()
		assert.Equal(t, 11, held.Records, "what was not sent stays, with what is left of a split update")
		assert.Equal(t, 10, held.Waiting[0]+held.Ready[0], "and nobody is blamed")
		assert.Empty(t, f.counts("records"))
		assert.Equal(t, 4, f.set.Account.Usage().Used)
	})
}

func TestDrain_SendsWhatIsThereWithinItsTime(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*setup)
		before  func(f *fixture)
		lasts   time.Duration
		records map[string]int
	}{
		"windows are not waited for": {
			func(set *setup) { set.outbox.MergeWindow = time.Hour }, func(*fixture) {}, 0, map[string]int{"delivered": 101},
		},
		"the pace is kept": {
			func(set *setup) { set.quota.RateLimit = &quota.RateLimitConfig{CallsPerSecond: 10, Burst: 1} },
			func(*fixture) {}, 10 * time.Second,
			map[string]int{"delivered": 101},
		},
		"the quota is kept": {
			func(set *setup) { set.quota.Quota = quota.WindowConfig{Calls: 60, Window: time.Hour} },
			func(*fixture) {}, 30 * time.Second,
			map[string]int{"delivered": 60, "rejected shutdown": 41},
		},
		"what fails is tried again": {
			func(*setup) {}, func(f *fixture) { f.pattern(down, manyFail+"x") }, -1, map[string]int{"delivered": 101},
		},
		"who fails alone holds up nobody": {
			func(*setup) {}, func(f *fixture) { f.route.fails(down, "poison") }, 30 * time.Second,
			map[string]int{"delivered": 100, "rejected shutdown": 1},
		},
		"nothing gets through": {
			func(*setup) {}, func(f *fixture) { f.route.answers(down) }, 30 * time.Second, map[string]int{"rejected shutdown": 101},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, tt.change)
				tt.before(f)
				f.push(t, append(visitors(100), tier("poison", "1"))...)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				defer f.Hasten(ctx)()
				f.Drain()
				if tt.lasts >= 0 {
					assert.Equal(t, tt.lasts, time.Since(began).Round(time.Second))
				} else {
					assert.LessOrEqual(t, time.Since(began), 30*time.Second)
				}
				assert.Equal(t, tt.records, f.counts("records"))
				lost := tt.records["rejected shutdown"]
				assert.Equal(t, lost > 0, f.said("Log records dropped: not sent, and no persistent queue to keep them") > 0)
				f.route.calls()
				time.Sleep(time.Hour)
				assert.Empty(t, f.route.calls())
			})
		})
	}
}

func TestDrain_AnOutageIsAskedAboutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.route.answers(down)
		f.push(t, visitors(100)...)
		time.Sleep(5 * time.Hour) // and for minutes nothing is tried
		f.route.answers(taken)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		defer f.Hasten(ctx)()
		f.Drain()
		assert.Equal(t, map[string]int{"delivered": 100}, f.counts("records"))
	})
}

func TestSender_CountsWhatItIsToldOf(t *testing.T) {
	f := newFixture(t)
	f.Received(3)
	f.Recovered(4)
	f.RejectLarge(5)
	assert.Equal(t, map[string]int{"": 8}, f.counts("records.received"))
	assert.Equal(t, map[string]int{"": 4}, f.counts("records.recovered"))
	assert.Equal(t, map[string]int{"rejected larger_than_queue": 5}, f.counts("records"))
}
