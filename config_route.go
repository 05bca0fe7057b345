// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// api returns the API that the calls go to.
func (cfg *Config) api() (route.API, error) {
	if cfg.Route == route.ToDelivery {
		return route.NewDelivery(cfg.delivery(), cfg.endpoint(), cfg.ClientCode)
	}
	return route.NewSingle(cfg.API, cfg.endpoint(), cfg.ClientCode)
}

// delivery returns the settings of the route delivery, its defaults where none are set.
func (cfg *Config) delivery() route.DeliveryConfig {
	if set := cfg.Delivery.Get(); set != nil {
		return *set
	}
	return route.NewDefaultDeliveryConfig()
}

// accountKey returns the key of the account of the calls. Adobe's quota is of single updates;
// Delivery calls are paid and have none, so neither counts the other.
func (cfg *Config) accountKey() (quota.Key, error) {
	u, err := url.Parse(cfg.endpoint())
	if err != nil {
		return quota.Key{}, errors.New("endpoint: must be a URL such as https://acme.tt.omtrdc.net")
	}
	key := quota.NewKey(cfg.ClientCode, u)
	if cfg.Route == route.ToDelivery {
		key = key.For(string(cfg.Route))
	}
	return key, nil
}

func (cfg *Config) limits() quota.Limits {
	if cfg.Route != route.ToDelivery {
		return quota.Limits{Quota: cfg.Quota, RateLimit: cfg.RateLimit.Get()}
	}
	pace := cfg.delivery().CallsPerSecond
	return quota.Limits{Quota: cfg.Quota, RateLimit: &quota.RateLimitConfig{
		CallsPerSecond: pace, Burst: int(min(max(1, math.Ceil(pace)), math.MaxInt32)),
	}}
}

// maxValueLength returns the lower one of what is set and what the route carries, 0 for no limit.
func (cfg *Config) maxValueLength(of route.Limits) int {
	if cfg.MaxValueLength == 0 || of.ValueLength == 0 {
		return max(cfg.MaxValueLength, of.ValueLength)
	}
	return min(cfg.MaxValueLength, of.ValueLength)
}

// settleRoute lifts the quota of single updates where it is not that of the route.
func (cfg *Config) settleRoute(conf *confmap.Conf) {
	if cfg.Route == route.ToDelivery && conf.Get("quota::calls") == nil {
		cfg.Quota.Calls = quota.Unlimited
	}
}

// misplaced returns what is set and is not of the route delivery. What is as it is by default
// may stand there: a configuration that was printed has it.
func (cfg *Config) misplaced() error {
	usual := quota.NewDefaultWindowConfig()
	unlimited := cfg.Quota.Calls == quota.Unlimited
	var errs []error
	for _, s := range []struct {
		set      bool
		key, why string
	}{
		{cfg.API != route.NewDefaultConfig(), "api", "is for route single only, remove it"},
		{cfg.RateLimit != configoptional.Some(quota.NewDefaultRateLimitConfig()), "rate_limit", "is for route single only, use delivery::calls_per_second"},
		{cfg.Delivery == configoptional.None[route.DeliveryConfig](), "delivery::enabled", "must not be false with route delivery, remove it or set route: single"},
		{unlimited && cfg.Quota.Window != usual.Window, "quota::window", withoutCalls},
		{unlimited && cfg.Quota.Storage != nil, "quota::storage", withoutCalls},
		{unlimited && cfg.Quota.Reservation != usual.Reservation, "quota::reservation", withoutCalls},
	} {
		if s.set {
			errs = append(errs, errors.New(s.key+": "+s.why))
		}
	}
	return errors.Join(errs...)
}

const withoutCalls = "needs quota::calls beside it, route delivery has no quota otherwise"

// validateRoute refuses what makes no sense with the route.
func (cfg *Config) validateRoute() error {
	if cfg.Route != route.ToDelivery {
		if cfg.delivery() != route.NewDefaultDeliveryConfig() {
			return errors.New("delivery: is for route delivery only, set route: delivery or remove it")
		}
		return nil
	}
	errs := []error{cfg.misplaced()}
	if cfg.ClientConfig.Auth.HasValue() {
		errs = append(errs, errors.New("auth: not allowed with route delivery, which takes no token: remove it"))
	}
	for header := range cfg.ClientConfig.Headers.Iter {
		switch {
		case strings.EqualFold(header, "Authorization"):
			errs = append(errs, errors.New("headers: Authorization is not allowed with route delivery, which takes no token: remove it"))
		case strings.EqualFold(header, "Cookie"):
			errs = append(errs, errors.New("headers: Cookie is not allowed with route delivery, all calls would be of one visitor: remove it"))
		}
	}
	if cfg.MaxValueLength > route.MaxDeliveryValueLength {
		errs = append(errs, fmt.Errorf("max_value_length: must be at most %d with route delivery, got %d", route.MaxDeliveryValueLength, cfg.MaxValueLength))
	}
	return errors.Join(errs...)
}
