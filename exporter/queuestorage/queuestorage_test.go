// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// run is the part of a scripted run that all tests share: the queue starts on what
// an earlier one left, takes some more, and delivers what it can.
func run(t *testing.T, d *disk, guarded bool) *queue {
	t.Helper()
	q := newQueue(t, guarded)
	q.holds.Store(true)
	maps.Copy(q.taken, left)
	if err := q.begin(t, d); err != nil {
		require.ErrorIs(t, err, errFull)
		return q
	}
	q.offer(t, 7, 8)
	time.Sleep(10 * time.Second)
	q.holds.Store(false)
	time.Sleep(2 * time.Minute)
	q.offer(t, 9)
	time.Sleep(time.Minute)
	return q
}

// operations returns how many operations a run without faults makes.
func operations(t *testing.T, guarded bool) (n int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, guarded)
		q := run(t, d, guarded)
		q.end(t)
		taken, arrived := q.seen()
		require.Len(t, taken, 8)
		require.Empty(t, lost(taken, arrived))
		assert.Len(t, d.data, 1, "only the index is left")
		n = d.ops
	})
	require.Greater(t, n, 20)
	return n
}

// crashes crashes a run after each of its operations in turn and returns what was
// lost at any of them.
func crashes(t *testing.T, guarded bool) (all []int64) {
	t.Helper()
	for n := range operations(t, guarded) {
		synctest.Test(t, func(t *testing.T) {
			d := interrupted(t, guarded)
			after := &disk{}
			var q *queue
			var taken, arrived map[int64]bool
			d.after = func(op int) {
				if op == n+1 {
					after.data = maps.Clone(d.data)
					taken, arrived = left, map[int64]bool{}
					if q != nil {
						taken, arrived = q.seen()
					}
				}
			}
			q = newQueue(t, guarded)
			maps.Copy(q.taken, left)
			q.holds.Store(true)
			require.NoError(t, q.begin(t, d))
			q.offer(t, 7, 8)
			time.Sleep(10 * time.Second)
			q.holds.Store(false)
			time.Sleep(3 * time.Minute)
			q.end(t)
			if after.data == nil {
				return // the order of operations is not quite the same each time
			}
			all = append(all, lost(taken, arrived, drained(t, after, guarded))...)
		})
	}
	return all
}

func TestACrashAfterAnyOperationLosesNothing(t *testing.T) {
	assert.Empty(t, crashes(t, true))
}

func TestWithoutTheGuardACrashAtStartLosesRecords(t *testing.T) {
	assert.NotEmpty(t, crashes(t, false), "the helper is mended, and the guard may go")
}

// faults are ways for a storage to fail from the nth operation on.
var faults = map[string]func(n int) func(op int, ops []*storage.Operation) bool{
	"one operation fails": func(n int) func(int, []*storage.Operation) bool {
		return func(op int, _ []*storage.Operation) bool { return op == n }
	},
	"a few operations fail": func(n int) func(int, []*storage.Operation) bool {
		return func(op int, _ []*storage.Operation) bool { return op >= n && op < n+7 }
	},
	"a few operations fail to write": func(n int) func(int, []*storage.Operation) bool {
		return func(op int, ops []*storage.Operation) bool { return op >= n && op < n+7 && writes(ops) }
	},
	"all that follow fail to write": forGood(writes),
}

// forGood returns the fault of the operations that are like this, from the nth on.
func forGood(like func([]*storage.Operation) bool) func(n int) func(int, []*storage.Operation) bool {
	return func(n int) func(int, []*storage.Operation) bool {
		return func(op int, ops []*storage.Operation) bool { return op >= n && like(ops) }
	}
}

func writes(ops []*storage.Operation) bool { return has(ops, storage.Set) || has(ops, storage.Delete) }

func TestAStorageThatFailsAtAnyOperationLosesNothing(t *testing.T) {
	total := operations(t, true)
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= total; n++ {
				synctest.Test(t, func(t *testing.T) {
					d := interrupted(t, true)
					d.set(fault(n))
					q := runOrWait(t, d, true)
					taken, arrived := q.seen()
					assert.Empty(t, lost(taken, arrived, drained(t, d, true)), "operation %d", n)
					assert.Len(t, d.data, 1, "operation %d: only the index is left", n)
				})
			}
		})
	}
}

// runOrWait runs beside an offer that may wait for the storage, and ends after ten
// minutes. Pauses take no time: what waits for the lock of the queue would stop it.
func runOrWait(t *testing.T, d *disk, guarded bool) *queue {
	t.Helper()
	offered := make(chan struct{})
	q := newQueue(t, guarded)
	q.holds.Store(true)
	maps.Copy(q.taken, left)
	if q.guard != nil {
		q.guard.pause = func(stopping context.Context, _ time.Duration) bool { return stopping.Err() == nil }
	}
	err := q.begin(t, d)
	go func() {
		defer close(offered)
		if err != nil {
			assert.ErrorIs(t, err, errFull)
			return
		}
		q.offer(t, 7, 8)
		time.Sleep(10 * time.Second)
		q.holds.Store(false)
		time.Sleep(2 * time.Minute)
		q.offer(t, 9)
	}()
	time.Sleep(10 * time.Minute)
	q.end(t)
	<-offered
	return q
}

func TestWithoutTheGuardAStorageThatFailsLosesRecords(t *testing.T) {
	var all []int64
	for n := range operations(t, false) {
		synctest.Test(t, func(t *testing.T) {
			d := interrupted(t, false)
			d.set(faults["one operation fails"](n + 1))
			q := runOrWait(t, d, false)
			taken, arrived := q.seen()
			all = append(all, lost(taken, arrived, drained(t, d, false))...)
		})
	}
	assert.NotEmpty(t, all, "the helper is mended, and the guard may go")
}

func TestAStorageThatFailsIsSaidOnceAndOnceWhenItWorksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, true)
		q := newQueue(t, true)
		require.NoError(t, q.begin(t, d))
		time.Sleep(time.Minute)
		d.set(func(_ int, ops []*storage.Operation) bool { return !has(ops, storage.Set) || has(ops, storage.Get) })
		go q.offer(t, 7)
		time.Sleep(time.Hour)
		assert.Equal(t, 1, q.said.FilterMessageSnippet("The storage of the sending queue fails").Len())
		_, arrived := q.seen()
		assert.False(t, arrived[7])

		d.set(nil)
		time.Sleep(longestPause)
		assert.Equal(t, 1, q.said.FilterMessage("The storage of the sending queue works again").Len())
		_, arrived = q.seen()
		assert.True(t, arrived[7])
		q.end(t)
	})
}

func TestAnItemIsHandedOutThoughItCanNotBeNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, true)
		q := newQueue(t, true)
		require.NoError(t, q.begin(t, d))
		time.Sleep(time.Minute)
		d.set(func(_ int, ops []*storage.Operation) bool { return has(ops, storage.Get) && has(ops, storage.Set) })
		q.offer(t, 7, 8)
		time.Sleep(time.Second)
		_, arrived := q.seen()
		assert.True(t, arrived[7] && arrived[8], arrived)
		q.end(t)
	})
}

func TestNothingMoreIsSentWhileWhatWasDeliveredCanNotBeDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{data: map[string][]byte{}}
		q := newQueue(t, true)
		q.holds.Store(true)
		require.NoError(t, q.begin(t, d))
		q.offer(t, 2, 4)
		time.Sleep(time.Second)
		d.set(func(_ int, ops []*storage.Operation) bool { return has(ops, storage.Delete) })
		q.holds.Store(false)
		time.Sleep(time.Hour)
		_, arrived := q.seen()
		assert.Len(t, arrived, 1)

		d.set(nil)
		time.Sleep(time.Minute)
		_, arrived = q.seen()
		assert.Equal(t, map[int64]bool{2: true, 4: true}, arrived)
		q.end(t)
		assert.Len(t, d.data, 1, "only the index is left")
	})
}

// TestAShutdownDoesNotWaitForAStorageThatFails runs in real time: what waits for the
// lock of the queue would stop a virtual one.
func TestAShutdownDoesNotWaitForAStorageThatFails(t *testing.T) {
	total := operations(t, true)
	for n := range total {
		d := &disk{}
		synctest.Test(t, func(t *testing.T) { d.data = interrupted(t, true).data })
		q := newQueue(t, true)
		maps.Copy(q.taken, left)
		d.set(forGood(func([]*storage.Operation) bool { return true })(n + 1))
		waits := make(chan struct{}, 1)
		q.guard.pause = func(stopping context.Context, _ time.Duration) bool {
			select {
			case waits <- struct{}{}:
			default:
			}
			<-stopping.Done()
			return false
		}
		if q.begin(t, d) == nil {
			offered := make(chan struct{})
			go func() {
				defer close(offered)
				q.offer(t, 7, 8)
			}()
			select {
			case <-waits:
			case <-offered:
			}
			q.end(t)
			<-offered
		} else {
			q.end(t)
		}
		taken, arrived := q.seen()
		synctest.Test(t, func(t *testing.T) {
			assert.Empty(t, lost(taken, arrived, drained(t, d, true)), "operation %d", n+1)
		})
	}
}

func TestAnIndexThatIsDamagedIsRefusedAndNotBegunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, true)
		d.data[indexKey] = d.data[indexKey][:20]
		before := maps.Clone(d.data)
		q := newQueue(t, true)
		require.ErrorContains(t, q.begin(t, d), `sending_queue::storage: "file_storage" fails at the start of the queue, `+
			"and keeps what it held: the index of the queue is damaged, it has 20 bytes")
		q.offer(t, 7)
		q.end(t)
		taken, _ := q.seen()
		assert.Empty(t, taken)
		assert.Equal(t, before, d.data)
	})
}

func TestNoLineHoldsWhatTheRecordsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{data: map[string][]byte{}}
		q := newQueue(t, true)
		require.NoError(t, q.begin(t, d))
		d.set(func(int, []*storage.Operation) bool { return true })
		go q.offer(t, 424242)
		time.Sleep(time.Minute)
		q.end(t)
		for _, entry := range q.said.All() {
			assert.NotContains(t, entry.Message+strings.Join(texts(entry.ContextMap()), " "), "424242")
		}
	})
}

func texts(fields map[string]any) (all []string) {
	for _, v := range fields {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
