// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWindowConfigValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*WindowConfig)
		want   string // "" when the configuration is good
	}{
		"the default":                          {func(*WindowConfig) {}, ""},
		"one call":                             {func(c *WindowConfig) { c.Calls = 1 }, ""},
		"the shortest window":                  {func(c *WindowConfig) { c.Window = time.Minute }, ""},
		"the longest window":                   {func(c *WindowConfig) { c.Window = 8760 * time.Hour }, ""},
		"no reservation without a storage":     {func(c *WindowConfig) { c.Reservation = 0 }, ""},
		"a storage":                            {func(c *WindowConfig) { c.Storage = &storageID }, ""},
		"no calls":                             {func(c *WindowConfig) { c.Calls = 0 }, "calls: must be at least 1, got 0"},
		"calls below zero":                     {func(c *WindowConfig) { c.Calls = -1 }, "calls: must be at least 1, got -1"},
		"no window":                            {func(c *WindowConfig) { c.Window = 0 }, "window: must be at least 1m0s, got 0s"},
		"a window under a minute":              {func(c *WindowConfig) { c.Window = time.Minute - 1 }, "window: must be at least 1m0s, got 59.999999999s"},
		"a window below zero":                  {func(c *WindowConfig) { c.Window = -time.Hour }, "window: must be at least 1m0s, got -1h0m0s"},
		"a window over a year":                 {func(c *WindowConfig) { c.Window = 8761 * time.Hour }, "window: must be at most 8760h0m0s, got 8761h0m0s"},
		"a window as long as a duration holds": {func(c *WindowConfig) { c.Window = math.MaxInt64 }, "window: must be at most 8760h0m0s, got 2562047h47m16.854775807s"},
		"no reservation with a storage":        {func(c *WindowConfig) { c.Storage, c.Reservation = &storageID, 0 }, "reservation: must be at least 1, got 0"},
		"two faults are both said": {
			func(c *WindowConfig) { c.Calls, c.Window = -5, time.Second },
			"calls: must be at least 1, got -5\nwindow: must be at least 1m0s, got 1s",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := NewDefaultWindowConfig()
			tt.change(&cfg)
			assertValid(t, cfg.Validate(), tt.want)
		})
	}
}

func TestRateLimitConfigValidate(t *testing.T) {
	tests := map[string]struct {
		callsPerSecond float64
		burst          int
		want           string
	}{
		"the default":             {50, 50, ""},
		"less than one a second":  {0.001, 1, ""},
		"no calls":                {0, 1, "calls_per_second: must be above 0, got 0"},
		"calls below zero":        {-1.5, 1, "calls_per_second: must be above 0, got -1.5"},
		"not a number":            {math.NaN(), 1, "calls_per_second: must be above 0, got NaN"},
		"no end of calls":         {math.Inf(1), 1, "calls_per_second: must be above 0, got +Inf"},
		"an end below all":        {math.Inf(-1), 1, "calls_per_second: must be above 0, got -Inf"},
		"no burst":                {1, 0, "burst: must be at least 1, got 0"},
		"a burst below zero":      {1, -3, "burst: must be at least 1, got -3"},
		"two faults are both set": {0, 0, "calls_per_second: must be above 0, got 0\nburst: must be at least 1, got 0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assertValid(t, RateLimitConfig{CallsPerSecond: tt.callsPerSecond, Burst: tt.burst}.Validate(), tt.want)
		})
	}
	assert.NoError(t, NewDefaultRateLimitConfig().Validate())
}

func TestLimits_AShareIsRoundedDownAndLeavesTheRestAsItIs(t *testing.T) {
	whole := Limits{
		Quota:     WindowConfig{Calls: 1_000_000, Window: time.Hour, Storage: &storageID, Reservation: 10},
		RateLimit: &RateLimitConfig{CallsPerSecond: 50, Burst: 50}, Timeout: time.Second,
	}
	third := whole.Share(3)
	assert.Equal(t, 333_333, third.Quota.Calls)
	assert.InDelta(t, 50.0/3, third.RateLimit.CallsPerSecond, 1e-9)
	assert.Equal(t, 16, third.RateLimit.Burst)
	assert.Equal(t, RateLimitConfig{CallsPerSecond: 50, Burst: 50}, *whole.RateLimit, "another exporter's is not changed")
	third.Quota.Calls, third.RateLimit = whole.Quota.Calls, whole.RateLimit
	assert.Equal(t, whole, third)

	for _, all := range []int{0, 1} { // 0 where nobody has set it
		assert.Equal(t, whole, whole.Share(all))
	}
	assert.Equal(t, 1, whole.Share(60).RateLimit.Burst, "a burst of none would let no call leave")
	endless := Limits{Quota: WindowConfig{Calls: Unlimited}}
	assert.Equal(t, endless, endless.Share(3))
}

func assertValid(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		assert.NoError(t, err)
	} else {
		assert.EqualError(t, err, want)
	}
}

func TestDefaultQuotaIsAdobes(t *testing.T) {
	cfg := NewDefaultWindowConfig()
	assert.Equal(t, 1_000_000, cfg.Calls)
	assert.Equal(t, 24*time.Hour, cfg.Window)
}
