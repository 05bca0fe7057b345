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

// departures collects when calls left.
type departures struct {
	mu sync.Mutex
	at []time.Time
}

func (d *departures) note() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = append(d.at, time.Now())
}

// let starts that many callers that make that many calls each.
func (d *departures) let(t *testing.T, a *Account, callers, calls int) *sync.WaitGroup {
	t.Helper()
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for range calls {
				if err := a.Wait(t.Context(), new(Waits)); err != nil {
					t.Errorf("waiting: %v", err)
					return
				}
				d.note()
				a.Done(time.Now())
			}
		})
	}
	return &running
}

// assertPace checks that no interval holds more than a burst and what the pace adds.
func (d *departures) assertPace(t *testing.T, callsPerSecond float64, burst int) {
	t.Helper()
	for i := range d.at {
		for j := i + burst; j < len(d.at); j++ {
			elapsed := d.at[j].Sub(d.at[i]).Seconds()
			require.LessOrEqual(t, float64(j-i+1), float64(burst)+callsPerSecond*elapsed+1e-6, "from call %d to %d", i, j)
		}
	}
}

func TestPaceHoldsInEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left departures
		a := NewAccount(paced(50, 20))
		start := time.Now()
		left.let(t, a, 64, 5).Wait()
		left.assertPace(t, 50, 20)
		assert.Equal(t, 6*time.Second, time.Since(start).Round(time.Millisecond), "and nothing is slower than it: 20 at once, 300 at 50 a second")
	})
}

func TestFirstBurstLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(paced(0.5, 3))
		start := time.Now()
		for range 3 {
			require.NoError(t, a.Wait(t.Context(), new(Waits)))
			a.Done(time.Now())
		}
		assert.Zero(t, time.Since(start))
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestPaceHoldsAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left departures
		a := NewAccount(paced(10, 4))
		running := left.let(t, a, 64, 3)
		for range 3 {
			time.Sleep(1234 * time.Millisecond)
			a.Pause(17 * time.Second)
		}
		running.Wait()
		assert.Len(t, left.at, 64*3)
		left.assertPace(t, 10, 4)
	})
}

func TestPaceHoldsWhenSomeGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left departures
		a := NewAccount(paced(10, 4))
		running := left.let(t, a, 32, 4)
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(130*time.Millisecond, cancel)
			done := waiting(ctx, a)
			if err := <-done; err == nil {
				left.note()
				a.Done(time.Now())
			}
			cancel()
		}
		running.Wait()
		left.assertPace(t, 10, 4)
	})
}

func TestPaceHoldsWhenADiskIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left departures
		d := newDisk()
		d.slow = 70 * time.Millisecond
		limits := stored(1000, 1)
		limits.RateLimit = &RateLimitConfig{CallsPerSecond: 10, Burst: 1}
		a := persisted(t, d, limits, oneStart)
		for range 20 {
			left.let(t, a, 1, 1).Wait()
			time.Sleep(25 * time.Millisecond)
		}
		left.assertPace(t, 10, 1)
	})
}

func TestNoPaceLetsAllThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left departures
		start := time.Now()
		left.let(t, NewAccount(unpaced(1000, time.Hour)), 64, 10).Wait()
		assert.Len(t, left.at, 640)
		assert.Zero(t, time.Since(start))
	})
}

func TestPauseStopsEverybody(t *testing.T) {
	tests := map[string]func(a *Account){
		"for as long as it says":           func(a *Account) { a.Pause(time.Hour) },
		"a shorter one later ends nothing": func(a *Account) { a.Pause(time.Hour); a.Pause(time.Minute) },
		"a longer one later goes on":       func(a *Account) { a.Pause(time.Minute); a.Pause(time.Hour) },
		"one of no length ends nothing":    func(a *Account) { a.Pause(time.Hour); a.Pause(0); a.Pause(-time.Hour) },
	}
	for name, pause := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var left departures
				start := time.Now()
				a := NewAccount(unpaced(1000, 24*time.Hour))
				pause(a)
				running := left.let(t, a, 64, 1)
				time.Sleep(time.Minute / 2)
				assert.Zero(t, a.Usage().Used, "who waits for the end of a pause takes no room from others")
				running.Wait()
				for _, at := range left.at {
					assert.Equal(t, time.Hour, at.Sub(start))
				}
				assert.Len(t, left.at, 64)
			})
		})
	}
}

func TestPauseStopsThoseWhoWaitAlready(t *testing.T) {
	tests := map[string]Limits{
		"for the pace":         paced(0.1, 1),
		"for room":             unpaced(1, MinWindow),
		"for another pause":    unpaced(1000, time.Hour),
		"for the pace and all": {Quota: WindowConfig{Calls: 3, Window: MinWindow}, RateLimit: &RateLimitConfig{CallsPerSecond: 0.1, Burst: 1}},
	}
	for name, limits := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var left departures
				a := NewAccount(limits)
				require.NoError(t, a.Wait(t.Context(), new(Waits)))
				a.Done(time.Now())
				a.Pause(time.Second)
				running := left.let(t, a, 8, 1)
				time.Sleep(time.Second / 2)
				a.Pause(5 * time.Hour)
				ends := time.Now().Add(5 * time.Hour)
				running.Wait()
				for _, at := range left.at {
					assert.False(t, at.Before(ends), "left %s early", ends.Sub(at))
				}
			})
		})
	}
}

func TestPauseOfNoLengthStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAccount(unpaced(10, time.Hour))
		start := time.Now()
		a.Pause(0)
		a.Pause(-time.Hour)
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		assert.Zero(t, time.Since(start))
	})
}
