// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

const profileToken = "s3cret"

// overflowing returns a configuration with a queue in memory and a quota of five calls, of which the
// rest goes by Delivery. Single calls need a token.
func overflowing(endpoint string) *Config {
	cfg := testConfig(endpoint)
	cfg.QueueConfig = configoptional.Some(exporterhelper.NewDefaultQueueConfig())
	cfg.QueueConfig.Get().NumConsumers = 1
	cfg.Outbox.MergeWindow = 0
	cfg.Quota.Calls = 5
	cfg.Overflow = route.OverflowToDelivery
	cfg.ClientConfig.Headers = configopaque.MapList{
		{Name: "Authorization", Value: "Bearer " + profileToken}, {Name: "Cookie", Value: "mboxEdge=1"}, {Name: "X-Gateway", Value: "on"},
	}
	return cfg
}

func TestOverflow_WhatIsOverTheQuotaGoesByDelivery(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{Token: profileToken})
	telemetry := componenttest.NewTelemetry()
	core, logs := observer.New(zap.InfoLevel)
	set := metadatatest.NewSettings(telemetry)
	set.Logger = zap.New(core)
	exp := start(t, set, overflowing(endpoint), newHost())
	for i := range 20 {
		require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v"+strconv.Itoa(i), "tier", "gold")))
	}
	require.NoError(t, exp.Shutdown(t.Context()))

	stats := e.Stats()
	assert.Equal(t, []int{5, 0, 15, 15}, []int{stats.Attempts, stats.Unauthorized, stats.Deliveries, stats.Billed})
	for _, c := range e.Calls() {
		assert.Equal(t, "on", c.Header.Get("X-Gateway"))
		if strings.HasPrefix(c.Path, "/rest/") {
			assert.Empty(t, c.Header.Values("Authorization"), "Delivery takes no token")
			assert.Empty(t, c.Header.Values("Cookie"))
		} else {
			assert.Equal(t, "Bearer "+profileToken, c.Header.Get("Authorization"))
		}
	}
	for _, metric := range []string{"records", "calls"} {
		got, err := telemetry.GetMetric("otelcol.adobe_target." + metric)
		require.NoError(t, err)
		by := make(map[string]int64)
		for _, point := range got.Data.(metricdata.Sum[int64]).DataPoints {
			if name, ok := point.Attributes.Value("route"); ok {
				by[name.String()] += point.Value
			}
		}
		assert.Equal(t, map[string]int64{"single": 5, "delivery": 15}, by, metric)
	}
	assert.Equal(t, 1, logs.FilterMessage("The quota is used up: updates go by route delivery, each of these calls is billed").Len())
	require.NoError(t, telemetry.Shutdown(t.Context()))
}

// Delivery carries no value of more than 256 characters. It waits for the quota, and here for longer
// than the exporter lives.
func TestOverflow_WhatDeliveryCannotCarryIsNeitherCutNorLeftOut(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{Token: profileToken})
	telemetry := componenttest.NewTelemetry()
	cfg := overflowing(endpoint)
	cfg.DrainTimeout = 100 * time.Millisecond
	cfg.Quota.Calls = 1
	exp := start(t, metadatatest.NewSettings(telemetry), cfg, newHost())
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("first", "tier", "gold")))
	require.Eventually(t, func() bool { return e.Stats().Attempts == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v", "long", strings.Repeat("x", 257), "short", "1")))
	require.Eventually(t, func() bool { return e.Stats().Billed == 1 }, 10*time.Second, time.Millisecond)
	r := &run{telemetry: telemetry}
	assert.Equal(t, map[string]int64{"delivered": 1}, r.count(t).outcomes)
	require.NoError(t, exp.Shutdown(t.Context()))
	p, _ := e.Profile(emulator.Mbox3rdPartyID, "v")
	assert.Len(t, p.Attributes, 1)
	assert.Equal(t, "1", p.Attributes["short"].Value)
	require.NoError(t, telemetry.Shutdown(t.Context()))
}

// A dry run sends nothing, so nothing goes by another route.
func TestOverflow_ADryRunHasNone(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	cfg := overflowing(endpoint)
	cfg.DryRun, cfg.DrainTimeout = true, 100*time.Millisecond
	core, logs := observer.New(zap.InfoLevel)
	set := metadatatest.NewSettings(componenttest.NewTelemetry())
	set.Logger = zap.New(core)
	exp := start(t, set, cfg, newHost())
	for i := range 7 {
		require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v"+strconv.Itoa(i), "tier", "gold")))
	}
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.Zero(t, e.Stats().Attempts+e.Stats().Deliveries)
	assert.NotZero(t, logs.FilterMessageSnippet("Dry run, not sent").Len())
	for _, line := range logs.All() {
		url, _ := line.ContextMap()["url"].(string)
		assert.NotContains(t, url, "/rest/v1/delivery")
		assert.NotContains(t, line.Message, "updates go by route delivery")
	}
}
