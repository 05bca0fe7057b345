// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

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

// start creates and starts an exporter; the test shuts it down.
func start(t *testing.T, set exporter.Settings, cfg *Config, h component.Host) exporter.Logs {
	t.Helper()
	e, err := newFactory(&quota.Registry{}).CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	return e
}

func TestComponent_MakesARecordACallAndAProfile(t *testing.T) {
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

func TestComponent_KeepsConnectionsUpToTheConcurrencyAndClosesThem(t *testing.T) {
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
	assert.Less(t, stats.ConnectionsOpened, 40, "net/http dials one too many when another comes free meanwhile")
	assert.LessOrEqual(t, stats.MaxConcurrent, 8)
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Zero(c, e.Stats().ConnectionsOpen)
	}, 10*time.Second, 10*time.Millisecond)
}

func TestComponent_SharesAnAccountWithOthersOfItsClientCode(t *testing.T) {
	_, endpoint := startEmulator(t, emulator.Settings{})
	var accounts quota.Registry
	factory := newFactory(&accounts)
	create := func(factory exporter.Factory, change func(*Config)) (exporter.Logs, error) {
		cfg := testConfig(endpoint)
		change(cfg)
		return factory.CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	}
	started := func(e exporter.Logs, err error) exporter.Logs {
		require.NoError(t, err)
		require.NoError(t, e.Start(t.Context(), newHost()))
		return e
	}
	others := func(cfg *Config) { cfg.Quota.Calls = 500 }
	first := started(create(factory, func(*Config) {}))
	same := started(create(factory, func(*Config) {}))
	const differ = "quota::calls is 500 here and 1000000 there"
	_, err := create(factory, others)
	require.ErrorContains(t, err, differ, "before anything starts")
	dry := started(create(factory, func(cfg *Config) { others(cfg); cfg.DryRun = true }))

	// Those of another Collector of the process are met at the start.
	other, err := create(newFactory(&accounts), others)
	require.NoError(t, err)
	require.ErrorContains(t, other.Start(t.Context(), newHost()), differ)
	require.NoError(t, other.Shutdown(t.Context()), "an exporter that did not start can be shut down")

	elsewhere := started(create(factory, func(cfg *Config) { others(cfg); cfg.ClientCode = "other" }))
	for _, e := range []exporter.Logs{first, same, dry, elsewhere} {
		require.NoError(t, e.Shutdown(t.Context()))
	}
	later := started(create(factory, others))
	require.NoError(t, later.Shutdown(t.Context()), "nobody else uses the account any more")
}

func TestComponent_ReportsAFaultOfTheSetUpAsItsStatus(t *testing.T) {
	ways := map[string]func(*testing.T) func(*run){"without a queue": func(*testing.T) func(*run) { return withoutQueue }}
	maps.Copy(ways, places)
	for way, keep := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(call) (int, error) { return http.StatusForbidden, nil }}
				r := begin(t, w, keep(t))
				ended := make(chan error)
				go func() { ended <- r.ConsumeLogs(t.Context(), oneRecord("a", "n", "1")) }()
				time.Sleep(time.Minute)
				require.Len(t, r.host.events, 1, "it is said once")
				event := <-r.host.events
				assert.Equal(t, componentstatus.StatusRecoverableError, event.Status())
				require.ErrorContains(t, event.Err(), "status_403")

				w.now(taken)
				require.NoError(t, <-ended)
				time.Sleep(time.Minute)
				require.Len(t, r.host.events, 1)
				assert.Equal(t, componentstatus.StatusOK, (<-r.host.events).Status())
				assert.Equal(t, map[string]int64{"delivered": 1}, r.count(t).outcomes)
				r.end(t)
			})
		})
	}
}

func TestComponent_SendsNothingInADryRunAndTakesNothingFromTheQuota(t *testing.T) {
	e, endpoint := startEmulator(t, emulator.Settings{})
	core, logs := observer.New(zap.InfoLevel)
	set := exportertest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	cfg := testConfig(endpoint)
	cfg.DryRun = true
	accounts := &quota.Registry{}
	exp, err := newFactory(accounts).CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(t.Context(), newHost()))
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")))
	key, limits, err := cfg.accountOf(cfg.Route)
	require.NoError(t, err)
	account, err := accounts.Open(key, limits)
	require.NoError(t, err)
	assert.Zero(t, account.Usage().Used)
	require.NoError(t, exp.Shutdown(t.Context()))

	assert.Zero(t, e.Stats().Attempts)
	shown := logs.FilterMessage("Dry run, not sent: call 1").All()
	require.Len(t, shown, 1)
	assert.Equal(t, map[string]any{
		"method": "POST", "url": endpoint + "/m2/acme/profile/update", "body": "mbox3rdPartyId=a&profile.tier=gold",
	}, shown[0].ContextMap())
}

func TestComponent_AnswersACallerThatStopsWaiting(t *testing.T) {
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

func TestComponent_PostsAQueryOverHTTP1WithoutABody(t *testing.T) {
	got := make(chan *http.Request, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		_, _ = w.Write([]byte("true"))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	cfg := testConfig(server.URL)
	cfg.API.Parameters = route.Query
	cfg.ClientConfig.TLS.InsecureSkipVerify = true
	cfg.ClientConfig.HTTP2ReadIdleTimeout = time.Second // brings HTTP/2 back on its own
	exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, newHost())
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")))
	require.NoError(t, exp.Shutdown(t.Context()))
	req := <-got
	assert.Equal(t, 1, req.ProtoMajor)
	assert.Equal(t, "0", req.Header.Get("Content-Length"))
	assert.Empty(t, req.TransferEncoding)
	assert.Equal(t, "mbox3rdPartyId=a&profile.tier=gold", req.URL.RawQuery)
}
