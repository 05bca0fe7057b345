// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// wire is an auth extension that answers calls itself, so that whole exporters run
// in virtual time: a real socket would stop it.
type wire struct {
	component.StartFunc
	component.ShutdownFunc
	answer func(*http.Request) (status int, err error)
	header http.Header // of every answer
	calls  atomic.Int64
}

var wireID = component.MustNewID("wire")

func (w *wire) RoundTripper(http.RoundTripper) (http.RoundTripper, error) { return w, nil }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.calls.Add(1)
	status, err := w.answer(req)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: w.header.Clone(), Request: req,
		Body: io.NopCloser(strings.NewReader("trueRequest successfully submitted")),
	}, nil
}

// ended is what a shutdown left.
type ended struct {
	took    time.Duration
	calls   int64
	records map[string]int64
}

// shutDown fills a memory queue with records of 100 visitors, shuts the exporter
// down after a moment, and says what came of it.
func shutDown(t *testing.T, answer func(*http.Request) (int, error), change func(*Config)) (e ended) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		telemetry := componenttest.NewTelemetry()
		cfg := testConfig("http://target.example")
		cfg.QueueConfig = configoptional.Some(defaultQueueConfig())
		cfg.QueueConfig.Get().Batch.Get().MinSize = 10
		cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: wireID})
		change(cfg)
		w := &wire{answer: answer}
		h := newHost()
		h.extensions = map[component.ID]component.Component{wireID: w}

		exp := start(t, metadatatest.NewSettings(telemetry), cfg, h)
		for i := range 100 {
			require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("v"+strconv.Itoa(i), "tier", "gold")))
		}
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		require.NoError(t, exp.Shutdown(t.Context()))
		e = ended{took: time.Since(began), calls: w.calls.Load(), records: make(map[string]int64)}
		if metric, err := telemetry.GetMetric("otelcol.adobe_target.records"); err == nil {
			for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
				outcome, _ := point.Attributes.Value("outcome")
				reason, _ := point.Attributes.Value("reason")
				e.records[strings.TrimSpace(outcome.AsString()+" "+reason.AsString())] += point.Value
			}
		}
		require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context())))
	})
	return e
}

func taken(*http.Request) (int, error) { return http.StatusOK, nil }

// hang answers nothing until the call's own timeout ends it.
func hang(req *http.Request) (int, error) {
	<-req.Context().Done()
	return 0, req.Context().Err()
}

func paced(cfg *Config) {
	cfg.RateLimit = configoptional.Some(quota.RateLimitConfig{CallsPerSecond: 10, Burst: 1})
}

func TestAMemoryQueueIsDrainedAtThePace(t *testing.T) {
	e := shutDown(t, taken, paced)
	assert.Equal(t, map[string]int64{"delivered": 100}, e.records)
	assert.InDelta(t, 10*time.Second, e.took, float64(time.Second))
}

func TestWhatTheDrainTimeoutLeavesIsCountedAsLost(t *testing.T) {
	e := shutDown(t, taken, func(cfg *Config) {
		paced(cfg)
		cfg.DrainTimeout = 3 * time.Second
	})
	assert.InDelta(t, 3*time.Second, e.took, float64(100*time.Millisecond))
	assert.InDelta(t, 31, e.records["delivered"], 2)
	assert.Equal(t, int64(100), e.records["delivered"]+e.records["rejected shutdown"])
}

func TestWithoutADrainTimeoutAShutdownEndsAtOnce(t *testing.T) {
	e := shutDown(t, taken, func(cfg *Config) {
		paced(cfg)
		cfg.DrainTimeout = 0
	})
	assert.Zero(t, e.took)
	assert.Equal(t, int64(100), e.records["delivered"]+e.records["rejected shutdown"])
}

func TestAnExhaustedQuotaDoesNotKeepAShutdownPastTheDrainTimeout(t *testing.T) {
	e := shutDown(t, taken, func(cfg *Config) {
		cfg.Quota = quota.WindowConfig{Calls: 7, Window: time.Hour}
		cfg.DrainTimeout = 2 * time.Second
	})
	assert.Equal(t, int64(7), e.calls)
	assert.Equal(t, 1900*time.Millisecond, e.took.Round(100*time.Millisecond)-100*time.Millisecond)
	assert.Equal(t, map[string]int64{"delivered": 7, "rejected shutdown": 93}, e.records)
}

func TestAnOutageIsWaitedForUntilTheDrainTimeout(t *testing.T) {
	const drain = 40 * time.Second
	for name, over := range map[string]time.Duration{"it goes on": time.Hour, "it is over in time": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			var began atomic.Pointer[time.Time]
			e := shutDown(t, func(*http.Request) (int, error) {
				now := time.Now()
				began.CompareAndSwap(nil, &now)
				if now.Sub(*began.Load()) < over {
					return http.StatusServiceUnavailable, nil
				}
				return http.StatusOK, nil
			}, func(cfg *Config) {
				cfg.RetryConfig = defaultRetryConfig() // so that one batch is in backoff when the shutdown begins
				cfg.DrainTimeout = drain
			})
			if over > drain {
				assert.Equal(t, map[string]int64{"rejected shutdown": 100}, e.records)
				assert.Equal(t, drain, e.took)
				return
			}
			assert.Equal(t, map[string]int64{"delivered": 100}, e.records)
		})
	}
}

func TestCallsThatHangEndWithTheirTimeout(t *testing.T) {
	e := shutDown(t, hang, func(cfg *Config) {
		cfg.ClientConfig.Timeout = 4 * time.Second
		cfg.DrainTimeout = time.Second
	})
	assert.LessOrEqual(t, e.took, 5*time.Second)
	assert.Equal(t, map[string]int64{"rejected shutdown": 100}, e.records)
}

func TestADryRunShowsTenCallsASecondAndEndsAtOnce(t *testing.T) {
	for name, rate := range map[string]configoptional.Optional[quota.RateLimitConfig]{
		"without a pace":  configoptional.None[quota.RateLimitConfig](),
		"at a faster one": configoptional.Some(quota.RateLimitConfig{CallsPerSecond: 1000, Burst: 1000}),
	} {
		t.Run(name, func(t *testing.T) {
			dry := func(drain time.Duration) ended {
				return shutDown(t, taken, func(cfg *Config) {
					cfg.DryRun = true
					cfg.RateLimit = rate
					cfg.DrainTimeout = drain
				})
			}
			e := dry(0)
			assert.Zero(t, e.took)
			assert.Zero(t, e.calls)
			assert.Equal(t, int64(100), e.records["skipped dry_run"]+e.records["rejected shutdown"])
			assert.LessOrEqual(t, e.records["skipped dry_run"], int64(2), "in a tenth of a second")

			e = dry(time.Minute)
			assert.InDelta(t, 10*time.Second, e.took, float64(time.Second))
			assert.Equal(t, map[string]int64{"skipped dry_run": 100}, e.records)
		})
	}
}

func TestADryRunIsNoFasterThanThePace(t *testing.T) {
	e := shutDown(t, taken, func(cfg *Config) {
		cfg.DryRun = true
		cfg.RateLimit = configoptional.Some(quota.RateLimitConfig{CallsPerSecond: 5, Burst: 5})
	})
	assert.InDelta(t, 20*time.Second, e.took, float64(time.Second))
}

func TestTheWrapperSaysWhetherTheHelperBatches(t *testing.T) {
	cfg := testConfig("http://target.example")
	e, err := createLogs(t.Context(), metadatatest.NewSettings(componenttest.NewTelemetry()), cfg, &quota.Registry{})
	require.NoError(t, err)
	batching, ok := e.(interface{ ExporterHelperBatchingEnabled() bool })
	require.True(t, ok)
	assert.False(t, batching.ExporterHelperBatchingEnabled())
	require.NoError(t, e.Shutdown(t.Context()))
}
