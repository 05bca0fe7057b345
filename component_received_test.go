// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// places are where records can wait.
var places = map[string]func(*testing.T) func(*run){
	"in memory":  func(*testing.T) func(*run) { return func(*run) {} },
	"in storage": func(t *testing.T) func(*run) { t.Helper(); return on(fileStorage(t, t.TempDir())) },
}

// TestReceived_AddsUpAtAnyTime follows every record through whatever can hold it up, and looks
// again and again.
func TestReceived_AddsUpAtAnyTime(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(call) (int, error)
		change func(*Config)
		want   map[string]int64 // of 100 records of 80 visitors, 20 of them of nobody
	}{
		"all is taken":                  {taken, func(*Config) {}, map[string]int64{"delivered": 80}},
		"all is wrong":                  {refused, func(*Config) {}, map[string]int64{}},
		"all is wrong, and no retry":    {refused, func(cfg *Config) { cfg.RetryConfig.Enabled, cfg.RetryConfig.InitialInterval = false, 0 }, map[string]int64{"rejected status_400": 80}},
		"one visitor's update is wrong": {but("v41", http.StatusBadRequest), func(*Config) {}, map[string]int64{"delivered": 79, "rejected status_400": 1}},
		"one visitor's update fails":    {but("v1", http.StatusServiceUnavailable), func(*Config) {}, map[string]int64{"delivered": 79}},
		"an outage":                     {down, func(*Config) {}, map[string]int64{}},
		"calls that hang":               {hang, func(*Config) {}, map[string]int64{}},
		"no retry":                      {down, func(cfg *Config) { cfg.RetryConfig.Enabled, cfg.RetryConfig.InitialInterval = false, 0 }, map[string]int64{"rejected retry_disabled": 80}},
		"a quota that is used up":       {taken, func(cfg *Config) { cfg.Quota = quota.WindowConfig{Calls: 7, Window: time.Hour} }, map[string]int64{"delivered": 7}},
		"a pace of one call a second":   {taken, paced(1), map[string]int64{"delivered": 27}},
		"a window that is not over":     {taken, func(cfg *Config) { cfg.Outbox.MergeWindow = time.Hour }, map[string]int64{}},
		"an outbox that is too small":   {down, func(cfg *Config) { cfg.Outbox.MaxVisitors = 10 }, map[string]int64{"skipped no_visitor": -18}},
		"a dry run":                     {taken, func(cfg *Config) { cfg.DryRun = true }, map[string]int64{"skipped dry_run": 80}},
		"an outage longer than is tried": {down, func(cfg *Config) {
			cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval, cfg.RetryConfig.MaxElapsedTime = time.Second, 2*time.Second, 10*time.Second
		}, map[string]int64{"rejected retries_ended": 80}},
	} {
		tt.want["skipped no_visitor"] += 20
		for place, keep := range places {
			t.Run(name+", "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, &wire{answer: tt.answer}, with(tt.change), keep(t))
					for i := range 20 {
						r.consume(t, fiveRecords(i))
						if i%5 == 0 {
							r.watch(t, 300*time.Millisecond, 100*time.Millisecond)
						}
					}
					r.watch(t, 30*time.Second, 430*time.Millisecond)
					c := r.count(t)
					assert.Equal(t, int64(100), c.received)
					assert.Equal(t, tt.want, c.outcomes)
					r.end(t)
				})
			})
		}
	}
}

func refused(call) (int, error) { return http.StatusBadRequest, nil }

func paced(perSecond float64) func(*Config) {
	return func(cfg *Config) {
		cfg.RateLimit = configoptional.Some(quota.RateLimitConfig{CallsPerSecond: perSecond, Burst: 1})
	}
}

// fiveRecords are of four visitors that no other five are of, and of nobody.
func fiveRecords(i int) plog.Logs {
	ld := oneRecord("", "n", "1")
	for k := range 4 {
		oneRecord("v"+strconv.Itoa(4*i+k), "n", "1").ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

func TestReceived_IsNotWhatAFullQueueRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: down}, with(func(cfg *Config) {
			cfg.QueueConfig.Get().QueueSize = 100
			cfg.QueueConfig.Get().BlockOnOverflow = false
			cfg.Outbox.MaxVisitors = 1
			cfg.DrainTimeout = 0
		}))
		r.consume(t, plog.NewLogs())
		assert.Zero(t, r.count(t).received)
		r.consume(t, oneRecord("a", "n", "1"))
		synctest.Wait()
		r.consume(t, severalRecords(60)) // there is no room in the outbox
		require.ErrorIs(t, r.ConsumeLogs(t.Context(), severalRecords(50)), exporterhelper.ErrQueueIsFull)
		r.watch(t, time.Minute, time.Second)
		assert.Equal(t, int64(61), r.count(t).received)
		require.Error(t, r.ConsumeLogs(t.Context(), severalRecords(101)), "more than the queue ever takes")
		r.watch(t, time.Minute, time.Second)
		assert.Equal(t, int64(162), r.count(t).received, "it is rejected, so it was received")
		r.end(t)
		assert.Equal(t, map[string]int64{"rejected larger_than_queue": 101, "rejected shutdown": 61}, r.count(t).outcomes)
	})
}

func TestRecovered_IsWhatTheRunBeforeHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fileStorage(t, t.TempDir())
		small := with(func(cfg *Config) { cfg.Outbox.MaxVisitors = 4 })
		first := begin(t, &wire{answer: down}, on(disk), small)
		for i := range 20 {
			first.consume(t, fiveRecords(i))
		}
		first.watch(t, 10*time.Second, time.Second)
		assert.Equal(t, int64(99), first.count(t).held, "four visitors in the outbox, the others in the queue")
		first.end(t)

		second := begin(t, &wire{answer: down}, on(disk), small)
		assert.Equal(t, int64(99), second.count(t).recovered)
		second.watch(t, 10*time.Second, time.Second)
		second.consume(t, fiveRecords(20))
		second.watch(t, 10*time.Second, time.Second)
		left := second.count(t).held
		second.end(t)
		assert.Equal(t, int64(104), left+second.count(t).ended)

		third := begin(t, &wire{answer: taken}, on(disk))
		assert.Equal(t, left, third.count(t).recovered)
		third.watch(t, 10*time.Second, time.Second)
		assert.Zero(t, third.count(t).held)
		third.end(t)
		assert.Equal(t, int64(84), third.count(t).outcomes["delivered"])
	})
}

// TestReceived_AddsUpWhereRetriesEndAtOnce has more records than are called before the others are
// too old, with what is left taken up by a next run.
func TestReceived_AddsUpWhereRetriesEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fileStorage(t, t.TempDir())
		shortly := with(func(cfg *Config) {
			cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval, cfg.RetryConfig.MaxElapsedTime = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
			cfg.Outbox.MergeWindow = 0
		})
		r := begin(t, &wire{answer: down}, on(disk), shortly)
		for i := range 40 {
			r.consume(t, oneRecord("v"+strconv.Itoa(i), "n", "1"))
		}
		r.watch(t, 50*time.Millisecond, 10*time.Millisecond)
		assert.NotZero(t, r.count(t).held)
		r.watch(t, 10*time.Second, 10*time.Millisecond)
		assert.Equal(t, map[string]int64{"rejected retries_ended": 40}, r.count(t).outcomes)
		r.end(t)

		r = begin(t, &wire{answer: taken}, on(disk), shortly)
		assert.Zero(t, r.count(t).recovered)
		r.end(t)
	})
}
