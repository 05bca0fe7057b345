// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
)

// unordered returns a disk that a helper without a guard has left with four consumers: the
// items 2 to 5 were in flight, listed in another order, and 6 and 7 wait. Item n has n records,
// which are 10n+1 and so on.
func unordered(t *testing.T) *disk {
	t.Helper()
	d := newDisk()
	cfg := testConfig()
	cfg.NumConsumers = 4
	done, end := make(chan int64), make(chan struct{})
	set := exportertest.NewNopSettings(testID.Type())
	set.ID = testID
	helper := newHelper(t, set, cfg, func(_ context.Context, ld plog.Logs) error {
		for {
			select {
			case n := <-done:
				if n == numbers(ld)[0]/10 {
					return nil
				}
				done <- n
				time.Sleep(time.Millisecond)
			case <-end:
				return errStopped
			}
		}
	})
	require.NoError(t, helper.Start(t.Context(), d))
	for n := range int64(8) {
		require.NoError(t, helper.ConsumeLogs(t.Context(), logs(requestOf(n)...)))
	}
	for n := range int64(2) {
		time.Sleep(time.Second)
		done <- n
	}
	time.Sleep(time.Second)
	left := d.copied()
	close(end)
	require.NoError(t, helper.Shutdown(t.Context()))
	return left
}

func requestOf(n int64) (records []int64) {
	for i := range max(n, 1) {
		records = append(records, 10*n+i)
	}
	return records
}

func requestsOf(numbers ...int64) (records []int64) {
	for _, n := range numbers {
		records = append(records, requestOf(n)...)
	}
	return records
}

func bytesOf(numbers ...int64) (size int64) {
	for _, n := range numbers {
		size += sizeOf(requestOf(n)...)
	}
	return size
}

// TestGuard_TakesOverBeforeTheHelperReads has a helper whose queue is never read, since what
// stands behind it is blocked.
func TestGuard_TakesOverBeforeTheHelperReads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := unordered(t)
		raw, err := decodeIndex(d.data()[indexKey])
		require.NoError(t, err)
		require.Equal(t, index{items: 27, bytes: bytesOf(2, 3, 4, 5, 6, 7), read: 6, write: 8, dispatched: []uint64{2, 3, 4, 5}}, raw)
		r := newRun(t)
		unblock := r.sink.block()
		require.NoError(t, r.begin(t, d))
		assert.Equal(t, requestsOf(2, 3, 4, 5), r.sink.taken(), "in the order of their numbers")
		assert.Equal(t, 27, r.guard.Recovered())

		start := startBatches(d)
		require.Len(t, start, 1, "one write")
		assert.Equal(t, map[string]storage.OpType{
			sinkKey: storage.Set, accountKey: storage.Set, "2": storage.Delete, "3": storage.Delete, "4": storage.Delete, "5": storage.Delete, indexKey: storage.Set,
		}, kinds(start[0]))
		assert.Equal(t, indexKey, start[0][len(start[0])-1].Key, "the index comes last, so that a beginning can be carried out alone")
		corrected, err := decodeIndex(start[0][len(start[0])-1].Value)
		require.NoError(t, err)
		assert.Equal(t, index{items: 13, bytes: bytesOf(6, 7), read: 6, write: 8}, corrected)

		unblock()
		time.Sleep(time.Second)
		assert.Equal(t, requestsOf(2, 3, 4, 5, 6, 7), r.sink.taken())
		require.NoError(t, r.end(t))
	})
}

// startBatches returns the batches that write before the helper reads its first item.
func startBatches(d *disk) (start [][]*storage.Operation) {
	for _, ops := range d.batches() {
		switch {
		case itemReads(ops) && has(ops, storage.Set):
			return start
		case writes(ops):
			start = append(start, ops)
		}
	}
	return start
}

func kinds(ops []*storage.Operation) map[string]storage.OpType {
	all := make(map[string]storage.OpType)
	for _, op := range ops {
		all[op.Key] = op.Type
	}
	return all
}

func TestGuard_TakesOverWhatIsThereAndWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(d *disk)
		want    []int64
		damaged int
		said    string
	}{
		"an item that was deleted, but is still listed, is skipped": {
			change: func(d *disk) { delete(d.parts[queueName], "3") },
			want:   requestsOf(2, 4, 5, 6, 7),
		},
		"a damaged item is set aside and counted": {
			change: func(d *disk) { d.put("3", []byte("\xffTQ1 no item")) }, want: requestsOf(2, 4, 5, 6, 7), damaged: 1, said: "damaged3",
		},
		"so is one without bytes": {
			change: func(d *disk) { d.put("3", []byte{}) }, want: requestsOf(2, 4, 5, 6, 7), damaged: 1, said: "damaged3",
		},
		"so is one that waits": {
			change: func(d *disk) { d.put("6", d.data()["6"][:9]) }, want: requestsOf(2, 3, 4, 5, 7), damaged: 1, said: "damaged6",
		},
		"so is one that waits and is a message of another kind": {
			change: func(d *disk) { d.put("6", []byte{0x0a, 0x02, 0xff, 0xff}) }, want: requestsOf(2, 3, 4, 5, 7), damaged: 1, said: "damaged6",
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := unordered(t)
			tt.change(d)
			before := d.data()
			r := started(t, d)
			time.Sleep(time.Second)
			require.NoError(t, r.end(t))
			assert.Equal(t, tt.want, r.sink.taken())
			assert.Equal(t, tt.damaged, r.sink.damaged)
			said := r.said.FilterMessageSnippet("An item of the sending queue is damaged").All()
			require.Len(t, said, tt.damaged)
			if tt.said != "" {
				key := tt.said[len(asideKey):]
				assert.Equal(t, before[key], d.data()[tt.said], "its bytes are kept")
				assert.Equal(t, int64(len(before[key])), said[0].ContextMap()["bytes"])
			}
			i, err := decodeIndex(d.data()[indexKey])
			require.NoError(t, err)
			assert.Equal(t, index{read: 8, write: 8}, i)
		})
	}
}

func TestGuard_AStorageThatFailsWhileItStartsKeepsTheExporterFromStarting(t *testing.T) {
	total := 0
	bubble(t, func(t *testing.T) {
		d := unordered(t)
		over := false // the helper's first read of an item is after the start
		d.fail(func(ops []*storage.Operation) bool {
			if over = over || itemReads(ops) && has(ops, storage.Set); !over {
				total++
			}
			return false
		})
		r := newRun(t)
		r.sink.block()
		require.NoError(t, r.begin(t, d))
		require.NoError(t, r.end(t))
	})
	require.Greater(t, total, 6)
	for n := 1; n <= total; n++ {
		bubble(t, func(t *testing.T) {
			d := unordered(t)
			before := d.data()
			d.fail(theNth(n))
			r := newRun(t)
			err := r.begin(t, d)
			require.ErrorIs(t, err, errFull, "batch %d", n)
			require.ErrorContains(t, err, `sending_queue::storage: "file_storage" fails at the start of the queue, and keeps what it held`)
			require.Error(t, r.offer(t.Context(), 1), "nothing is taken")
			time.Sleep(time.Minute)
			require.NoError(t, r.end(t))
			require.Equal(t, before, d.data(), "batch %d", n)
			require.Equal(t, requestsOf(2, 3, 4, 5, 6, 7), drained(t, d))
		})
	}
}

func TestGuard_TakesWhatEarlierBuildsHavePutOnOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r := started(t, d)
		ld := logs(1)
		ld.ResourceLogs().At(0).Resource().Attributes().PutInt("adobe_target.arrival", 7)
		ld.ResourceLogs().At(0).Resource().Attributes().PutStr("store", "Lyon")
		require.NoError(t, r.door.Offer(t.Context(), ld, r.ConsumeLogs))
		time.Sleep(time.Second)
		require.NoError(t, r.end(t))
		require.Len(t, r.sink.seen, 1)
		assert.Equal(t, map[string]any{"store": "Lyon"}, r.sink.seen[0].ResourceLogs().At(0).Resource().Attributes().AsRaw())
	})
}
