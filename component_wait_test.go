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
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// waits are the two ways in which a caller waits for the outcome.
var waits = map[string]func(*run){"without a queue": withoutQueue, "wait_for_result": waitingForResult}

func TestWait_WhatTheCallerGetsBackIsNotReceived(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(call) (int, error)
		change func(*Config)
		want   map[string]int64 // of ten records, two of nobody
	}{
		"all is taken":                {taken, func(*Config) {}, map[string]int64{"delivered": 8}},
		"one is wrong":                {but("v1", http.StatusBadRequest), func(*Config) {}, map[string]int64{"delivered": 7, "rejected status_400": 1}},
		"one fails, no retry":         {but("v1", http.StatusServiceUnavailable), func(cfg *Config) { cfg.RetryConfig.Enabled = false }, map[string]int64{"delivered": 7}},
		"one fails for an hour":       {but("v1", http.StatusServiceUnavailable), func(cfg *Config) { cfg.RetryConfig.MaxElapsedTime = time.Hour }, map[string]int64{"delivered": 7}},
		"all fail, no retry":          {down, func(cfg *Config) { cfg.RetryConfig.Enabled = false }, map[string]int64{}},
		"all fail for an hour":        {down, func(cfg *Config) { cfg.RetryConfig.MaxElapsedTime = time.Hour }, map[string]int64{}},
		"an outage that ends in time": {downFor(time.Minute), func(*Config) {}, map[string]int64{"delivered": 8}},
		"a dry run":                   {taken, func(cfg *Config) { cfg.DryRun = true }, map[string]int64{"skipped dry_run": 8}},
	} {
		tt.want["skipped no_visitor"] = 2
		for way, wait := range waits {
			t.Run(name+", "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, &wire{answer: tt.answer}, wait, with(tt.change))
					back := int64(0)
					if err := r.ConsumeLogs(t.Context(), severalRecords(10)); err != nil {
						require.False(t, consumererror.IsPermanent(err))
						var held consumererror.Logs
						require.ErrorAs(t, err, &held)
						back = int64(held.Data().LogRecordCount())
					}
					c := r.count(t)
					assert.Equal(t, tt.want, c.outcomes)
					assert.Equal(t, c.ended, c.received)
					assert.Equal(t, int64(10), c.received+back)
					assert.Zero(t, c.held)
					r.end(t)
				})
			})
		}
	}
}

// downFor has an outage that ends so long after a bubble's time began.
func downFor(outage time.Duration) func(call) (int, error) {
	over := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).Add(outage)
	return func(c call) (int, error) {
		if c.at.Before(over) {
			return http.StatusServiceUnavailable, nil
		}
		return http.StatusOK, nil
	}
}

func TestWait_ACallerThatGivesUpGetsBackWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: but("v1", http.StatusServiceUnavailable)}, withoutQueue)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.Error(t, r.ConsumeLogs(ctx, severalRecords(10)))
		assert.Equal(t, int64(9), r.count(t).received)
		r.assertAdds(t)
		r.end(t)
	})
}

func TestWait_ACallerThatGivesUpWaitingForRoomIsNotReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(call) (int, error) {
			time.Sleep(8 * time.Second)
			return http.StatusOK, nil
		}
		r := begin(t, &wire{answer: slow}, waitingForResult, with(func(cfg *Config) { cfg.QueueConfig.Get().QueueSize = 10 }))
		first := make(chan error)
		go func() { first <- r.ConsumeLogs(t.Context(), severalRecords(10)) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.ConsumeLogs(ctx, severalRecords(10)), context.DeadlineExceeded)
		require.NoError(t, <-first)
		r.assertAdds(t)
		r.end(t)
		assert.Equal(t, int64(10), r.count(t).received)
		assert.Equal(t, map[string]int64{"delivered": 8, "skipped no_visitor": 2}, r.count(t).outcomes)
	})
}

func TestWait_AShutdownGivesBackWhatIsHeld(t *testing.T) {
	for way, wait := range waits {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: down}, wait)
				ended := make(chan error)
				go func() { ended <- r.ConsumeLogs(t.Context(), severalRecords(10)) }()
				time.Sleep(time.Minute)
				assert.Zero(t, r.end(t))
				var held consumererror.Logs
				require.ErrorAs(t, <-ended, &held)
				assert.Equal(t, 8, held.Data().LogRecordCount())
				assert.Equal(t, map[string]int64{"skipped no_visitor": 2}, r.count(t).outcomes)
				assert.Equal(t, int64(2), r.count(t).received)
			})
		})
	}
}

func TestWait_HoldsNothingInTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: hang}, withoutQueue)
		ended := make(chan error)
		go func() { ended <- r.ConsumeLogs(t.Context(), severalRecords(10)) }()
		synctest.Wait()
		metadatatest.AssertEqualAdobeTargetOutboxRecords(t, r.telemetry, []metricdata.DataPoint[int64]{{
			Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: 0,
		}}, metricdatatest.IgnoreTimestamp())
		r.end(t)
		require.Error(t, <-ended)
	})
}
