// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// backlog returns a disk on which so many requests wait, the last run having handed on none.
func backlog(t *testing.T, requests int) (d *disk, records []int64) {
	t.Helper()
	d = newDisk()
	r := started(t, d)
	r.sink.block()
	for n := range int64(requests) {
		require.NoError(t, r.offer(t.Context(), n))
		records = append(records, n)
	}
	time.Sleep(time.Second)
	require.NoError(t, r.end(t))
	return d, records
}

func TestGuard_AnItemThatCannotBeReadKeepsNobodyWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, records := backlog(t, 3)
		d.fail(itemReads)
		r := newRun(t)
		require.ErrorIs(t, r.begin(t, d), errFull, "what was in flight has to be read before anything else")
		require.NoError(t, r.end(t))

		d.fail(nil)
		r = newRun(t)
		unblock := r.sink.block()
		require.NoError(t, r.begin(t, d))
		time.Sleep(time.Second)
		d.fail(itemReads)
		unblock()
		time.Sleep(time.Hour)
		assert.Less(t, len(r.sink.taken()), 3)

		before := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		require.NoError(t, r.offer(ctx, 3))
		var all metricdata.ResourceMetrics
		require.NoError(t, r.telemetry.Reader.Collect(t.Context(), &all))
		assert.Zero(t, time.Since(before), "neither an offer nor a metric waits for the storage")

		d.fail(nil)
		time.Sleep(longestPause)
		assert.Equal(t, append(records, 3), r.sink.taken(), "handed on in their order")
		require.NoError(t, r.end(t))
	})
}

func TestGuard_AShutdownDoesNotWaitForAStorageThatFails(t *testing.T) {
	for name, fails := range map[string]func([]*storage.Operation) bool{
		"no item can be read": itemReads, "no item can be deleted": itemDeletions, "nothing can be written": writes, "nothing works": all,
	} {
		inBubble(t, name, func(t *testing.T) {
			d, records := backlog(t, 20)
			r := newRun(t)
			unblock := r.sink.block()
			require.NoError(t, r.begin(t, d))
			time.Sleep(time.Second)
			d.fail(fails)
			unblock()
			time.Sleep(time.Hour)
			before := time.Now()
			_ = r.end(t)
			assert.Less(t, time.Since(before), time.Second)
			assert.Equal(t, records, drained(t, d), "all is there at the next start")
		})
	}
}

func TestGuard_SaysLittleHoweverLongTheBacklog(t *testing.T) {
	const requests = 1000
	fails := func(fails func([]*storage.Operation) bool) func(*testing.T, *disk, *run) {
		return func(t *testing.T, d *disk, r *run) {
			t.Helper()
			unblock := r.sink.block()
			require.NoError(t, r.begin(t, d))
			time.Sleep(time.Second)
			d.fail(fails)
			unblock()
		}
	}
	for name, happens := range map[string]func(*testing.T, *disk, *run){
		"no item can be read":    fails(itemReads),
		"the disk is full":       fails(writes),
		"no item can be deleted": fails(itemDeletions),
		"nothing works":          fails(all),
		"the storage fails at the start": func(t *testing.T, d *disk, r *run) {
			t.Helper()
			d.fail(all)
			require.Error(t, r.begin(t, d))
		},
		"the queue turns out to be unknown after it has started to read": func(t *testing.T, d *disk, r *run) {
			t.Helper()
			require.NoError(t, r.Start(t.Context(), r.guard.Host(d)))
			require.Error(t, clientOf(t, r.guard.Host(d), queueName).Set(t.Context(), "qmv1", nil))
			require.Error(t, r.guard.Started())
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d, records := backlog(t, requests)
			r := newRun(t)
			happens(t, d, r)
			time.Sleep(time.Hour)
			_ = r.end(t)
			assert.Less(t, r.said.Len(), 15, "lines of the log")
			d.fail(nil)
			got := drained(t, d)
			slices.Sort(got)
			assert.Equal(t, records, got)
		})
	}
}

func TestGuard_SaysOnceThatTheStorageFailsAndOnceThatItWorksAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r := started(t, d)
		d.fail(itemReads)
		require.NoError(t, r.offer(t.Context(), 424242))
		time.Sleep(time.Hour)
		assert.Equal(t, 1, r.said.FilterMessageSnippet("The storage of the sending queue fails").Len())
		assert.Zero(t, r.said.FilterMessage("The storage of the sending queue works again").Len())
		d.fail(nil)
		time.Sleep(longestPause)
		require.NoError(t, r.offer(t.Context(), 1))
		time.Sleep(longestPause)
		require.NoError(t, r.offer(t.Context(), 2))
		time.Sleep(longestPause)
		assert.Equal(t, 1, r.said.FilterMessageSnippet("The storage of the sending queue fails").Len())
		assert.Equal(t, 1, r.said.FilterMessage("The storage of the sending queue works again").Len())
		require.NoError(t, r.end(t))
		for _, entry := range r.said.All() {
			assert.NotContains(t, entry.Message, "424242")
			for _, field := range entry.ContextMap() {
				assert.NotContains(t, field, "424242")
			}
		}
	})
}
