// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// givenBack returns how many records were given back, by reason, where there are any.
func (r *run) givenBack(t *testing.T) map[string]int64 {
	t.Helper()
	metric, err := r.telemetry.GetMetric("otelcol.adobe_target.records.given_back")
	require.NoError(t, err)
	counted := make(map[string]int64)
	for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
		if reason, _ := point.Attributes.Value("reason"); point.Value != 0 {
			counted[reason.AsString()] += point.Value
		}
	}
	return counted
}

func noBlocking(cfg *Config) { cfg.QueueConfig.Get().BlockOnOverflow = false }

func TestGivenBack_CountsWhatAFullQueueRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		offer  func(context.Context) (context.Context, context.CancelFunc)
	}{
		"at once": {noBlocking, context.WithCancel},
		"after a second": {func(*Config) {}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(remotely(ctx))
		}},
		"when a client waits no longer": {func(*Config) {}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(remotely(ctx), time.Millisecond)
		}},
	} {
		for place, keep := range places {
			t.Run(name+", "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, &wire{answer: down}, full, keep(t), with(tt.change))
					r.consume(t, oneRecord("a", "n", "1"))
					synctest.Wait() // it is in the outbox, which is full
					r.consume(t, oneRecord("b", "n", "1"))
					r.consume(t, severalRecords(2))
					assert.Empty(t, r.givenBack(t))
					before := r.count(t).received
					ctx, cancel := tt.offer(t.Context())
					defer cancel()
					require.Error(t, r.ConsumeLogs(ctx, severalRecords(3)))
					require.Error(t, r.ConsumeLogs(ctx, severalRecords(2)))
					assert.Equal(t, map[string]int64{"queue_full": 5}, r.givenBack(t))
					assert.Equal(t, before, r.count(t).received)
					r.assertAdds(t)
					r.end(t)
				})
			})
		}
	}
}

func TestGivenBack_CountsWhatAStorageRefuses(t *testing.T) {
	for name, why := range map[string]error{
		"which is full":                 errors.New("no space left on device"),
		"which does not answer in time": context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &flawed{Extension: fileStorage(t, t.TempDir())}
				r := begin(t, &wire{answer: taken}, on(disk), with(noBlocking))
				r.consume(t, severalRecords(10))
				disk.now(func([]*storage.Operation) error { return why })
				require.ErrorIs(t, r.ConsumeLogs(t.Context(), severalRecords(7)), why)
				assert.Equal(t, map[string]int64{"storage": 7}, r.givenBack(t))
				disk.now(nil)
				r.consume(t, severalRecords(10))
				time.Sleep(time.Minute)
				assert.Equal(t, map[string]int64{"storage": 7}, r.givenBack(t))
				assert.Equal(t, int64(20), r.count(t).received)
				r.end(t)
			})
		})
	}
}

// What a client waits for may end while the write is under way, which a slow disk makes likely.
func TestGivenBack_CountsWhatAStorageRefusesTooLateForAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &flawed{Extension: fileStorage(t, t.TempDir())}
		r := begin(t, &wire{answer: taken}, on(disk))
		ctx, cancel := context.WithCancel(remotely(t.Context()))
		why := errors.New("no space left on device")
		disk.now(func([]*storage.Operation) error {
			cancel()
			return why
		})
		require.ErrorIs(t, r.ConsumeLogs(ctx, severalRecords(7)), why)
		assert.Equal(t, map[string]int64{"storage": 7}, r.givenBack(t))
		disk.now(nil)
		r.end(t)
	})
}

func TestGivenBack_CountsWhatIsHeldOfACallerWhoWaits(t *testing.T) {
	for way, wait := range waits {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: but("v1", http.StatusServiceUnavailable)}, wait, with(func(cfg *Config) { cfg.RetryConfig.Enabled = false }))
				r.consume(t, oneRecord("v0", "n", "1"))
				assert.Empty(t, r.givenBack(t))
				require.Error(t, r.ConsumeLogs(t.Context(), severalRecords(10)))
				assert.Equal(t, map[string]int64{"not_sent": 1}, r.givenBack(t))
				assert.Equal(t, int64(10), r.count(t).received)
				r.end(t)
			})
		})
	}
}

// Each caller of a batch is told of all that is held of it.
func TestGivenBack_CountsOfABatchWhatEachCallerHasOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: down}, waitingForResult, batching, with(func(cfg *Config) { cfg.RetryConfig.Enabled = false }))
		done := make(chan error)
		for i := range 2 {
			go func() { done <- r.ConsumeLogs(t.Context(), fiveRecords(i)) }()
		}
		require.Error(t, <-done)
		require.Error(t, <-done)
		assert.Equal(t, map[string]int64{"not_sent": 10}, r.givenBack(t))
		r.end(t)
	})
}

func TestGivenBack_CountsWhatHasNoRoomWhereCallersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: down}, waitingForResult, with(noBlocking), with(func(cfg *Config) { cfg.QueueConfig.Get().QueueSize = 10 }))
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error)
		go func() { first <- r.ConsumeLogs(ctx, severalRecords(10)) }()
		synctest.Wait()
		require.ErrorIs(t, r.ConsumeLogs(t.Context(), severalRecords(4)), exporterhelper.ErrQueueIsFull)
		assert.Equal(t, map[string]int64{"queue_full": 4}, r.givenBack(t))
		cancel()
		require.Error(t, <-first)
		r.end(t)
	})
}

func TestGivenBack_CountsNothingOfWhatIsTakenOrRejected(t *testing.T) {
	for place, keep := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: but("v1", http.StatusBadRequest)}, keep(t), with(func(cfg *Config) { cfg.QueueConfig.Get().QueueSize = 100 }))
				r.consume(t, severalRecords(100))
				time.Sleep(time.Minute)
				require.Error(t, r.ConsumeLogs(t.Context(), severalRecords(101)), "it is rejected for good")
				r.end(t)
				assert.Empty(t, r.givenBack(t))
				assert.Equal(t, int64(201), r.count(t).received)
			})
		})
	}
}
