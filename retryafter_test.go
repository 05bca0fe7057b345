// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// asDate is the Retry-After of a pause as a date, by the clock of now.
func asDate(pause time.Duration) string { return time.Now().Add(pause).UTC().Format(http.TimeFormat) }

func TestRetryAfterPausesEveryExporterOfTheAccount(t *testing.T) {
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
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttled, free := pausedTogether(t, tt.retryAfter(), tt.change)
				// The other exporter begins a second after the answer.
				assert.Equal(t, max(tt.pause, time.Second), free, "the call of the other exporter")
				assert.GreaterOrEqual(t, throttled, tt.pause, "the call that is made again")
				assert.Less(t, throttled, tt.pause+time.Second)
			})
		})
	}
}

func upTo(most time.Duration) func(*Config) {
	return func(cfg *Config) { cfg.MaxRetryAfter = most }
}

// pausedTogether lets one of two exporters of an account meet a 429 with that
// Retry-After, and returns how long after it the next call of each left.
func pausedTogether(t *testing.T, retryAfter string, change func(*Config)) (throttled, free time.Duration) {
	t.Helper()
	var began time.Time
	var told atomic.Bool
	one, other := make(chan time.Duration, 1), make(chan time.Duration, 1)
	accounts := newFactory(&quota.Registry{})
	first := pausable(t, accounts, "first", change, &wire{
		header: http.Header{"Retry-After": {retryAfter}},
		answer: func(*http.Request) (int, error) {
			if told.CompareAndSwap(false, true) {
				began = time.Now()
				return http.StatusTooManyRequests, nil
			}
			one <- time.Since(began)
			return http.StatusOK, nil
		},
	})
	second := pausable(t, accounts, "second", change, &wire{answer: func(*http.Request) (int, error) {
		other <- time.Since(began)
		return http.StatusOK, nil
	}})

	ended := make(chan error, 2)
	go func() { ended <- first.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")) }()
	time.Sleep(time.Second)
	go func() { ended <- second.ConsumeLogs(t.Context(), oneRecord("b", "tier", "gold")) }()
	for range 2 {
		require.NoError(t, <-ended)
	}
	for _, e := range []exporter.Logs{first, second} {
		require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context())))
	}
	return <-one, <-other
}

func pausable(t *testing.T, factory exporter.Factory, name string, change func(*Config), w *wire) exporter.Logs {
	t.Helper()
	cfg := testConfig("http://target.example")
	cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: wireID})
	if change != nil {
		change(cfg)
	}
	set := exportertest.NewNopSettings(metadata.Type)
	set.ID = component.MustNewIDWithName("adobe_target", name)
	h := newHost()
	h.extensions = map[component.ID]component.Component{wireID: w}
	e, err := factory.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	return e
}
