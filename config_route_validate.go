// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// validateRoute refuses what makes no sense with the routes in use.
func (cfg *Config) validateRoute() error {
	errs := []error{cfg.misplaced(), cfg.validateOverflow(), cfg.validateWaiting()}
	if cfg.Route == route.ToDelivery {
		errs = append(errs, cfg.validateDeliveryCalls())
	}
	if most := cfg.bulk().CallsPerMinute; cfg.uploads() && cfg.Quota.Instances > most {
		errs = append(errs, fmt.Errorf("quota::instances: must be at most bulk::calls_per_minute, or none of them makes a call, got %d of %d", cfg.Quota.Instances, most))
	}
	return errors.Join(errs...)
}

// misplaced returns what is set and is not of a route in use. What is as it is by default may stand
// there: a configuration that was printed has it.
func (cfg *Config) misplaced() error {
	usual := quota.NewDefaultWindowConfig()
	delivery := cfg.Route == route.ToDelivery
	unlimited := delivery && cfg.Quota.Calls == quota.Unlimited
	bulk, usualBulk := cfg.bulk(), route.NewDefaultBulkConfig()
	var errs []error
	for _, s := range []struct {
		set      bool
		key, why string
	}{
		{delivery && cfg.API != route.NewDefaultConfig(), "api", "is not for route delivery, remove it"},
		{delivery && cfg.RateLimit != configoptional.Some(quota.NewDefaultRateLimitConfig()), "rate_limit", "is not for route delivery, use delivery::calls_per_second"},
		{!cfg.uses(route.ToDelivery) && cfg.delivery() != route.NewDefaultDeliveryConfig(), "delivery", unused(route.ToDelivery)},
		{!cfg.uploads() && bulk != usualBulk, "bulk", unused(route.ToBulk)},
		{cfg.uses(route.ToDelivery) && cfg.Delivery == configoptional.None[route.DeliveryConfig](), "delivery::enabled", cfg.switchedOff(route.ToDelivery)},
		{cfg.uploads() && cfg.Bulk == configoptional.None[route.BulkConfig](), "bulk::enabled", cfg.switchedOff(route.ToBulk)},
		{bulk.Version == route.BulkV1 && bulk.Remember != usualBulk.Remember, "bulk::remember", "is for version v2 only, with v1 nothing is remembered: remove it"},
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

func unused(n route.Name) string {
	return fmt.Sprintf("is for route: %s and overflow: %s only, set one of them or remove it", n, n)
}

// brings names the setting that brings a route into use.
func (cfg *Config) brings(n route.Name) string {
	if cfg.Route == n {
		return "route " + string(n)
	}
	return "overflow " + string(n)
}

func (cfg *Config) switchedOff(n route.Name) string {
	return fmt.Sprintf("must not be false with %s, remove one of them", cfg.brings(n))
}

// validateOverflow refuses an overflow of what has no quota to be used up.
func (cfg *Config) validateOverflow() error {
	var errs []error
	if cfg.Overflow != route.NoOverflow && cfg.Route != route.ToSingle {
		errs = append(errs, fmt.Errorf("overflow: is for route single only, whose quota it is about: set route: single, or overflow: none, got %q", string(cfg.Overflow)))
	}
	switch {
	case cfg.OverflowAfter < minOverflowAfter || cfg.OverflowAfter > maxOverflowAfter:
		errs = append(errs, fmt.Errorf("overflow_after: must be from %s to %s, got %s", minOverflowAfter, maxOverflowAfter, cfg.OverflowAfter))
	case cfg.Overflow == route.NoOverflow && cfg.OverflowAfter != defaultOverflowAfter:
		errs = append(errs, errors.New("overflow_after: needs overflow: bulk or overflow: delivery beside it, set one of them or remove it"))
	}
	return errors.Join(errs...)
}

// validateWaiting refuses callers that wait for what may take minutes or hours.
func (cfg *Config) validateWaiting() error {
	if !cfg.waits() || !cfg.uploads() && cfg.Overflow == route.NoOverflow {
		return nil
	}
	with := cfg.brings(route.ToBulk)
	if cfg.Overflow != route.NoOverflow {
		with = "overflow " + string(cfg.Overflow)
	}
	if !cfg.QueueConfig.HasValue() {
		return fmt.Errorf("sending_queue: must be on with %s, records wait for longer than a caller does: remove enabled: false", with)
	}
	return fmt.Errorf("sending_queue::wait_for_result: must be false with %s, records wait for longer than a caller does", with)
}

// validateDeliveryCalls refuses what the Delivery API would take badly. Where updates only overflow
// into it, auth and headers are those of single updates, see deliveryClient.
func (cfg *Config) validateDeliveryCalls() error {
	var errs []error
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
