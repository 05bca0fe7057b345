// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// deliveryConfig returns a configuration without a queue whose calls are Delivery's.
func deliveryConfig(endpoint string) *Config {
	cfg := testConfig(endpoint)
	cfg.Route = route.ToDelivery
	cfg.Quota.Calls = quota.Unlimited
	return cfg
}

func TestDelivery_CreatesAProfileInABilledCall(t *testing.T) {
	for _, form := range []route.DeliveryForm{route.Execute, route.Notification} {
		t.Run(string(form), func(t *testing.T) {
			e, endpoint := startEmulator(t, emulator.Settings{Known: []emulator.Visitor{}, Token: "s3cret"})
			cfg := deliveryConfig(endpoint)
			cfg.Delivery.GetOrInsertDefault().Form = form
			exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, newHost())
			require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("cust 1", "name", "Zoë & \"Søn\"\n😀", "tier", "gold")))
			require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("cust 1", "tier", "silver")))
			require.NoError(t, exp.Shutdown(t.Context()))
			p, found := e.Profile(emulator.Mbox3rdPartyID, "cust 1")
			require.True(t, found)
			assert.Equal(t, "Zoë & \"Søn\"\n😀", p.Attributes["name"].Value)
			assert.Equal(t, "silver", p.Attributes["tier"].Value)
			stats := e.Stats()
			assert.Equal(t, []int{2, 2, 1, 1, 0}, []int{stats.Deliveries, stats.Billed, stats.Sessions, stats.MaxInSession, stats.Attempts})
		})
	}
}

func TestDelivery_HasOneCallOfAVisitorUnderWay(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{Latency: emulator.Latency{Fixed: 2 * time.Millisecond}})
	exp := start(t, exportertest.NewNopSettings(metadata.Type), deliveryConfig(endpoint), newHost())
	var callers sync.WaitGroup
	for i := range 30 {
		callers.Go(func() {
			assert.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v"+strconv.Itoa(i%3), "n", strconv.Itoa(i))))
		})
	}
	callers.Wait()
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.Equal(t, 1, e.Stats().MaxInSession)
	assert.Equal(t, 3, e.Stats().Sessions)
	assert.Greater(t, e.Stats().MaxConcurrent, 1, "of several visitors there are several")
}

func TestDelivery_LeavesOutWhatNoCallCanCarryAndSplitsTheRest(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	cfg := deliveryConfig(endpoint)
	telemetry := componenttest.NewTelemetry()
	exp := start(t, metadatatest.NewSettings(telemetry), cfg, newHost())
	pairs := []string{
		"long", strings.Repeat("x", 257), "profile.profile.twice", "v", " ", "v", strings.Repeat("n", 129), "v", "whole", strings.Repeat("x", 256),
	}
	for i := range 50 {
		pairs = append(pairs, "p"+strconv.Itoa(i), "v")
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v", pairs...)))
	r := &run{telemetry: telemetry}
	assert.Equal(t, map[string]int64{"delivered": 1}, r.count(t).outcomes)
	require.NoError(t, exp.Shutdown(t.Context()))
	p, _ := e.Profile(emulator.Mbox3rdPartyID, "v")
	assert.Len(t, p.Attributes, 51)
	assert.Equal(t, strings.Repeat("x", 256), p.Attributes["whole"].Value)
	assert.Equal(t, 2, e.Stats().Billed)
	assert.Empty(t, e.Stats().Malformed)
	dropped, err := telemetry.GetMetric("otelcol.adobe_target.parameters.dropped")
	require.NoError(t, err)
	assert.EqualValues(t, 4, sum(dropped.Data))
}

func TestDelivery_ARecordTakesTenCallsAtMost(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	exp := start(t, exportertest.NewNopSettings(metadata.Type), deliveryConfig(endpoint), newHost())
	var pairs []string
	for i := range 600 {
		pairs = append(pairs, fmt.Sprintf("p%03d", i), strings.Repeat("ü", 256))
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v", pairs...)))
	require.NoError(t, exp.Shutdown(t.Context()))
	p, _ := e.Profile(emulator.Mbox3rdPartyID, "v")
	assert.Len(t, p.Attributes, 500)
	assert.Equal(t, 10, e.Stats().Billed)
}

// What the quota of updates counts, Delivery calls are not, and the other way round.
func TestDelivery_HasAnAccountOfItsOwn(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	factory := newFactory(&quota.Registry{})
	single := testConfig(endpoint)
	single.Quota.Calls = 2
	paid := deliveryConfig(endpoint)
	updates, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), single)
	require.NoError(t, err)
	telemetry := componenttest.NewTelemetry()
	deliveries, err := factory.CreateLogs(t.Context(), metadatatest.NewSettings(telemetry), paid)
	require.NoError(t, err)
	require.NoError(t, updates.Start(t.Context(), newHost()))
	require.NoError(t, deliveries.Start(t.Context(), newHost()))
	for i := range 20 {
		require.NoError(t, deliveries.ConsumeLogs(t.Context(), oneRecord("d"+strconv.Itoa(i), "n", "1")))
	}
	for i := range 2 {
		require.NoError(t, updates.ConsumeLogs(t.Context(), oneRecord("u"+strconv.Itoa(i), "n", "1")))
	}
	used, err := telemetry.GetMetric("otelcol.adobe_target.quota.used")
	require.NoError(t, err)
	assert.EqualValues(t, 20, sum(used.Data), "they are counted, as they are paid")
	_, err = telemetry.GetMetric("otelcol.adobe_target.quota.limit")
	require.Error(t, err, "and have no limit to be shown")
	require.NoError(t, updates.Shutdown(t.Context()))
	require.NoError(t, deliveries.Shutdown(t.Context()))
	assert.Equal(t, []int{20, 2}, []int{e.Stats().Deliveries, e.Stats().Attempts})
}

func TestDelivery_ADryRunShowsItsBodies(t *testing.T) {
	cfg := deliveryConfig("https://acme.example")
	cfg.DryRun = true
	set := exportertest.NewNopSettings(metadata.Type)
	core, logs := observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	exp := start(t, set, cfg, newHost())
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("cust-1", "tier", "gold")))
	require.NoError(t, exp.Shutdown(t.Context()))
	shown := logs.FilterMessageSnippet("Dry run, not sent: call 1").All()
	require.Len(t, shown, 1)
	assert.Contains(t, shown[0].ContextMap()["body"], `"profileParameters":{"tier":"gold"}`)
	assert.Contains(t, shown[0].ContextMap()["url"], "https://acme.example/rest/v1/delivery?client=acme&sessionId=")
}

// Whatever Target answers, the records that come after it go through, and nothing is said of them.
func TestDelivery_SaysNothingOfWhatItCarries(t *testing.T) {
	for name, answer := range map[string]string{
		"an error with an id in it":   `{"status":400,"message":"no profile of MARKED-ID with MARKED-VALUE"}`,
		"an error without a status":   `{"message":"MARKED-ID MARKED-VALUE"}`,
		"an answer that names others": `{"requestId":"MARKED-ID","client":"acme","execute":{"mboxes":[{"name":"MARKED-VALUE"}]}}`,
		"a page":                      `<html>MARKED-ID MARKED-VALUE</html>`,
		"other JSON":                  `{"a":"MARKED-ID MARKED-VALUE"}`,
		"a refusal of the host":       `/* no display - unauthorized mbox host MARKED-ID */`,
		"nothing":                     "",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
			t.Cleanup(server.Close)
			telemetry := componenttest.NewTelemetry()
			set := metadatatest.NewSettings(telemetry)
			core, logs := observer.New(zap.DebugLevel)
			set.Logger = zap.New(core)
			cfg := deliveryConfig(server.URL)
			cfg.Delivery.GetOrInsertDefault().PropertyToken = "MARKED-TOKEN"
			cfg.RetryConfig.Enabled = false
			h := newHost()
			exp := start(t, set, cfg, h)
			err := exp.ConsumeLogs(t.Context(), oneRecord(markedID, "tier", markedValue))
			require.Error(t, err, "it is held: nobody gets through")
			require.NoError(t, exp.Shutdown(t.Context()))
			var all strings.Builder
			fmt.Fprintln(&all, err)
			for _, entry := range logs.All() {
				fmt.Fprintln(&all, entry.Message, entry.ContextMap())
			}
			for _, span := range telemetry.SpanRecorder.Ended() {
				fmt.Fprintln(&all, span.Name(), span.Attributes(), span.Events(), span.Status())
			}
			close(h.events)
			for event := range h.events {
				fmt.Fprintln(&all, event.Err())
			}
			said := all.String()
			assert.True(t, slices.ContainsFunc([]string{"status 400", "refused", "not_echoed", "foreign_answer"}, func(reason string) bool {
				return strings.Contains(said, reason)
			}), said)
			for _, secret := range []string{"MARKED", "sessionId", "rest/v1"} {
				assert.NotContains(t, said, secret)
			}
		})
	}
}

func TestDelivery_WhatWaitsFromTheRouteSingleIsCheckedAgain(t *testing.T) {
	target, endpoint := startEmulator(t, emulator.Settings{Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: 503}}})
	disk := fileStorage(t, t.TempDir())
	core, logged := observer.New(zapcore.WarnLevel)
	warned := func() int { return logged.FilterMessageSnippet("sent by route delivery").Len() }
	begin := func(change func(*Config)) (*run, exporter.Logs) {
		cfg := createDefaultConfig().(*Config)
		cfg.ClientCode, cfg.ClientConfig.Endpoint = "acme", endpoint
		cfg.Outbox.MergeWindow = time.Millisecond
		change(cfg)
		r := &run{cfg: cfg, host: newHost(), telemetry: componenttest.NewTelemetry()}
		on(disk)(r)
		set := metadatatest.NewSettings(r.telemetry)
		set.Logger = zap.New(core)
		return r, start(t, set, cfg, r.host)
	}
	_, single := begin(func(*Config) {})
	require.NoError(t, single.ConsumeLogs(t.Context(), oneRecord("v", "long", strings.Repeat("x", 257), "tier", "gold")))
	require.Eventually(t, func() bool { return target.Stats().Faulted > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, single.Shutdown(t.Context()))
	_, again := begin(func(*Config) {})
	require.NoError(t, again.Shutdown(t.Context()))
	assert.Zero(t, warned(), "its calls cost nothing")
	require.NoError(t, target.SetFaults(nil))

	r, delivery := begin(func(cfg *Config) { cfg.Route = route.ToDelivery })
	require.Eventually(t, func() bool { return r.count(t).outcomes["delivered"] == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, delivery.Shutdown(t.Context()))
	assert.Equal(t, 1, warned())
	_, empty := begin(func(cfg *Config) { cfg.Route = route.ToDelivery })
	require.NoError(t, empty.Shutdown(t.Context()))
	assert.Equal(t, 1, warned(), "nothing waits any more")
	p, _ := target.Profile(emulator.Mbox3rdPartyID, "v")
	assert.Len(t, p.Attributes, 1)
	dropped, err := r.telemetry.GetMetric("otelcol.adobe_target.parameters.dropped")
	require.NoError(t, err)
	for _, point := range dropped.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := point.Attributes.Value("reason")
		assert.Equal(t, reason.AsString() == "value_too_long", point.Value == 1, reason.AsString())
	}
	assert.EqualValues(t, 1, sum(dropped.Data))
}
