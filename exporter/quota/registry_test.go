// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T, r *Registry, key Key, limits Limits) *Account {
	t.Helper()
	a, err := r.Open(key, limits)
	require.NoError(t, err)
	return a
}

func TestOneAccountForAClientCodeAndEndpoint(t *testing.T) {
	var r Registry
	first := open(t, &r, acme, unpaced(10, time.Hour))
	assert.Same(t, first, open(t, &r, acme, unpaced(10, time.Hour)))
	others := map[string]Key{
		"another client code": {ClientCode: "globex", Endpoint: acme.Endpoint},
		"another endpoint":    {ClientCode: acme.ClientCode, Endpoint: "https://127.0.0.1:8443"},
	}
	for name, key := range others {
		t.Run(name, func(t *testing.T) {
			other := open(t, &r, key, unpaced(20, time.Hour))
			assert.NotSame(t, first, other)
			makeCalls(t, other, 1)
			assert.Zero(t, first.Usage().Used)
		})
	}
}

func TestSharersTakeFromOneQuotaAndPauseTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		first, second := open(t, &r, acme, unpaced(2, time.Hour)), open(t, &r, acme, unpaced(2, time.Hour))
		start := time.Now()
		first.Pause(time.Minute)
		makeCalls(t, second, 1)
		assert.Equal(t, time.Minute, time.Since(start))
		makeCalls(t, first, 1)
		assert.Equal(t, Usage{Limit: 2, Used: 2}, second.Usage())
		makeCalls(t, second, 1)
		assert.Greater(t, time.Since(start), time.Hour)
	})
}

// A dry run makes its account itself, so it takes nothing from the one it would use.
func TestAccountThatIsMadeIsNobodyElses(t *testing.T) {
	var r Registry
	shared := open(t, &r, acme, unpaced(10, time.Hour))
	alone := NewAccount(unpaced(1, time.Hour))
	makeCalls(t, alone, 1)
	assert.Zero(t, shared.Usage().Used)
}

func TestDifferingLimitsAreRefused(t *testing.T) {
	const (
		begin = `another exporter uses client_code "acme" and the same endpoint with other limits (`
		end   = `): they share one account, so give them the same quota and rate_limit`
	)
	base := Limits{
		Quota:     WindowConfig{Calls: 1_000_000, Window: 24 * time.Hour},
		RateLimit: &RateLimitConfig{CallsPerSecond: 50, Burst: 20},
	}
	tests := map[string]struct {
		change func(*Limits)
		want   string // "" when the limits are the same
	}{
		"the same":          {func(*Limits) {}, ""},
		"other calls":       {func(l *Limits) { l.Quota.Calls = 500_000 }, "quota::calls is 500000 here and 1000000 there"},
		"another window":    {func(l *Limits) { l.Quota.Window = time.Hour }, "quota::window is 1h0m0s here and 24h0m0s there"},
		"another storage":   {func(l *Limits) { l.Quota.Storage = &storageID }, "quota::storage is file_storage here and none there"},
		"other reservation": {func(l *Limits) { l.Quota.Reservation = 7 }, "quota::reservation is 7 here and 0 there"},
		"another pace":      {func(l *Limits) { l.RateLimit.CallsPerSecond = 11.5 }, "rate_limit::calls_per_second is 11.5 here and 50 there"},
		"another burst":     {func(l *Limits) { l.RateLimit.Burst = 1 }, "rate_limit::burst is 1 here and 20 there"},
		"no pace":           {func(l *Limits) { l.RateLimit = nil }, "rate_limit::enabled is false here and true there"},
		"several": {
			func(l *Limits) { l.Quota.Calls, l.RateLimit.Burst = 1, 2 },
			"quota::calls is 1 here and 1000000 there, rate_limit::burst is 2 here and 20 there",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var r Registry
			first := open(t, &r, acme, base)
			pace := *base.RateLimit
			limits := Limits{Quota: base.Quota, RateLimit: &pace}
			tt.change(&limits)
			second, err := r.Open(acme, limits)
			if tt.want == "" {
				require.NoError(t, err)
				assert.Same(t, first, second)
				return
			}
			require.EqualError(t, err, begin+tt.want+end)
			assert.Nil(t, second)
			assert.Equal(t, 1_000_000, first.Usage().Limit, "the account in use stays as it is")
		})
	}
}

func TestLimitsMayChangeWhenNobodyUsesTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		a := open(t, &r, acme, unpaced(10, time.Hour))
		open(t, &r, acme, unpaced(10, time.Hour))
		makeCalls(t, a, 4)
		r.Close(acme)
		_, err := r.Open(acme, unpaced(20, time.Hour))
		require.Error(t, err, "one of two still uses it")
		r.Close(acme)

		time.Sleep(time.Minute)
		b := open(t, &r, acme, Limits{
			Quota: WindowConfig{Calls: 5, Window: 2 * time.Hour}, RateLimit: &RateLimitConfig{CallsPerSecond: 1, Burst: 1},
		})
		assert.Equal(t, Usage{Limit: 5, Used: 4}, b.Usage(), "what was sent before still counts")
		_, err = r.Open(acme, unpaced(10, time.Hour))
		require.Error(t, err, "it is in use again")

		start := time.Now()
		makeCalls(t, b, 1)
		makeCalls(t, b, 1)
		assert.GreaterOrEqual(t, time.Since(start), 2*time.Hour-time.Minute, "by the new window")
	})
}

func TestAccountIsReopenedAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		limits := Limits{Quota: WindowConfig{Calls: 10, Window: time.Hour}, RateLimit: &RateLimitConfig{CallsPerSecond: 1, Burst: 2}}
		a := open(t, &r, acme, limits)
		makeCalls(t, a, 2)
		a.Pause(time.Minute)
		r.Close(acme)
		b := open(t, &r, acme, limits)
		start := time.Now()
		makeCalls(t, b, 1)
		assert.Equal(t, time.Minute, time.Since(start), "Target's pause is over no sooner")
		assert.Equal(t, Usage{Limit: 10, Used: 3}, b.Usage())
	})
}

func TestPaceMayBeSwitchedOffAndOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		limits := unpaced(1000, time.Hour)
		withPace := limits
		withPace.RateLimit = &RateLimitConfig{CallsPerSecond: 1, Burst: 1}
		for range 3 {
			start := time.Now()
			makeCalls(t, open(t, &r, acme, limits), 50)
			assert.Zero(t, time.Since(start))
			r.Close(acme)
			makeCalls(t, open(t, &r, acme, withPace), 11)
			assert.GreaterOrEqual(t, time.Since(start), 10*time.Second)
			r.Close(acme)
		}
	})
}

func TestRegistryIsForManyAtOnce(t *testing.T) {
	var r Registry
	var running sync.WaitGroup
	for i := range 64 {
		running.Go(func() {
			key := Key{ClientCode: acme.ClientCode, Endpoint: string(rune('a' + i%4))}
			a, err := r.Open(key, unpaced(1000, time.Hour))
			if !assert.NoError(t, err) || !assert.NoError(t, a.Wait(t.Context(), new(Waits))) {
				return
			}
			a.Done(time.Now())
			r.Close(key)
		})
	}
	running.Wait()
	for i := range 4 {
		key := Key{ClientCode: acme.ClientCode, Endpoint: string(rune('a' + i))}
		assert.Equal(t, 16, open(t, &r, key, unpaced(1000, time.Hour)).Usage().Used)
	}
}
