// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// asDate is the Retry-After of a pause as a date, by the clock of now.
func asDate(pause time.Duration) string { return time.Now().Add(pause).UTC().Format(http.TimeFormat) }

func upTo(most time.Duration) func(*Config) { return func(cfg *Config) { cfg.MaxRetryAfter = most } }

// TestRetryAfter_PausesEveryExporterOfTheAccount has one of two exporters meet a 429.
func TestRetryAfter_PausesEveryExporterOfTheAccount(t *testing.T) {
	for name, tt := range map[string]struct {
		retryAfter func() string
		change     func(*Config)
		pause      time.Duration
	}{
		"in seconds":                     {func() string { return "120" }, nil, 2 * time.Minute},
		"as a date":                      {func() string { return asDate(2 * time.Minute) }, nil, 2 * time.Minute},
		"in seconds, longer than 15m":    {func() string { return "86400" }, nil, 15 * time.Minute},
		"as a date, later than in 15m":   {func() string { return asDate(24 * time.Hour) }, nil, 15 * time.Minute},
		"in seconds, over the setting":   {func() string { return "120" }, upTo(30 * time.Second), 30 * time.Second},
		"as a date, over the setting":    {func() string { return asDate(2 * time.Minute) }, upTo(30 * time.Second), 30 * time.Second},
		"in seconds, a setting of 24h":   {func() string { return "7200" }, upTo(24 * time.Hour), 2 * time.Hour},
		"as a date, with the longest":    {func() string { return asDate(48 * time.Hour) }, upTo(24 * time.Hour), 24 * time.Hour},
		"of no length pauses for no one": {func() string { return "0" }, nil, 0},
	} {
		for way, change := range map[string]func(*Config){
			"in memory":       func(*Config) {},
			"without a queue": func(cfg *Config) { withoutQueue(&run{cfg: cfg}) },
		} {
			t.Run(name+", "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					throttled, other := pausedTogether(t, tt.retryAfter(), func(cfg *Config) {
						cfg.Outbox.MergeWindow = 0
						cfg.RetryConfig.InitialInterval, cfg.RetryConfig.RandomizationFactor = 100*time.Millisecond, 0
						change(cfg)
						if tt.change != nil {
							tt.change(cfg)
						}
					})
					// The other exporter has its record a second after the answer.
					assert.Equal(t, max(tt.pause, time.Second), other, "the call of the other exporter")
					assert.GreaterOrEqual(t, throttled, tt.pause, "the call that is made again")
					assert.Less(t, throttled, tt.pause+time.Second)
				})
			})
		}
	}
}

// pausedTogether returns how long after the first call, which is answered with that Retry-After,
// the next one of each exporter left.
func pausedTogether(t *testing.T, retryAfter string, change func(*Config)) (throttled, other time.Duration) {
	t.Helper()
	one := &wire{header: http.Header{"Retry-After": {retryAfter}}}
	one.now(func(call) (int, error) {
		if len(one.made()) == 1 {
			return http.StatusTooManyRequests, nil
		}
		return http.StatusOK, nil
	})
	two := &wire{answer: taken}
	accounts := newFactory(&quota.Registry{})
	first, second := inAccount(t, accounts, "first", change, one), inAccount(t, accounts, "second", change, two)

	ended := make(chan error, 2)
	go func() { ended <- first.ConsumeLogs(t.Context(), oneRecord("a", "n", "1")) }()
	time.Sleep(time.Second)
	go func() { ended <- second.ConsumeLogs(t.Context(), oneRecord("b", "n", "1")) }()
	time.Sleep(25 * time.Hour)
	for range 2 {
		require.NoError(t, <-ended)
	}
	for _, e := range []exporter.Logs{first, second} {
		require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context())))
	}
	require.Len(t, one.made(), 2)
	require.Len(t, two.made(), 1)
	began := one.made()[0].at
	return one.made()[1].at.Sub(began), two.made()[0].at.Sub(began)
}

func inAccount(t *testing.T, factory exporter.Factory, name string, change func(*Config), w *wire) exporter.Logs {
	t.Helper()
	cfg := wiredConfig()
	change(cfg)
	set := exportertest.NewNopSettings(metadata.Type)
	set.ID = component.MustNewIDWithName("adobe_target", name)
	h := newHost()
	h.extensions[wireID] = w
	e, err := factory.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	return e
}
