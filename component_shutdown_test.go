// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// shutDown hands on records of 100 visitors, shuts the exporter down after a moment, and says
// what came of it.
func shutDown(t *testing.T, answer func(call) (int, error), change func(*Config)) (took time.Duration, calls int, outcomes map[string]int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: answer}
		r := begin(t, w, with(change))
		for i := range 100 {
			r.consume(t, oneRecord("v"+strconv.Itoa(i), "n", "1"))
		}
		time.Sleep(100 * time.Millisecond)
		took = r.end(t)
		outcomes = r.count(t).outcomes
		ended := int64(0)
		for _, n := range outcomes {
			ended += n
		}
		require.Equal(t, int64(100), ended, "%v", outcomes)
		calls = len(w.made())
	})
	return took, calls, outcomes
}

func TestShutdown_InMemorySendsOnAtThePace(t *testing.T) {
	took, _, outcomes := shutDown(t, taken, paced(10))
	assert.Equal(t, map[string]int64{"delivered": 100}, outcomes)
	assert.InDelta(t, 10*time.Second, took, float64(time.Second))
}

func TestShutdown_InMemoryDoesNotWaitForTheWindow(t *testing.T) {
	took, _, outcomes := shutDown(t, taken, func(cfg *Config) { cfg.Outbox.MergeWindow = time.Hour })
	assert.Equal(t, map[string]int64{"delivered": 100}, outcomes)
	assert.Less(t, took, 2*time.Second)
}

func TestShutdown_InMemoryCountsAsLostWhatTheDrainTimeoutLeaves(t *testing.T) {
	for name, tt := range map[string]struct {
		answer    func(call) (int, error)
		change    func(*Config)
		drain     time.Duration
		took      time.Duration
		delivered int64
	}{
		"at a slow pace":          {taken, paced(10), 3 * time.Second, 3 * time.Second, 31},
		"without a drain timeout": {taken, paced(10), 0, 0, 0},
		"with a quota used up": {taken, func(cfg *Config) {
			cfg.Quota = quota.WindowConfig{Calls: 7, Window: time.Hour}
		}, 2 * time.Second, 2 * time.Second, 7},
		"in an outage":         {down, func(*Config) {}, 40 * time.Second, 40 * time.Second, 0},
		"with calls that hang": {hang, func(cfg *Config) { cfg.ClientConfig.Timeout = 4 * time.Second }, time.Second, 4 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			took, calls, outcomes := shutDown(t, tt.answer, func(cfg *Config) {
				tt.change(cfg)
				cfg.DrainTimeout = tt.drain
			})
			assert.InDelta(t, tt.took, took, float64(100*time.Millisecond))
			assert.InDelta(t, tt.delivered, outcomes["delivered"], 2)
			assert.Equal(t, 100-outcomes["delivered"], outcomes["rejected shutdown"], "%v", outcomes)
			assert.GreaterOrEqual(t, calls, int(outcomes["delivered"]))
		})
	}
}

func TestShutdown_InMemoryTakesTheEndOfAnOutageInTime(t *testing.T) {
	var began atomic.Pointer[time.Time]
	_, _, outcomes := shutDown(t, func(call) (int, error) {
		now := time.Now()
		began.CompareAndSwap(nil, &now)
		if now.Sub(*began.Load()) < 10*time.Second {
			return http.StatusServiceUnavailable, nil
		}
		return http.StatusOK, nil
	}, func(cfg *Config) { cfg.DrainTimeout = time.Minute })
	assert.Equal(t, map[string]int64{"delivered": 100}, outcomes)
}

func TestShutdown_OfADryRunShowsTenCallsASecondAtMost(t *testing.T) {
	for name, rate := range map[string]configoptional.Optional[quota.RateLimitConfig]{
		"without a pace":  configoptional.None[quota.RateLimitConfig](),
		"at a faster one": configoptional.Some(quota.RateLimitConfig{CallsPerSecond: 1000, Burst: 1000}),
		"at a slower one": configoptional.Some(quota.RateLimitConfig{CallsPerSecond: 5, Burst: 5}),
	} {
		t.Run(name, func(t *testing.T) {
			took, calls, outcomes := shutDown(t, taken, func(cfg *Config) {
				cfg.DryRun = true
				cfg.RateLimit = rate
			})
			want := 10 * time.Second
			if limit := rate.Get(); limit != nil && limit.CallsPerSecond < dryRunPace {
				want = 20 * time.Second
			}
			assert.InDelta(t, want, took, float64(time.Second))
			assert.Zero(t, calls)
			assert.Equal(t, map[string]int64{"skipped dry_run": 100}, outcomes)
		})
	}
}

// TestShutdown_InStorageLosesNothing ends a run in whatever it can be, and has the next one send
// all of it, in order.
func TestShutdown_InStorageLosesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(call) (int, error)
		change func(*Config)
		most   time.Duration // that the shutdown takes
	}{
		"while all waits for its window":     {taken, func(*Config) {}, 0},
		"at a slow pace":                     {taken, fast(paced(10)), 0},
		"with a quota used up":               {taken, fast(func(cfg *Config) { cfg.Quota = quota.WindowConfig{Calls: 7, Window: time.Hour} }), 0},
		"in an outage":                       {down, fast(func(*Config) {}), 0},
		"while Target throttles":             {tooMany, fast(func(*Config) {}), 0},
		"with calls that hang":               {hang, fast(func(cfg *Config) { cfg.ClientConfig.Timeout = 4 * time.Second }), 4 * time.Second},
		"while push waits for room":          {down, fast(func(cfg *Config) { cfg.Outbox.MaxVisitors = 3 }), 0},
		"while one visitor's update fails":   {but("v3", http.StatusServiceUnavailable), fast(func(*Config) {}), 0},
		"with a drain timeout, which is not": {down, fast(func(cfg *Config) { cfg.DrainTimeout = time.Hour }), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: tt.answer}
				disk := fileStorage(t, t.TempDir())
				r := begin(t, w, with(tt.change), on(disk))
				for i := range 200 {
					r.consume(t, oneRecord("v"+strconv.Itoa(i%10), "n", strconv.Itoa(i)))
				}
				r.watch(t, 400*time.Millisecond, 100*time.Millisecond)
				took := r.end(t)
				assert.LessOrEqual(t, took, tt.most)
				first := r.count(t)
				assert.Zero(t, first.outcomes["rejected shutdown"])
				assert.Empty(t, alarms(r), "nothing is dropped")

				w.now(taken)
				r = begin(t, w, on(disk))
				assert.Equal(t, 200-first.ended, r.count(t).recovered, "what had not ended")
				r.watch(t, 2*time.Hour, 10*time.Minute)
				second := r.count(t)
				assert.Zero(t, second.held)
				assert.Equal(t, int64(200), first.outcomes["delivered"]+second.outcomes["delivered"])
				r.end(t)
				for visitor, n := range w.assertOrder(t) {
					assert.Equal(t, visitor, "v"+strconv.Itoa(n-190))
				}
			})
		})
	}
}

// fast has entries called as soon as they are stored.
func fast(change func(*Config)) func(*Config) {
	return func(cfg *Config) {
		cfg.Outbox.MergeWindow = 0
		change(cfg)
	}
}

func TestShutdown_TwiceIsAsOnce(t *testing.T) {
	for place, keep := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: taken}, keep(t))
				r.consume(t, oneRecord("a", "n", "1"))
				r.end(t)
				require.NoError(t, r.Shutdown(t.Context()))
			})
		})
	}
}

func TestShutdown_WithoutAStartIsTaken(t *testing.T) {
	for place, keep := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := create(t, &wire{answer: taken}, keep(t))
				assert.Zero(t, r.end(t))
			})
		})
	}
}
