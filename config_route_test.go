// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func limitsOf(t *testing.T, cfg *Config, n route.Name) quota.Limits {
	t.Helper()
	_, limits, err := cfg.accountOf(n)
	require.NoError(t, err)
	return limits
}

func TestConfig_TheRouteIsSingleUnlessAnotherIsAskedFor(t *testing.T) {
	for _, block := range []string{"config.yaml adobe_target", "route.yaml adobe_target/single", "route.yaml adobe_target/single_with_nothing"} {
		file, name, _ := strings.Cut(block, " ")
		cfg, err := loadConfig(t, file, name)
		require.NoError(t, err)
		assert.Equal(t, route.ToSingle, cfg.Route)
		api, err := cfg.NewAPI()
		require.NoError(t, err)
		assert.IsType(t, route.Single{}, api)
		key, _, err := cfg.accountOf(cfg.Route)
		require.NoError(t, err)
		assert.Empty(t, key.Route)
		assert.Equal(t, 1_000_000, limitsOf(t, cfg, cfg.Route).Quota.Calls)
	}
}

func TestConfig_DeliveryHasNoQuotaAndAPaceOfItsOwn(t *testing.T) {
	for _, block := range []string{"delivery", "delivery_empty", "delivery_with_nothing", "delivery_with_defaults"} {
		cfg, err := loadConfig(t, "route.yaml", "adobe_target/"+block)
		require.NoError(t, err)
		assert.Equal(t, route.DeliveryConfig{Mbox: "otel-profile-update", Form: route.Execute, CallsPerSecond: 50}, cfg.delivery())
		limits := limitsOf(t, cfg, cfg.Route)
		assert.Equal(t, quota.Unlimited, limits.Quota.Calls)
		assert.Equal(t, &quota.RateLimitConfig{CallsPerSecond: 50, Burst: 50}, limits.RateLimit)
		api, err := cfg.NewAPI()
		require.NoError(t, err)
		assert.Equal(t, 256, cfg.mapping(api.Limits()).MaxValueLength)
		assert.Equal(t, 50, cfg.mapping(api.Limits()).MaxParameters)
		assert.True(t, cfg.mapping(api.Limits()).UTF16)
		key, _, err := cfg.accountOf(cfg.Route)
		require.NoError(t, err)
		assert.Equal(t, "delivery", key.Route)
	}
}

func TestConfig_DeliveryHasEverySetting(t *testing.T) {
	cfg, err := loadConfig(t, "route.yaml", "adobe_target/delivery_all")
	require.NoError(t, err)
	assert.Equal(t, route.DeliveryConfig{ //nolint:gosec // G101: a token that is in web pages, and a made-up key
		Mbox: "offline", Form: route.Notification, CallsPerSecond: 2.5, EnvironmentID: 17,
		PropertyToken: "67444eb4-3681-40b4-831d-e082f5ccddcd", SessionKey: "a secret",
	}, cfg.delivery())
	quotaStorage := component.MustNewIDWithName("file_storage", "quota")
	assert.Equal(t, quota.Limits{
		Quota: quota.WindowConfig{
			Calls: 5000, Window: time.Hour, Storage: &quotaStorage, Reservation: 100, Redis: quota.NewDefaultRedisConfig(), Instances: 1,
		},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 2.5, Burst: 3}, Timeout: 10 * time.Second,
	}, limitsOf(t, cfg, cfg.Route))
	api, err := cfg.NewAPI()
	require.NoError(t, err)
	assert.Equal(t, 100, cfg.mapping(api.Limits()).MaxValueLength, "what is set, where that is less")
}

// A Collector can print its configuration, and another can be given what it printed.
func TestConfig_WhatIsPrintedCanBeReadAgain(t *testing.T) {
	for _, block := range []string{
		"route.yaml single", "route.yaml single_with_nothing", "route.yaml delivery", "route.yaml delivery_empty", "route.yaml delivery_with_nothing",
		"route.yaml delivery_mbox", "bulk.yaml bulk", "bulk.yaml all", "bulk.yaml with_nothing", "overflow.yaml bulk", "overflow.yaml delivery",
		"quota.yaml redis_cluster", "quota.yaml redis_by_tls", "quota.yaml redis_with_bulk", "quota.yaml redis_with_delivery", "quota.yaml shared_with_bulk",
	} {
		t.Run(block, func(t *testing.T) {
			file, name, _ := strings.Cut(block, " ")
			cfg, err := loadConfig(t, file, "adobe_target/"+name)
			require.NoError(t, err)
			for range 2 {
				printed := confmap.New()
				require.NoError(t, printed.Marshal(cfg))
				again := createDefaultConfig().(*Config)
				require.NoError(t, printed.Unmarshal(again))
				require.NoError(t, confmap.Validate(again))
				assert.Equal(t, cfg.Route, again.Route)
				assert.Equal(t, cfg.delivery(), again.delivery())
				assert.Equal(t, cfg.bulk(), again.bulk())
				assert.Equal(t, cfg.routes(), again.routes())
				assert.Equal(t, cfg.OverflowAfter, again.OverflowAfter)
				for _, n := range cfg.routes() {
					assert.Equal(t, limitsOf(t, cfg, n), limitsOf(t, again, n))
				}
				cfg = again
			}
		})
	}
}

func TestConfig_RefusesWhatMakesNoSenseWithTheRoute(t *testing.T) {
	for block, want := range map[string]string{
		"route_unknown":                `route: "bulkk" is unknown, use single, bulk or delivery`,
		"route_empty":                  `route: "" is unknown, use single, bulk or delivery`,
		"delivery_with_single":         "delivery: is for route: delivery and overflow: delivery only, set one of them or remove it",
		"api_with_delivery":            "api: is not for route delivery, remove it",
		"rate_limit_with_delivery":     "rate_limit: is not for route delivery, use delivery::calls_per_second",
		"delivery_switched_off":        "delivery::enabled: must not be false with route delivery, remove one of them",
		"rate_limit_off_with_delivery": "rate_limit: is not for route delivery",
		"endpoint_of_a_gateways_call":  `the path "/edge/rest/v1/delivery/" is not part of it, the exporter adds it with route delivery: remove it`,
		"endpoint_of_an_update":        `the path "/m2/acme/profile/update" is not part of it, route delivery adds its own: remove it`,
		"quota_without_calls":          "quota::window: needs quota::calls beside it, route delivery has no quota otherwise\nquota::storage: needs quota::calls",
		"auth_with_delivery":           "auth: not allowed with route delivery, which takes no token: remove it",
		"cookie_with_delivery":         "headers: Cookie is not allowed with route delivery",
		"authorization_with_delivery":  "headers: Authorization is not allowed with route delivery, which takes no token: remove it",
		"long_values_with_delivery":    "max_value_length: must be at most 256 with route delivery, got 257",
		"mbox_of_clicks":               `delivery: mbox: must not end in -clicked, got "offline-clicked"`,
		"mbox_blank":                   `delivery: mbox: must not be blank, got " "`,
		"form_unknown":                 `delivery: form: "prefetch" is unknown, use execute or notification`,
		"pace_of_nothing":              "delivery: calls_per_second: must be above 0, got 0",
		"unknown_key":                  `delivery: unknown key "mboxes"; allowed: calls_per_second`,
		"several_faults":               "api: is not for route delivery, remove it\nauth: not allowed",
	} {
		t.Run(block, func(t *testing.T) {
			_, err := loadConfig(t, "route.yaml", "adobe_target/"+block)
			require.Error(t, err)
			assert.Contains(t, err.Error(), want)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}
