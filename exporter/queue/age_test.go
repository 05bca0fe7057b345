// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// age returns for how long the oldest record has waited.
func (r *run) age() time.Duration { return r.door.Age(time.Now()) }

func TestAge_IsThatOfTheOldestRecordInTheQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRun(t)
		unblock := r.sink.block()
		require.NoError(t, r.begin(t, newDisk()))
		r.door.Begin(time.Now())
		time.Sleep(time.Hour)
		assert.Zero(t, r.age(), "nothing waits")
		require.NoError(t, r.offer(t.Context(), 1, 2))
		time.Sleep(time.Minute)
		require.NoError(t, r.offer(t.Context(), 3))
		assert.Equal(t, time.Minute, r.age())
		unblock()
		time.Sleep(time.Second)
		assert.Zero(t, r.age(), "all have left")

		unblock = r.sink.block()
		require.NoError(t, r.offer(t.Context(), 4))
		time.Sleep(time.Minute)
		require.NoError(t, r.offer(t.Context(), 5))
		unblock()
		time.Sleep(time.Second)
		unblock = r.sink.block()
		require.NoError(t, r.offer(t.Context(), 6))
		time.Sleep(time.Minute)
		assert.Equal(t, time.Minute, r.age(), "of the last, which alone is there")
		unblock()
		require.NoError(t, r.end(t))
	})
}

func TestAge_OfWhatAnEarlierRunHasLeftCountsFromTheStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r, _ := full(t, d)
		require.NoError(t, r.end(t))
		time.Sleep(time.Hour)

		r = newRun(t)
		unblock := r.sink.block()
		require.NoError(t, r.begin(t, d))
		r.door.Begin(time.Now())
		time.Sleep(time.Minute)
		require.NoError(t, r.offer(t.Context(), 4))
		time.Sleep(time.Minute)
		assert.Equal(t, 2*time.Minute, r.age())
		unblock()
		time.Sleep(time.Second)
		assert.Zero(t, r.age())
		require.NoError(t, r.end(t))
	})
}

// TestAge_IsNotThatOfWhatWasRefused has a record refused by the door and one by the storage.
func TestAge_IsNotThatOfWhatWasRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r, unblock := full(t, d)
		began := time.Now().Add(-time.Second)
		require.Error(t, r.offer(remote(t.Context()), 4))
		time.Sleep(time.Minute)
		assert.Equal(t, time.Since(began), r.age())
		unblock()
		time.Sleep(time.Second)
		assert.Zero(t, r.age())

		d.fail(func([]*storage.Operation) bool { return true })
		require.Error(t, r.offer(t.Context(), 5))
		d.fail(nil)
		time.Sleep(time.Minute)
		assert.Zero(t, r.age())
		require.NoError(t, r.end(t))
	})
}

// TestAge_IsNotThatOfWhatHasLeftWhileAnotherEnters looks when the helper has stored a record that
// has not entered yet.
func TestAge_IsNotThatOfWhatHasLeftWhileAnotherEnters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := started(t, newDisk())
		require.NoError(t, r.offer(t.Context(), 1))
		time.Sleep(time.Hour)
		unblock := r.sink.block()
		require.NoError(t, r.door.Offer(t.Context(), logs(2), func(ctx context.Context, ld plog.Logs) error {
			err := r.ConsumeLogs(ctx, ld)
			assert.Zero(t, r.age())
			return err
		}))
		time.Sleep(time.Minute)
		assert.Equal(t, time.Minute, r.age())
		unblock()
		require.NoError(t, r.end(t))
	})
}

func TestAge_OfAQueueInMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.StorageID = nil
		door := NewDoor(cfg, nil)
		gate := make(chan struct{})
		set := exportertest.NewNopSettings(testID.Type())
		set.Logger = zap.NewNop()
		helper := newHelper(t, set, door.Helper(), func(_ context.Context, ld plog.Logs) error {
			<-gate
			door.Left(ld.LogRecordCount())
			return nil
		})
		require.NoError(t, helper.Start(t.Context(), newDisk()))
		offer := func(records ...int64) {
			require.NoError(t, door.Offer(t.Context(), logs(records...), helper.ConsumeLogs))
		}
		offer()
		time.Sleep(time.Minute)
		assert.Zero(t, door.Age(time.Now()), "a request without a record is none")
		offer(1, 2)
		time.Sleep(time.Minute)
		offer(3)
		time.Sleep(time.Minute)
		assert.Equal(t, 2*time.Minute, door.Age(time.Now()))
		gate <- struct{}{}
		time.Sleep(time.Minute)
		assert.Equal(t, 2*time.Minute, door.Age(time.Now()), "of the second request")
		close(gate)
		time.Sleep(time.Minute)
		assert.Zero(t, door.Age(time.Now()))
		require.NoError(t, helper.Shutdown(t.Context()))
	})
}

// TestAge_CostsOneArrivalASecond has many small requests wait for a while.
func TestAge_CostsOneArrivalASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		door := NewDoor(exporterhelper.QueueBatchConfig{QueueSize: 1 << 20}, nil)
		take := func(context.Context, plog.Logs) error { return nil }
		for range 10_000 {
			require.NoError(t, door.Offer(t.Context(), logs(1), take))
			time.Sleep(time.Millisecond)
		}
		assert.Len(t, door.since.those, 10)
		door.Left(10_000)
		assert.Empty(t, door.since.those)
	})
}
