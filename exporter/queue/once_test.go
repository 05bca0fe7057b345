// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// script is a run in which requests come in one after another and at once, some wait for room
// behind the queue, and things happen there. It returns the records that were accepted.
func script(t *testing.T, r *run) (accepted []int64) {
	t.Helper()
	take := func(records ...int64) {
		if r.offer(t.Context(), records...) == nil {
			accepted = append(accepted, records...)
		}
	}
	take(1, 2)
	time.Sleep(100 * time.Millisecond)
	unblock := r.sink.block()
	take(3)
	time.Sleep(100 * time.Millisecond)
	take(4, 5)
	r.sink.add(-1)
	take(6)
	time.Sleep(time.Second)
	unblock()
	take(7)
	r.sink.add(-2)
	take(8)
	time.Sleep(10 * time.Second)
	return accepted
}

// interrupted returns a disk on which a run has left an item in flight and two that wait.
func interrupted(t *testing.T) *disk {
	t.Helper()
	d := newDisk()
	r := started(t, d)
	require.NoError(t, r.offer(t.Context(), 101))
	time.Sleep(time.Second)
	r.sink.block()
	require.NoError(t, r.offer(t.Context(), 102))
	require.NoError(t, r.offer(t.Context(), 103, 104))
	require.NoError(t, r.offer(t.Context(), 105))
	time.Sleep(time.Second)
	left := d.copied()
	require.NoError(t, r.end(t))
	return left
}

var leftBehind = []int64{101, 102, 103, 104, 105}

// batches returns how many batches the script makes on an interrupted disk.
func batches(t *testing.T) (n int) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		d := interrupted(t)
		r := started(t, d)
		script(t, r)
		require.NoError(t, r.end(t))
		n = len(d.batches())
	})
	require.Greater(t, n, 25)
	return n
}

func TestGuard_ARecordStandsInAnItemOrBehindTheQueueNeverInBoth(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := interrupted(t)
		w := watched(t, d)
		w.exact = true
		r := started(t, d)
		accepted := script(t, r)
		require.NoError(t, r.end(t))
		assert.Len(t, accepted, 8)
		assert.Greater(t, w.states, 25)
		want := slices.Concat(leftBehind, []int64{-1, -2}, accepted)
		assert.ElementsMatch(t, want, stored(t, d.data()))
		assert.ElementsMatch(t, []string{indexKey, sinkKey, accountKey}, slices.Collect(maps.Keys(d.data())), "no item is left")
	})
}

func TestGuard_AKillAfterAnyBatchLosesNothingAndKeepsTheOrder(t *testing.T) {
	for n := range batches(t) {
		bubble(t, func(t *testing.T) {
			d := interrupted(t)
			left := d.copied()
			seen := 0
			d.after = func(data map[string][]byte) {
				seen++
				if seen == n+1 {
					left.parts[queueName] = maps.Clone(data)
				}
			}
			r := started(t, d)
			accepted := script(t, r)
			require.NoError(t, r.end(t))
			got := drained(t, left)
			assert.Equal(t, slices.Concat(leftBehind, accepted)[:len(positive(got))], positive(got), "killed after batch %d", n+1)
			assert.Subset(t, got, leftBehind)
		})
	}
}

// positive returns what has come through the queue.
func positive(records []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(records), func(n int64) bool { return n < 0 })
}

func TestGuard_AStorageThatFailsLosesNothingAndKeepsTheOrder(t *testing.T) {
	total := batches(t)
	faults := map[string]func(n int) func([]*storage.Operation) bool{
		"one batch fails":             theNth,
		"nothing is written any more": func(n int) func([]*storage.Operation) bool { return fromThe(n, writes) },
		"no item is deleted any more": func(n int) func([]*storage.Operation) bool { return fromThe(n, itemDeletions) },
		"no item is read any more":    func(n int) func([]*storage.Operation) bool { return fromThe(n, itemReads) },
		"nothing works any more":      func(n int) func([]*storage.Operation) bool { return fromThe(n, all) },
	}
	for name, fault := range faults {
		for _, mended := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, it is mended before the end: %t", name, mended), func(t *testing.T) {
				for n := 1; n <= total; n++ {
					bubble(t, func(t *testing.T) { underFault(t, fault(n), mended) })
				}
			})
		}
	}
}

// underFault holds what comes out behind the queue against what it accepted. A request that
// was refused because of the storage never comes.
func underFault(t *testing.T, fails func([]*storage.Operation) bool, mended bool) {
	t.Helper()
	d := interrupted(t)
	watched(t, d)
	d.fail(fails)
	r := newRun(t)
	var accepted []int64
	if err := r.begin(t, d); err == nil {
		accepted = script(t, r)
	} else {
		require.ErrorIs(t, err, errFull)
	}
	if mended {
		d.fail(nil)
		time.Sleep(time.Minute)
		if len(accepted) > 0 {
			require.Equal(t, slices.Concat(leftBehind, accepted), positive(r.sink.taken()))
		}
	}
	_ = r.end(t)
	require.Equal(t, slices.Concat(leftBehind, accepted), positive(drained(t, d)))
	require.Zero(t, r.sink.damaged)
}
