// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func unpaced(calls int, window time.Duration) Limits {
	return Limits{Quota: WindowConfig{Calls: calls, Window: window}}
}

func paced(callsPerSecond float64, burst int) Limits {
	return Limits{Quota: NewDefaultWindowConfig(), RateLimit: &RateLimitConfig{CallsPerSecond: callsPerSecond, Burst: burst}}
}

// waiting starts a Wait and returns what will be its error.
func waiting(ctx context.Context, a *Account) <-chan error {
	done := make(chan error, 1)
	go func() { done <- a.Wait(ctx, new(Waits)) }()
	synctest.Wait()
	return done
}

// blocked tells whether a Wait that was started has not returned yet.
func blocked(done <-chan error) bool {
	synctest.Wait()
	return len(done) == 0
}

func TestWaitBlocksUntilTheWindowHasRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(unpaced(2, time.Hour))
		for range 2 {
			require.NoError(t, a.Wait(t.Context(), new(Waits)))
			a.Done(time.Now())
		}
		start := time.Now()
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		assert.Equal(t, time.Duration(buckets+1)*time.Hour/buckets, time.Since(start))
	})
}

func TestCallInFlightTakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(unpaced(1, time.Minute))
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		next := waiting(t.Context(), a)
		time.Sleep(10 * time.Minute)
		assert.True(t, blocked(next))
		a.Done(time.Now())
		time.Sleep(time.Minute)
		assert.True(t, blocked(next), "it is counted from when it was over")
		require.NoError(t, <-next)
		a.Done(time.Now())
	})
}

func TestWaitEndsAtOnceWhenCanceled(t *testing.T) {
	tests := map[string]struct {
		limits Limits
		pause  time.Duration
		wait   int // how many calls leave before
	}{
		"while it waits for room":      {unpaced(1, time.Hour), 0, 1},
		"while it waits for the pace":  {paced(0.001, 1), 0, 1},
		"while it waits for the pause": {unpaced(1, time.Hour), time.Hour, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := NewAccount(tt.limits)
				for range tt.wait {
					require.NoError(t, a.Wait(t.Context(), new(Waits)))
					a.Done(time.Now())
				}
				a.Pause(tt.pause)
				ctx, cancel := context.WithCancel(t.Context())
				done := waiting(ctx, a)
				require.True(t, blocked(done))
				start := time.Now()
				cancel()
				require.ErrorIs(t, <-done, context.Canceled)
				assert.Zero(t, time.Since(start))
				assert.Equal(t, tt.wait, a.Usage().Used, "what did not leave is not counted")
			})
		})
	}
}

func TestPauseWhileWaitingForThePaceEndsWhenCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(paced(1, 1))
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		a.Done(time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		done := waiting(ctx, a)
		a.Pause(time.Hour)
		time.Sleep(time.Minute) // the pace would have let it through
		require.True(t, blocked(done))
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		assert.Equal(t, 1, a.Usage().Used)
	})
}

func TestCanceledContextTakesNothing(t *testing.T) {
	a := NewAccount(unpaced(1, time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, a.Wait(ctx, new(Waits)), context.Canceled)
	assert.Equal(t, Usage{Limit: 1, Used: 0}, a.Usage())
}

// One exporter stops while another that shares the account waits for room: what
// the first gives back, the second takes, and not a day later.
func TestRoomThatIsGivenBackIsTakenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(Limits{
			Quota:     WindowConfig{Calls: 2, Window: 24 * time.Hour},
			RateLimit: &RateLimitConfig{CallsPerSecond: 1.0 / 60, Burst: 1},
		})
		start := time.Now()
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		a.Done(time.Now())
		ctx, stop := context.WithCancel(t.Context())
		first := waiting(ctx, a) // has room, waits for the pace
		second := waiting(t.Context(), a)
		require.Equal(t, Usage{Limit: 2, Used: 2}, a.Usage())

		time.Sleep(10 * time.Second)
		stop()
		require.ErrorIs(t, <-first, context.Canceled)
		require.NoError(t, <-second)
		a.Done(time.Now())
		assert.Equal(t, time.Minute, time.Since(start).Round(time.Millisecond), "the pace still holds")
	})
}

func TestGiveBack_FreesTheRoomAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(unpaced(1, time.Hour))
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		next := waiting(t.Context(), a)
		require.True(t, blocked(next))
		start := time.Now()
		a.GiveBack()
		require.NoError(t, <-next)
		assert.Zero(t, time.Since(start))
		a.GiveBack()
		assert.Equal(t, Usage{Limit: 1, Used: 0}, a.Usage())
		makeCalls(t, a, 1)
		assert.Equal(t, Usage{Limit: 1, Used: 1}, a.Usage())
	})
}

func TestGiveBack_LeavesTheWrittenReservationToTheNextCall(t *testing.T) {
	d := newDisk()
	a := persisted(t, d, stored(100, 2), oneStart)
	for range 5 {
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		a.GiveBack()
	}
	makeCalls(t, a, 2)
	assert.Equal(t, 1, d.writes, "one reservation is enough")
	makeCalls(t, a, 1)
	assert.Equal(t, 2, d.writes)
	assert.GreaterOrEqual(t, persisted(t, d.copied(), stored(100, 2), oneStart).Usage().Used, 3, "what left is written")
}

func TestMoreCallersThanQuotaDoNotDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, callers = 3, 64
		a := NewAccount(Limits{
			Quota:     WindowConfig{Calls: limit, Window: time.Minute},
			RateLimit: &RateLimitConfig{CallsPerSecond: 50, Burst: 50},
		})
		var mu sync.Mutex
		var over []time.Time
		var running sync.WaitGroup
		for range callers {
			running.Go(func() {
				if assert.NoError(t, a.Wait(t.Context(), new(Waits))) {
					time.Sleep(100 * time.Millisecond) // the call
					a.Done(time.Now())
					mu.Lock()
					defer mu.Unlock()
					over = append(over, time.Now())
				}
			})
		}
		running.Wait()
		require.Len(t, over, callers)
		for i := limit; i < len(over); i++ {
			assert.GreaterOrEqual(t, over[i].Sub(over[i-limit]), time.Minute)
		}
	})
}

func TestUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(unpaced(5, time.Hour))
		assert.Equal(t, Usage{Limit: 5, Used: 0}, a.Usage())
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		assert.Equal(t, Usage{Limit: 5, Used: 1}, a.Usage(), "in flight")
		a.Done(time.Now())
		assert.Equal(t, Usage{Limit: 5, Used: 1}, a.Usage(), "over")
		time.Sleep(time.Hour)
		assert.Equal(t, Usage{Limit: 5, Used: 1}, a.Usage(), "still in the window")
		time.Sleep(time.Hour / buckets)
		assert.Equal(t, Usage{Limit: 5, Used: 0}, a.Usage(), "out of the window, though nobody called")
	})
}
