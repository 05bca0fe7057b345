// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

func TestRecordsAreDeferredOnlyWhereTheQueueKeepsThemAnyway(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*Config)
		deferred bool
	}{
		"a queue in memory": {func(*Config) {}, true},
		"no queue": {func(cfg *Config) {
			cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
		}, false},
		"a queue that waits for the result": {func(cfg *Config) { cfg.QueueConfig.Get().WaitForResult = true }, false},
		"no retry":                          {func(cfg *Config) { cfg.RetryConfig.Enabled = false }, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.ClientCode = "acme"
			test.change(cfg)
			e, err := newLogsExporter(cfg, exportertest.NewNopSettings(metadata.Type), &quota.Registry{})
			require.NoError(t, err)
			store, err := e.deferred(t.Context(), componenttest.NewNopHost())
			require.NoError(t, err)
			assert.Equal(t, test.deferred, store != nil)
			require.NoError(t, e.shutdown(t.Context()))
		})
	}
}

func TestAnExporterWhoseStorageIsMissingDoesNotStart(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	id := component.MustNewID("file_storage")
	cfg.QueueConfig.Get().StorageID = &id
	e, err := newLogsExporter(cfg, exportertest.NewNopSettings(metadata.Type), &quota.Registry{})
	require.NoError(t, err)
	_, err = e.deferred(t.Context(), componenttest.NewNopHost())
	require.EqualError(t, err, `sending_queue::storage: "file_storage" is no storage extension of this collector`)
	require.NoError(t, e.shutdown(t.Context()))
}

// TestWhatWasDeferredIsStillSentWhenRetriesAreSwitchedOff has a run with retries and then
// one without: the records in the storage are older than what comes.
func TestWhatWasDeferredIsStillSentWhenRetriesAreSwitchedOff(t *testing.T) {
	set := exportertest.NewNopSettings(metadata.Type)
	target, endpoint := startEmulator(t, emulator.Settings{
		Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: http.StatusServiceUnavailable}},
	})
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
	cfg := persistentConfig(endpoint)
	cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = time.Hour, time.Hour
	exp := start(t, set, cfg, h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "1", "store", "12")))
	require.Eventually(t, func() bool { return target.Stats().Faulted == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.Shutdown(t.Context()))

	require.NoError(t, target.SetFaults(nil))
	cfg = persistentConfig(endpoint)
	cfg.RetryConfig.Enabled = false
	exp = start(t, set, cfg, h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "2")))
	require.Eventually(t, func() bool {
		p, _ := target.Profile("mbox3rdPartyId", "a")
		return p.Attributes["tier"].Value == "2" && p.Attributes["store"].Value == "12"
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.Shutdown(t.Context()))
}
