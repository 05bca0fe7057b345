// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/component"
	"golang.org/x/time/rate"
)

const (
	// MinWindow is the shortest window that can be asked for.
	MinWindow = time.Minute
	// MaxWindow is the longest one. Times near the end of what a Duration holds would
	// overflow, and a quota that has overflowed holds nothing back.
	MaxWindow = 365 * 24 * time.Hour
	// Unlimited is how many calls a window may hold where there is no quota.
	Unlimited = math.MaxInt
)

// WindowConfig limits the calls of any rolling window.
type WindowConfig struct {
	// Calls is how many calls may leave in any window, retries counted.
	Calls int `mapstructure:"calls"`
	// Window is how long a call is counted.
	Window time.Duration `mapstructure:"window"`
	// Storage is the storage extension that keeps the account over restarts and
	// crashes. Without one a restart forgets what was sent.
	Storage *component.ID `mapstructure:"storage"`
	// Reservation is how many calls are written down at once before they leave; a
	// crash makes the account count so many too many at most.
	Reservation int `mapstructure:"reservation"`
	// Redis keeps the account for several processes that share it, in place of Storage.
	Redis RedisConfig `mapstructure:"redis"`
	// Instances is by how many processes the limits are divided that share the account and do not see
	// each other's calls: each keeps to its share.
	Instances int `mapstructure:"instances"`

	_ struct{}
}

// NewDefaultWindowConfig returns Adobe's limit. Single Profile Update API:
// "1 million updates in any rolling 24-hour period".
func NewDefaultWindowConfig() WindowConfig {
	return WindowConfig{Calls: 1_000_000, Window: 24 * time.Hour, Reservation: 100, Redis: NewDefaultRedisConfig(), Instances: 1}
}

// InRedis reports whether the account is kept in Redis.
func (c WindowConfig) InRedis() bool { return c.Redis.used() }

// Validate returns an error unless the limit can be kept.
func (c WindowConfig) Validate() error {
	var errs []error
	if c.Calls <= 0 {
		errs = append(errs, fmt.Errorf("calls: must be at least 1, got %d", c.Calls))
	}
	if c.Window < MinWindow {
		errs = append(errs, fmt.Errorf("window: must be at least %s, got %s", MinWindow, c.Window))
	}
	if c.Window > MaxWindow {
		errs = append(errs, fmt.Errorf("window: must be at most %s, got %s", MaxWindow, c.Window))
	}
	if c.Storage != nil && c.Reservation <= 0 {
		errs = append(errs, fmt.Errorf("reservation: must be at least 1, got %d", c.Reservation))
	}
	if c.InRedis() && c.Storage != nil {
		errs = append(errs, errors.New("redis: is in place of storage, set one of them"))
	}
	if c.Instances < 1 || c.Instances > max(1, c.Calls) {
		errs = append(errs, fmt.Errorf("instances: must be at least 1 and at most calls, got %d", c.Instances))
	}
	if c.InRedis() && c.Instances > 1 {
		errs = append(errs, fmt.Errorf("instances: is for processes without redis, which shares the quota by need, got %d", c.Instances))
	}
	return errors.Join(errs...)
}

// RateLimitConfig limits the pace of calls.
type RateLimitConfig struct {
	// CallsPerSecond is the pace that holds over time.
	CallsPerSecond float64 `mapstructure:"calls_per_second"`
	// Burst is how many calls may leave at once after a time of rest.
	Burst int `mapstructure:"burst"`

	_ struct{}
}

// NewDefaultRateLimitConfig returns a pace that a Target edge bears easily and
// that is above the quota's average of 11.57 calls a second.
func NewDefaultRateLimitConfig() RateLimitConfig {
	return RateLimitConfig{CallsPerSecond: 50, Burst: 50}
}

// Validate returns an error unless the pace lets calls through.
func (c RateLimitConfig) Validate() error {
	var errs []error
	if !(c.CallsPerSecond > 0) || math.IsInf(c.CallsPerSecond, 0) {
		errs = append(errs, fmt.Errorf(
			"calls_per_second: must be above 0, got %v", c.CallsPerSecond))
	}
	if c.Burst <= 0 {
		errs = append(errs, fmt.Errorf("burst: must be at least 1, got %d", c.Burst))
	}
	return errors.Join(errs...)
}

// Limits are the rules of one account.
type Limits struct {
	Quota WindowConfig
	// RateLimit is nil when calls leave at any pace.
	RateLimit *RateLimitConfig
	// Timeout is of one call, which is over then at the latest. It is no part of what users of an account
	// have to agree on.
	Timeout time.Duration
}

// Share returns the limits of one of the instances: its part of the calls and of the pace, rounded down.
func (l Limits) Share(instances int) Limits {
	if instances <= 1 {
		return l
	}
	if l.Quota.Calls != Unlimited {
		l.Quota.Calls /= instances
	}
	if l.RateLimit != nil {
		l.RateLimit = &RateLimitConfig{
			CallsPerSecond: l.RateLimit.CallsPerSecond / float64(instances), Burst: max(1, l.RateLimit.Burst/instances),
		}
	}
	return l
}

func (c WindowConfig) redisName() string {
	if !c.InRedis() {
		return "none"
	}
	return c.Redis.Endpoint + " with prefix " + c.Redis.Prefix
}

func (c WindowConfig) storageName() string {
	if c.Storage == nil {
		return "none"
	}
	return c.Storage.String()
}

// differences says where two sets of limits of one account differ, in the words of the YAML.
func (l Limits) differences(other Limits, of Key) []string {
	var found []string
	differ := func(key string, here, there any) {
		if here != there {
			found = append(found, fmt.Sprintf("%s is %v here and %v there", key, here, there))
		}
	}
	differ(of.calls(), callsName(l.Quota.Calls), callsName(other.Quota.Calls))
	differ("quota::window", l.Quota.Window, other.Quota.Window)
	differ(of.storage(), l.Quota.storageName(), other.Quota.storageName())
	differ("quota::reservation", l.Quota.Reservation, other.Quota.Reservation)
	differ("quota::redis", l.Quota.redisName(), other.Quota.redisName())
	differ("quota::redis::lease::duration", l.Quota.Redis.Lease.Duration, other.Quota.Redis.Lease.Duration)
	if len(found) == 0 && !reflect.DeepEqual(l.Quota.Redis, other.Quota.Redis) {
		found = append(found, "quota::redis has other settings here than there")
	}
	here, there := l.pace(), other.pace()
	if of.Route != "" { // it has no other setting than the pace, which the burst is made from
		differ(of.pace(), here.CallsPerSecond, there.CallsPerSecond)
		return found
	}
	differ("rate_limit::enabled", l.RateLimit != nil, other.RateLimit != nil)
	if l.RateLimit != nil && other.RateLimit != nil {
		differ("rate_limit::calls_per_second", here.CallsPerSecond, there.CallsPerSecond)
		differ("rate_limit::burst", here.Burst, there.Burst)
	}
	return found
}

func callsName(calls int) string {
	if calls == Unlimited {
		return "without a limit"
	}
	return strconv.Itoa(calls)
}

// pace returns the rate limit, an endless one where there is none.
func (l Limits) pace() RateLimitConfig {
	if l.RateLimit == nil {
		return RateLimitConfig{CallsPerSecond: float64(rate.Inf)}
	}
	return *l.RateLimit
}
