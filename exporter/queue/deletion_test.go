// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func TestGuard_ADeletionThatFailsIsMadeGoodBeforeMoreIsHandedOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		w := watched(t, d)
		r := started(t, d)
		d.fail(itemDeletions)
		unblock := r.sink.block()
		require.NoError(t, r.offer(t.Context(), 1))
		require.NoError(t, r.offer(t.Context(), 2))
		unblock()
		time.Sleep(time.Hour)
		assert.Equal(t, []int64{1}, r.sink.taken())
		require.ErrorIs(t, r.offer(t.Context(), 4), errFull, "a write that would not make it good either fails")

		d.fail(nil)
		require.NoError(t, r.offer(t.Context(), 3))
		assert.Equal(t, []int64{1}, stored(t, d.data()), "made good with the next write")
		time.Sleep(longestPause)
		assert.Equal(t, []int64{1, 2, 3}, r.sink.taken())
		require.NoError(t, r.end(t))
		assert.Equal(t, []int64{1, 2, 3}, stored(t, d.data()))
		assert.ElementsMatch(t, []string{indexKey, sinkKey, accountKey}, slices.Collect(maps.Keys(d.data())))
		assert.NotZero(t, w.states)
	})
}

// TestGuard_ADeletionThatTheHelperMakesAgainAlone has the helper go another way: with the
// index it fails, alone it succeeds, and the index follows.
func TestGuard_ADeletionThatTheHelperMakesAgainAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		w := watched(t, d)
		r := started(t, d)
		var left *disk
		d.fail(func(ops []*storage.Operation) bool { return itemDeletions(ops) && hasKey(ops, indexKey) })
		d.mu.Lock()
		d.after = func(data map[string][]byte) {
			w.look(data)
			if _, there := data["0"]; !there && left == nil && data[sinkKey] != nil {
				left = newDisk()
				left.parts[queueName] = maps.Clone(data)
			}
		}
		d.mu.Unlock()
		require.NoError(t, r.offer(t.Context(), 1))
		time.Sleep(time.Second)
		require.NoError(t, r.offer(t.Context(), 2))
		d.fail(nil)
		time.Sleep(time.Second)
		require.NoError(t, r.end(t))
		assert.Equal(t, []int64{1, 2}, r.sink.taken())
		assert.Equal(t, []int64{1, 2}, stored(t, d.data()))
		require.NotNil(t, left)
		assert.Equal(t, []int64{1}, drained(t, left), "a kill between the two hands nothing on again")
	})
}

func hasKey(ops []*storage.Operation, key string) bool {
	return slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Key == key })
}

func TestGuard_WritesWhatIsOwedWithinASecond(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, d *disk, r *run){
		"nothing comes at all": func(*testing.T, *disk, *run) {},
		"a push waits for room": func(t *testing.T, _ *disk, r *run) {
			t.Helper()
			r.sink.block()
			require.NoError(t, r.offer(t.Context(), 1))
		},
		"an item was handed on": func(t *testing.T, _ *disk, r *run) {
			t.Helper()
			require.NoError(t, r.offer(t.Context(), 1))
		},
		"a deletion had failed, and was made good": func(t *testing.T, d *disk, r *run) {
			t.Helper()
			d.fail(itemDeletions)
			require.NoError(t, r.offer(t.Context(), 1))
			time.Sleep(time.Minute)
			d.fail(nil)
		},
		"the last write had failed": func(t *testing.T, d *disk, r *run) {
			t.Helper()
			d.fail(writes)
			r.sink.add(-2)
			time.Sleep(time.Minute)
			d.fail(nil)
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := newDisk()
			r := started(t, d)
			before(t, d, r)
			time.Sleep(10 * time.Second)
			r.sink.add(-1)
			time.Sleep(time.Second)
			assert.Contains(t, stored(t, d.data()), int64(-1))
			d.batches()
			time.Sleep(time.Minute)
			assert.Empty(t, d.batches(), "nothing is written where nothing has changed")
			require.NoError(t, r.end(t))
		})
	}
}

func TestGuard_WritesWhatIsOwedAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r := started(t, d)
		r.sink.add(-1)
		require.NoError(t, r.end(t))
		assert.Equal(t, []int64{-1}, stored(t, d.data()))

		r = started(t, d)
		d.fail(writes)
		r.sink.add(-2)
		require.ErrorIs(t, r.end(t), errFull)
	})
}

// TestGuard_WritesWhatBecameOfAnItemOnlyWithItsDeletion has items that are not deleted for a
// while, with other writes in between.
func TestGuard_WritesWhatBecameOfAnItemOnlyWithItsDeletion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		watched(t, d)
		r := started(t, d)
		d.fail(itemDeletions)
		require.NoError(t, r.offer(t.Context(), 1))
		time.Sleep(time.Second)
		r.sink.add(-1)
		require.ErrorIs(t, r.offer(t.Context(), 2), errFull)
		time.Sleep(time.Minute)
		require.Equal(t, []int64{1, -1}, r.sink.taken())
		assert.Empty(t, stored(t, d.data()))
		d.batches()
		d.fail(nil)
		time.Sleep(longestPause)
		made := d.batches()
		require.NotEmpty(t, made)
		for _, ops := range made {
			if hasKey(ops, sinkKey) {
				assert.True(t, itemDeletions(ops), "a write of the sink deletes an item")
			}
		}
		require.NoError(t, r.end(t))
		assert.Equal(t, []int64{1, -1}, stored(t, d.data()))
	})
}
