// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// alarms returns the lines that say that data was lost.
func alarms(r *run) []string {
	var lines []string
	for _, line := range r.logs.FilterLevelExact(zapcore.ErrorLevel).All() {
		lines = append(lines, line.Message)
	}
	return lines
}

// assertGivenBack checks that the one thing said of records that their sender keeps is that.
func assertGivenBack(t *testing.T, r *run, records int64, why string) {
	t.Helper()
	assert.Empty(t, alarms(r))
	said := r.logs.FilterMessageSnippet("Log records given back, their sender is told to send them again").All()
	if assert.Len(t, said, 1) {
		assert.Equal(t, zapcore.WarnLevel, said[0].Level)
		assert.Equal(t, records, said[0].ContextMap()["records"])
		assert.Contains(t, said[0].ContextMap()["error"], why)
	}
}

func TestAlarm_NoneOfAFullQueueWhoseClientIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		why    string
	}{
		"after a second": {func(*Config) {}, "the sending queue is full and nothing was taken"},
		"at once":        {func(cfg *Config) { cfg.QueueConfig.Get().BlockOnOverflow = false }, exporterhelper.ErrQueueIsFull.Error()},
	} {
		for place, keep := range places {
			t.Run(name+", "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, &wire{answer: tooMany}, full, keep(t), with(tt.change))
					for range 3 {
						fill(t, r) // until one is refused
						synctest.Wait()
					}
					assertGivenBack(t, r, 1, tt.why)
					time.Sleep(6 * time.Minute)
					fill(t, r)
					said := r.logs.FilterMessageSnippet("Log records given back").All()
					if assert.Len(t, said, 2) {
						assert.Equal(t, int64(3), said[1].ContextMap()["records"], "all that were refused since")
					}
					r.end(t)
				})
			})
		}
	}
}

func TestAlarm_NoneOfWhatACallerWhoWaitsGetsBack(t *testing.T) {
	for way, wait := range waits {
		t.Run(way+", at a shutdown", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: down}, wait)
				ended := make(chan error)
				go func() { ended <- r.ConsumeLogs(t.Context(), severalRecords(10)) }()
				time.Sleep(time.Minute)
				r.end(t)
				require.Error(t, <-ended)
				assertGivenBack(t, r, 8, "8 of 8 log records are held")
			})
		})
		t.Run(way+", when it gives up", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: down}, wait)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				require.Error(t, r.ConsumeLogs(ctx, severalRecords(10)))
				synctest.Wait()
				assert.Empty(t, alarms(r))
				assert.Len(t, r.logs.FilterMessageSnippet("Log records given back").All(), 1)
				r.end(t)
			})
		})
		t.Run(way+", without a retry", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: down}, wait, with(func(cfg *Config) { cfg.RetryConfig.Enabled = false }))
				require.Error(t, r.ConsumeLogs(t.Context(), severalRecords(10)))
				assertGivenBack(t, r, 8, "8 of 10 log records are held")
				r.end(t)
			})
		})
	}
}

// TestAlarm_OfWhatWasDroppedIsRaised has a helper whose requests fail in a way that this exporter's
// do not.
func TestAlarm_OfWhatWasDroppedIsRaised(t *testing.T) {
	gone := errors.New("gone for good")
	stopped := errors.New(duringShutdown + "gone for good")
	for name, tt := range map[string]struct {
		persistent, waits bool
		err               error
		raised            int
	}{
		"in memory":                 {false, false, gone, 1},
		"in memory, at a shutdown":  {false, false, stopped, 1},
		"in storage":                {true, false, gone, 1},
		"in storage, at a shutdown": {true, false, stopped, 0},
		"while its caller waits":    {false, true, gone, 0},
	} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(zap.InfoLevel)
			logger := zap.New(&helperCore{core, tt.persistent, tt.waits}).With(zap.String("of", "the exporter"))
			logger.Error(droppingData+" Try enabling something.", zap.Error(tt.err), zap.Int("dropped_items", 5))
			assert.Len(t, logs.FilterField(zap.Int("dropped_items", 5)).FilterField(zap.String("of", "the exporter")).All(), tt.raised)
			logger.Error(rejectingData, zap.Error(tt.err))
			logger.Error("Something else")
			logger.Debug("A detail")
			assert.Len(t, logs.All(), tt.raised+1)
		})
	}
}
