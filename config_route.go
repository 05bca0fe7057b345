// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"errors"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"
)

// NewAPI returns the API of the calls of one visitor each. With the route bulk it is that of what
// bulk cannot carry.
func (cfg *Config) NewAPI() (route.API, error) {
	if cfg.misread != nil { // by who does not validate
		return nil, cfg.misread
	}
	if cfg.Route == route.ToDelivery {
		return route.NewDelivery(cfg.delivery(), cfg.endpoint(), cfg.ClientCode)
	}
	return route.NewSingle(cfg.API, cfg.endpoint(), cfg.ClientCode)
}

// NewBulk returns the API of uploads, and how they are made.
func (cfg *Config) NewBulk() (*route.Bulk, route.BulkConfig, error) {
	bulk, err := route.NewBulk(cfg.bulk(), cfg.endpoint(), cfg.ClientCode)
	return bulk, cfg.bulk(), err
}

// routes returns the routes that updates go by, the first as a rule and a second where that
// cannot carry them.
func (cfg *Config) routes() []route.Name {
	switch {
	case cfg.Route == route.ToBulk:
		return []route.Name{route.ToBulk, route.ToSingle}
	case cfg.Overflow != route.NoOverflow:
		return []route.Name{cfg.Route, route.Name(cfg.Overflow)}
	}
	return []route.Name{cfg.Route}
}

// primary returns the route of the calls of one visitor each.
func (cfg *Config) primary() route.Name {
	if cfg.Route == route.ToBulk {
		return route.ToSingle
	}
	return cfg.Route
}

// gather returns which updates go by uploads.
func (cfg *Config) gather() sender.Gather {
	switch {
	case cfg.Route == route.ToBulk:
		return sender.GatherAll
	case cfg.Overflow == route.OverflowToBulk:
		return sender.GatherOverflow
	}
	return sender.GatherNone
}

// uses reports whether updates may go by that route.
func (cfg *Config) uses(n route.Name) bool { return slices.Contains(cfg.routes(), n) }

// uploads reports whether updates may go by uploads.
func (cfg *Config) uploads() bool { return cfg.uses(route.ToBulk) }

// delivery returns the settings of the route delivery, its defaults where none are set.
func (cfg *Config) delivery() route.DeliveryConfig {
	if set := cfg.Delivery.Get(); set != nil {
		return *set
	}
	return route.NewDefaultDeliveryConfig()
}

// bulk returns the settings of the route bulk, its defaults where none are set.
func (cfg *Config) bulk() route.BulkConfig {
	if set := cfg.Bulk.Get(); set != nil {
		return *set
	}
	return route.NewDefaultBulkConfig()
}

// deliveryClient returns the settings of the HTTP client of Delivery calls. They take no token:
// one that is set beside an overflow into them is for the calls of the route single.
func (cfg *Config) deliveryClient() confighttp.ClientConfig {
	client := cfg.ClientConfig
	client.Auth = configoptional.None[configauth.Config]()
	client.Headers = slices.DeleteFunc(slices.Clone(client.Headers), func(h configopaque.Pair) bool {
		return strings.EqualFold(h.Name, "Authorization") || strings.EqualFold(h.Name, "Cookie")
	})
	return client
}

// key returns the key of the account of single updates.
func (cfg *Config) key() (quota.Key, error) {
	u, err := url.Parse(cfg.endpoint())
	if err != nil {
		return quota.Key{}, errors.New("endpoint: must be a URL such as https://acme.tt.omtrdc.net")
	}
	return quota.NewKey(cfg.ClientCode, u), nil
}

// accountOf returns the key and the limits of the account of a route's calls. Adobe's quota is of
// single updates; that of bulk is one of calls a minute; Delivery calls are paid and have none.
// So none counts the others.
func (cfg *Config) accountOf(n route.Name) (quota.Key, quota.Limits, error) {
	key, err := cfg.key()
	limits := quota.Limits{Quota: cfg.Quota, RateLimit: cfg.RateLimit.Get()}
	switch n {
	case route.ToBulk:
		key, limits = key.For(quota.Bulk), cfg.bulkLimits()
	case route.ToDelivery:
		key, limits = key.For(quota.Delivery), cfg.deliveryLimits()
	}
	limits.Timeout = cfg.ClientConfig.Timeout
	return key, limits.Share(cfg.Quota.Instances), err
}

// deliveryLimits have a quota only where the route is set to it: an overflow's quota is that of
// single updates.
func (cfg *Config) deliveryLimits() quota.Limits {
	limit := quota.NewDefaultWindowConfig()
	limit.Calls, limit.Redis = quota.Unlimited, cfg.Quota.Redis
	if cfg.Route == route.ToDelivery {
		limit = cfg.Quota
	}
	pace := cfg.delivery().CallsPerSecond
	return quota.Limits{Quota: limit, RateLimit: &quota.RateLimitConfig{
		CallsPerSecond: pace, Burst: int(min(max(1, math.Ceil(pace)), math.MaxInt32)),
	}}
}

// bulkLimits are kept where the queue is, unless there is another place for the quota: a collector
// that is started again and again would make more calls a minute otherwise.
func (cfg *Config) bulkLimits() quota.Limits {
	storage := cfg.Quota.Storage
	if storage == nil && !cfg.Quota.InRedis() {
		storage = cfg.storage()
	}
	return quota.Limits{Quota: quota.WindowConfig{
		Calls: cfg.bulk().CallsPerMinute, Window: time.Minute, Storage: storage, Redis: cfg.Quota.Redis, Reservation: 1,
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
