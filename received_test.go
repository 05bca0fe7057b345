// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// counted is an exporter whose records are counted.
type counted struct {
	exporter.Logs
	telemetry *componenttest.Telemetry
}

// startCounted starts an exporter in virtual time.
func startCounted(t *testing.T, answer func(*http.Request) (int, error), change func(*Config)) *counted {
	t.Helper()
	c := &counted{telemetry: componenttest.NewTelemetry()}
	cfg := testConfig("http://target.example")
	cfg.RetryConfig = defaultRetryConfig()
	cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: wireID})
	change(cfg)
	h := newHost()
	h.extensions = map[component.ID]component.Component{wireID: &wire{answer: answer}}
	c.Logs = start(t, metadatatest.NewSettings(c.telemetry), cfg, h)
	return c
}

// end shuts the exporter down and checks that then all it received has come to its
// end.
func (c *counted) end(t *testing.T, received int64) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	require.NoError(t, c.Shutdown(ctx))
	assert.Equal(t, received, c.sum(t, "otelcol.adobe_target.records.received"))
	assert.Equal(t, received, c.sum(t, "otelcol.adobe_target.records"))
	require.NoError(t, c.telemetry.Shutdown(ctx))
}

// sum returns the sum of a metric, however it is divided.
func (c *counted) sum(t *testing.T, name string) (sum int64) {
	t.Helper()
	metric, err := c.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	switch data := metric.Data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			sum += point.Value
		}
	case metricdata.Gauge[int64]:
		for _, point := range data.DataPoints {
			sum += point.Value
		}
	}
	return sum
}

// assertEquation checks that records received are those that came to their end and
// those that are held.
func (c *counted) assertEquation(t *testing.T, received, ended, held int64) {
	t.Helper()
	assert.Equal(t, received, ended+held)
	if received > 0 {
		metadatatest.AssertEqualAdobeTargetRecordsReceived(t, c.telemetry, []metricdata.DataPoint[int64]{{
			Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: received,
		}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	} else {
		assert.Zero(t, c.sum(t, "otelcol.adobe_target.records.received"))
	}
	assert.Equal(t, ended, c.sum(t, "otelcol.adobe_target.records"))
	assert.Equal(t, held, c.sum(t, "otelcol_exporter_queue_size")+c.sum(t, "otelcol.adobe_target.records.deferred"))
}

// severalRecords are of visitors v0, v1, … and of nobody, in turn.
func severalRecords(n int) plog.Logs {
	ld := plog.NewLogs()
	for i := range n {
		visitor := "v" + strconv.Itoa(i)
		if i%5 == 4 {
			visitor = ""
		}
		oneRecord(visitor, "tier", "gold").ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

// butV1 answers the calls of the visitor v1 with that status.
func butV1(status int) func(*http.Request) (int, error) {
	return func(req *http.Request) (int, error) {
		form, err := io.ReadAll(req.Body)
		if err != nil {
			return 0, err
		}
		if strings.Contains(string(form), "Id=v1&") {
			return status, nil
		}
		return http.StatusOK, nil
	}
}

func TestWithAQueueReceivedIsWhatCameToItsEndAndWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCounted(t, butV1(http.StatusServiceUnavailable), func(cfg *Config) {
			cfg.QueueConfig = configoptional.Some(defaultQueueConfig())
			cfg.QueueConfig.Get().QueueSize = 100
			cfg.QueueConfig.Get().BlockOnOverflow = false
			cfg.QueueConfig.Get().Batch.Get().MinSize = 100
			cfg.DrainTimeout = 0
		})
		require.NoError(t, c.ConsumeLogs(t.Context(), plog.NewLogs()))
		c.assertEquation(t, 0, 0, 0)
		require.NoError(t, c.ConsumeLogs(t.Context(), severalRecords(60)))
		c.assertEquation(t, 60, 0, 60)
		require.ErrorIs(t, c.ConsumeLogs(t.Context(), severalRecords(50)), exporterhelper.ErrQueueIsFull)
		c.assertEquation(t, 60, 0, 60)
		require.Error(t, c.ConsumeLogs(t.Context(), severalRecords(101)), "more than the queue ever takes")
		c.assertEquation(t, 161, 101, 60)

		time.Sleep(time.Minute) // the batch is sent, all but one record
		synctest.Wait()
		c.assertEquation(t, 161, 101+59, 1)
		assert.Equal(t, int64(1), c.sum(t, "otelcol.adobe_target.records.deferred"))
		c.end(t, 161)
	})
}

func TestWithoutAQueueWhatTheCallerGetsBackIsNotReceived(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(*http.Request) (int, error)
		change func(*Config)
		ended  int64 // of ten records
	}{
		"all ended":                      {taken, func(*Config) {}, 10},
		"some rejected":                  {butV1(http.StatusBadRequest), func(*Config) {}, 10},
		"one held, no retry":             {butV1(http.StatusServiceUnavailable), func(cfg *Config) { cfg.RetryConfig.Enabled = false }, 9},
		"one held over several retries":  {butV1(http.StatusServiceUnavailable), func(cfg *Config) { cfg.RetryConfig.MaxElapsedTime = time.Hour }, 9},
		"all held but those of nobody":   {down, func(cfg *Config) { cfg.RetryConfig.Enabled = false }, 2},
		"all held, over several retries": {down, func(cfg *Config) { cfg.RetryConfig.MaxElapsedTime = time.Hour }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := startCounted(t, tt.answer, tt.change)
				err := c.ConsumeLogs(t.Context(), severalRecords(10))
				var got int64
				if err != nil {
					var held consumererror.Logs
					require.ErrorAs(t, err, &held)
					got = int64(held.Data().LogRecordCount())
				}
				assert.Equal(t, int64(10), tt.ended+got, "the caller is told what it got back")
				c.assertEquation(t, tt.ended, tt.ended, 0)
				metadatatest.AssertEqualAdobeTargetSendLag(t, c.telemetry, []metricdata.DataPoint[float64]{{
					Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: 0,
				}}, metricdatatest.IgnoreTimestamp())
				c.end(t, tt.ended)
			})
		})
	}
}

func down(*http.Request) (int, error) { return http.StatusServiceUnavailable, nil }

func TestWithoutAQueueACallerThatStopsWaitingGetsBackWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCounted(t, butV1(http.StatusServiceUnavailable), func(*Config) {})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.Error(t, c.ConsumeLogs(ctx, severalRecords(10)))
		c.assertEquation(t, 9, 9, 0)
		c.end(t, 9)
	})
}

// A caller that waits for the result gets the error of records that were taken, and
// that are counted when they come to their end.
func TestRecordsWhoseResultTheCallerWaitsForAreReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCounted(t, down, func(cfg *Config) {
			cfg.QueueConfig = configoptional.Some(defaultQueueConfig())
			cfg.QueueConfig.Get().QueueSize = 100
			cfg.QueueConfig.Get().WaitForResult = true
			cfg.QueueConfig.Get().Batch.Get().MinSize = 10
			cfg.RetryConfig.MaxElapsedTime = time.Hour
		})
		require.Error(t, c.ConsumeLogs(t.Context(), severalRecords(10)))
		require.Error(t, c.ConsumeLogs(t.Context(), severalRecords(101)), "more than the queue ever takes")
		c.end(t, 111)
	})
}
