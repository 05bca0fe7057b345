// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

func padded(n int, first plog.Logs) plog.Logs {
	for i := 1; i < n; i++ {
		oneRecord("other", "x", "1").ResourceLogs().MoveAndAppendTo(first.ResourceLogs())
	}
	return first
}

// TestWhatWaitedForRoomDoesNotFollowWhatOvertookIt has a request that does not fit, and a
// smaller one that came later and does. Then the run ends.
func TestWhatWaitedForRoomDoesNotFollowWhatOvertookIt(t *testing.T) {
	set := exportertest.NewNopSettings(metadata.Type)
	target, endpoint := startEmulator(t, emulator.Settings{
		History: true, Sequences: []string{"n"},
		Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: http.StatusTooManyRequests}},
	})
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
	cfg := func() *Config {
		cfg := persistentConfig(endpoint)
		queue := cfg.QueueConfig.Get()
		queue.QueueSize, queue.Batch.Get().MinSize = 10, 1
		return cfg
	}
	exp := start(t, set, cfg(), h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), padded(4, oneRecord("z", "n", "1"))))
	require.Eventually(t, func() bool { return target.Stats().Faulted > 0 }, 10*time.Second, time.Millisecond)
	for range 3 {
		require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("w", "x", "1")))
		time.Sleep(50 * time.Millisecond)
	}
	ended, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- exp.ConsumeLogs(ended, padded(6, oneRecord("a", "n", "1"))) }() // 6 do not fit beside 6
	time.Sleep(200 * time.Millisecond)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "n", "2"))) // 1 fits
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, exp.Shutdown(t.Context()))

	require.NoError(t, target.SetFaults(nil))
	exp = start(t, set, cfg(), h)
	require.Eventually(t, func() bool {
		return exp.(*wrappedLogs).exporter.overflow.Records() == 0 && target.Stats().Visitors == 4
	},
		10*time.Second, time.Millisecond)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("last", "n", "1")))
	require.Eventually(t, func() bool { return target.Stats().Visitors == 5 }, 10*time.Second, time.Millisecond)
	p, _ := target.Profile("mbox3rdPartyId", "a")
	assert.Equal(t, "2", p.Attributes["n"].Value)
	assert.Zero(t, target.Stats().Disorders)
	require.NoError(t, exp.Shutdown(t.Context()))
}
