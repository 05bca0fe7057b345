// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// host is a Collector with extensions that keeps the status events.
type host struct {
	extensions map[component.ID]component.Component
	events     chan *componentstatus.Event
}

func newHost() *host {
	return &host{events: make(chan *componentstatus.Event, 100)}
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(event *componentstatus.Event) { h.events <- event }

// startEmulator returns an emulated Target and its address.
func startEmulator(t *testing.T, settings emulator.Settings) (*emulator.Emulator, string) {
	t.Helper()
	settings.RecordCalls = 1000
	e, err := emulator.New(settings)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(e)
	server.Config.ConnState = e.ConnState
	server.Start()
	t.Cleanup(func() {
		e.Close()
		server.Close()
	})
	return e, server.URL
}

// testConfig returns a configuration that sends at once to that address.
func testConfig(endpoint string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = endpoint
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RetryConfig.InitialInterval = time.Millisecond
	cfg.RetryConfig.MaxInterval = time.Millisecond
	return cfg
}

// start creates and starts an exporter; the test shuts it down.
func start(t *testing.T, set exporter.Settings, cfg *Config, h component.Host) exporter.Logs {
	t.Helper()
	e, err := newFactory(&quota.Registry{}).CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	return e
}

func oneRecord(visitor string, parameters ...string) plog.Logs {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Attributes().PutStr("mbox3rdPartyId", visitor)
	for pair := range slices.Chunk(parameters, 2) {
		lr.Attributes().PutStr("profile."+pair[0], pair[1])
	}
	return ld
}

func TestARecordBecomesACallAndAProfile(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	set := exportertest.NewNopSettings(metadata.Type)
	set.BuildInfo = component.BuildInfo{Command: "otelcol-test", Version: "1.2.3"}
	exp := start(t, set, testConfig(endpoint), newHost())

	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("cust 1", "name", "Zoë & Søn", "formula", "a+b=50%")))
	require.NoError(t, exp.Shutdown(t.Context()))

	p, found := e.Profile(emulator.Mbox3rdPartyID, "cust 1")
	require.True(t, found)
	assert.Equal(t, "Zoë & Søn", p.Attributes["name"].Value)
	assert.Equal(t, "a+b=50%", p.Attributes["formula"].Value)
	calls := e.Calls()
	require.Len(t, calls, 1)
	assert.Equal(t, http.MethodPost, calls[0].Method)
	assert.Equal(t, "/m2/acme/profile/update", calls[0].Path)
	assert.Empty(t, calls[0].RawQuery)
	assert.Equal(t, "mbox3rdPartyId=cust%201&profile.formula=a%2Bb%3D50%25&profile.name=Zo%C3%AB%20%26%20S%C3%B8n", string(calls[0].Body))
	assert.Equal(t, "otelcol-test/1.2.3", calls[0].Header.Get("User-Agent"))
	assert.Equal(t, "application/x-www-form-urlencoded", calls[0].Header.Get("Content-Type"))
}

func TestConnectionsAreKeptUpToTheConcurrencyAndClosedAtTheEnd(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{Latency: emulator.Latency{Fixed: time.Millisecond}})
	cfg := testConfig(endpoint)
	cfg.Concurrency = 8
	cfg.RateLimit = configoptional.None[quota.RateLimitConfig]()
	cfg.ClientConfig.Headers.Set("X-Wrapped", "yes") // its wrapper hides the transport
	exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, newHost())
	ld := plog.NewLogs()
	for i := range 200 {
		oneRecord("v"+string(rune('0'+i/20))+string(rune('a'+i%20)), "n", "1").ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), ld))
	require.NoError(t, exp.ConsumeLogs(t.Context(), ld))
	stats := e.Stats()
	assert.Equal(t, 400, stats.Accepted)
	assert.LessOrEqual(t, stats.ConnectionsOpened, 8)
	assert.LessOrEqual(t, stats.MaxConcurrent, 8)
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Zero(c, e.Stats().ConnectionsOpen)
	}, 10*time.Second, 10*time.Millisecond)
}

func TestExportersOfOneClientCodeShareAnAccount(t *testing.T) {
	_, endpoint := startEmulator(t, emulator.Settings{})
	factory := newFactory(&quota.Registry{})
	create := func(change func(*Config)) exporter.Logs {
		cfg := testConfig(endpoint)
		change(cfg)
		e, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
		require.NoError(t, err)
		return e
	}
	first := create(func(*Config) {})
	require.NoError(t, first.Start(t.Context(), newHost()))

	same := create(func(*Config) {})
	require.NoError(t, same.Start(t.Context(), newHost()))

	other := create(func(cfg *Config) { cfg.Quota.Calls = 500 })
	require.ErrorContains(t, other.Start(t.Context(), newHost()), "quota::calls is 500 here and 1000000 there")
	require.NoError(t, other.Shutdown(t.Context()), "an exporter that did not start can be shut down")

	elsewhere := create(func(cfg *Config) { cfg.Quota.Calls = 500; cfg.ClientCode = "other" })
	require.NoError(t, elsewhere.Start(t.Context(), newHost()))
	for _, e := range []exporter.Logs{first, same, elsewhere} {
		require.NoError(t, e.Shutdown(t.Context()))
	}
}

func TestAFaultOfTheSetUpIsReportedAsComponentStatus(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{Token: "the-right-one"})
	h := newHost()
	exp := start(t, exportertest.NewNopSettings(metadata.Type), testConfig(endpoint), h)
	done := make(chan error)
	go func() { done <- exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")) }()

	event := <-h.events
	assert.Equal(t, componentstatus.StatusRecoverableError, event.Status())
	require.ErrorContains(t, event.Err(), "status_403")

	e.SetToken("")
	require.NoError(t, <-done)
	assert.Equal(t, componentstatus.StatusOK, (<-h.events).Status())
	_, found := e.Profile(emulator.Mbox3rdPartyID, "a")
	assert.True(t, found)
	require.NoError(t, exp.Shutdown(t.Context()))
}

func TestADryRunSendsNothingAndTakesNothingFromTheQuota(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	core, logs := observer.New(zap.InfoLevel)
	set := exportertest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	cfg := testConfig(endpoint)
	cfg.DryRun = true
	exp := start(t, set, cfg, newHost())
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")))
	require.NoError(t, exp.Shutdown(t.Context()))

	assert.Zero(t, e.Stats().Attempts)
	shown := logs.FilterMessage("Dry run, not sent: call 1").All()
	require.Len(t, shown, 1)
	assert.Equal(t, map[string]any{
		"method": "POST", "url": endpoint + "/m2/acme/profile/update", "body": "mbox3rdPartyId=a&profile.tier=gold",
	}, shown[0].ContextMap())
}

func TestWhatCostsSomethingIsWarnedOfAtStart(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	set := exportertest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	cfg := testConfig("http://127.0.0.1:1")
	queue := defaultQueueConfig()
	queue.NumConsumers = 4
	cfg.QueueConfig = configoptional.Some(queue)
	cfg.RetryConfig.MaxElapsedTime = time.Hour
	cfg.DryRun = true
	require.NoError(t, start(t, set, cfg, newHost()).Shutdown(t.Context()))
	for _, snippet := range []string{"num_consumers is over 1", "max_elapsed_time is set", "dry_run is on"} {
		assert.Equal(t, 1, logs.FilterMessageSnippet(snippet).Len(), snippet)
	}
}

func TestAnExporterThatCanNotAuthenticateDoesNotStart(t *testing.T) {
	cfg := testConfig("http://127.0.0.1:1")
	cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("bearertokenauth")})
	e, err := newFactory(&quota.Registry{}).CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.Error(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestCallersThatStopWaitingGetTheirErrorAtOnce(t *testing.T) {
	_, endpoint := startEmulator(t, emulator.Settings{Faults: []emulator.Fault{{Kind: emulator.FaultHang}}})
	exp := start(t, exportertest.NewNopSettings(metadata.Type), testConfig(endpoint), newHost())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- exp.ConsumeLogs(ctx, oneRecord("a", "tier", "gold")) }()
	cancel()
	err := <-done
	require.Error(t, err)
	require.NoError(t, exp.Shutdown(t.Context()))
}
