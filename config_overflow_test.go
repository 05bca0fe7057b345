// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestConfig_NothingOverflowsUnlessItIsAskedFor(t *testing.T) {
	for _, file := range []string{"config.yaml", "overflow.yaml"} {
		block := map[string]string{"config.yaml": "adobe_target", "overflow.yaml": "adobe_target/none"}[file]
		cfg, err := loadConfig(t, file, block)
		require.NoError(t, err)
		assert.Equal(t, route.NoOverflow, cfg.Overflow)
		assert.Equal(t, time.Minute, cfg.OverflowAfter)
		assert.Equal(t, []route.Name{route.ToSingle}, cfg.routes())
		assert.False(t, cfg.uploads())
	}
}

func TestConfig_AnOverflowHasTheAccountsOfBothRoutes(t *testing.T) {
	cfg, err := loadConfig(t, "overflow.yaml", "adobe_target/bulk")
	require.NoError(t, err)
	assert.Equal(t, []route.Name{route.ToSingle, route.ToBulk}, cfg.routes())
	assert.True(t, cfg.uploads())
	assert.Equal(t, 10*time.Minute, cfg.OverflowAfter)
	assert.Equal(t, route.BulkV1, cfg.bulk().Version)
	assert.Equal(t, 1_000_000, limitsOf(t, cfg, route.ToSingle).Quota.Calls)
	assert.Equal(t, 40, limitsOf(t, cfg, route.ToBulk).Quota.Calls)

	cfg, err = loadConfig(t, "overflow.yaml", "adobe_target/delivery")
	require.NoError(t, err)
	assert.Equal(t, []route.Name{route.ToSingle, route.ToDelivery}, cfg.routes())
	assert.False(t, cfg.uploads())
	api, err := cfg.NewAPI()
	require.NoError(t, err)
	assert.IsType(t, route.Single{}, api)
	assert.Equal(t, 1000, cfg.mapping(api.Limits()).MaxValueLength, "what Delivery cannot carry waits for the quota of single")
	assert.Equal(t, 500_000, limitsOf(t, cfg, route.ToSingle).Quota.Calls)
	assert.Equal(t, quota.Limits{
		Quota: quota.WindowConfig{
			Calls: quota.Unlimited, Window: 24 * time.Hour, Reservation: 100, Redis: quota.NewDefaultRedisConfig(), Instances: 1,
		},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 5, Burst: 5}, Timeout: 10 * time.Second,
	}, limitsOf(t, cfg, route.ToDelivery), "the quota that is set is that of single updates")
}

// The token of single updates never goes to Delivery.
func TestConfig_TheClientOfDeliveryCarriesNoToken(t *testing.T) {
	cfg, err := loadConfig(t, "overflow.yaml", "adobe_target/delivery")
	require.NoError(t, err)
	before := len(cfg.ClientConfig.Headers)
	client := cfg.deliveryClient()
	assert.False(t, client.Auth.HasValue())
	assert.Equal(t, configopaque.MapList{{Name: "X-Gateway", Value: "on"}}, client.Headers)
	assert.Equal(t, cfg.ClientConfig.Timeout, client.Timeout)
	assert.True(t, cfg.ClientConfig.Auth.HasValue(), "that of single updates keeps it")
	assert.Equal(t, 3, before)
	for _, h := range cfg.ClientConfig.Headers {
		assert.NotEmpty(t, h.Name)
	}
}

func TestConfig_RefusesWhatMakesNoSenseWithAnOverflow(t *testing.T) {
	assertRefused(t, "overflow.yaml", map[string]string{
		"unknown":               `overflow: "bulkk" is unknown, use none, bulk or delivery`,
		"empty":                 `overflow: "" is unknown, use none, bulk or delivery`,
		"into_itself":           `overflow: "single" is unknown, use none, bulk or delivery`,
		"of_bulk":               `overflow: is for route single only, whose quota it is about: set route: single, or overflow: none, got "delivery"`,
		"of_delivery":           `overflow: is for route single only, whose quota it is about: set route: single, or overflow: none, got "bulk"`,
		"wait_alone":            "overflow_after: needs overflow: bulk or overflow: delivery beside it, set one of them or remove it",
		"wait_with_bulk":        "overflow_after: needs overflow: bulk or overflow: delivery beside it",
		"wait_short":            "overflow_after: must be from 1s to 24h0m0s, got 999ms",
		"wait_long":             "overflow_after: must be from 1s to 24h0m0s, got 24h0m1s",
		"wait_without_unit":     "overflow_after: 60 has no unit, write 60s if seconds are meant",
		"without_a_queue":       "sending_queue: must be on with overflow delivery, records wait for longer than a caller does: remove enabled: false",
		"callers_wait":          "sending_queue::wait_for_result: must be false with overflow bulk",
		"bulk_switched_off":     "bulk::enabled: must not be false with overflow bulk, remove one of them",
		"delivery_switched_off": "delivery::enabled: must not be false with overflow delivery, remove one of them",
		"delivery_with_bulk":    "delivery: is for route: delivery and overflow: delivery only, set one of them or remove it",
		"bulk_with_delivery":    "bulk: is for route: bulk and overflow: bulk only, set one of them or remove it",
		"bulk_wrong":            "bulk: max_rows: must be from 1 to 500000, got 0",
	})
}
