// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const benchmarkVisitors = 1_000

// benchmarkBatches returns batches of benchmarkVisitors each, with five parameters.
func benchmarkBatches(batches int) []*profile.Batch {
	const visitors = benchmarkVisitors
	all := make([]*profile.Batch, batches)
	for i := range all {
		all[i] = profile.NewBatch(visitors)
		for n := range visitors {
			all[i].Add(n, visitor(fmt.Sprintf("customer-%09d", i*visitors+n)), parameters(
				"tier", "gold", "store", "17", "city", "Basel", "channel", "offline", "segment", "loyal customers"))
		}
	}
	return all
}

func perEntry(b *testing.B, entries int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(entries), "ns/entry")
}

// benchmarkBoth runs a benchmark with both kinds of outbox.
func benchmarkBoth(b *testing.B, run func(b *testing.B, open func() *fixture)) {
	b.Helper()
	b.Run("in_memory", func(b *testing.B) { run(b, func() *fixture { return inMemory(b, remembering()) }) })
	b.Run("with_a_storage", func(b *testing.B) { run(b, func() *fixture { return stored(b, remembering(), newDisk()) }) })
}

func BenchmarkPutNew(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, open func() *fixture) {
		b.Helper()
		batches := benchmarkBatches(10)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			f := open()
			b.StartTimer()
			for _, batch := range batches {
				require.NoError(b, f.Put(b.Context(), batch, f.now))
				f.write()
			}
		}
		perEntry(b, len(batches)*benchmarkVisitors)
	})
}

func BenchmarkPutMerging(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, open func() *fixture) {
		b.Helper()
		f, batch := open(), benchmarkBatches(1)[0]
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, f.Put(b.Context(), batch, f.now))
			f.write()
		}
		perEntry(b, benchmarkVisitors)
	})
}

func BenchmarkTakeAndEnd(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, open func() *fixture) {
		b.Helper()
		batches := benchmarkBatches(10)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			f := open()
			for _, batch := range batches {
				require.NoError(b, f.Put(b.Context(), batch, f.now))
			}
			f.write()
			f.waits(window)
			due := f.ready(outbox.Fresh)
			b.StartTimer()
			for n := range due {
				e, err := f.Take(b.Context(), outbox.Fresh)
				require.NoError(b, err)
				f.End(e)
				if n%100 == 0 {
					f.write()
				}
			}
		}
		perEntry(b, len(batches)*benchmarkVisitors)
	})
}

// BenchmarkUpload is the way of a row from being taken to being remembered, without the writes.
func BenchmarkUpload(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, open func() *fixture) {
		b.Helper()
		batches := benchmarkBatches(10)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			f := open()
			for _, batch := range batches {
				require.NoError(b, f.Put(b.Context(), batch, f.now))
			}
			f.write()
			f.waits(window)
			due := f.ready(outbox.Fresh)
			all := make([]*outbox.Entry, due)
			for n := range all {
				all[n] = f.take(outbox.Fresh)
			}
			b.StartTimer()
			upload := f.Begin("")
			for _, e := range all {
				f.enlist(upload, e)
			}
			b.StopTimer()
			f.write()
			b.StartTimer()
			for _, err := range f.Rows(b.Context(), upload) {
				require.NoError(b, err)
			}
			for more := true; more; {
				var err error
				more, err = f.Unload(b.Context(), upload, arrived)
				require.NoError(b, err)
			}
			f.Close(upload)
		}
		perEntry(b, len(batches)*benchmarkVisitors)
	})
}

func BenchmarkLoad(b *testing.B) {
	const entries = 100_000
	d := heldOnDisk(b, entries).disk
	b.ReportAllocs()
	for b.Loop() {
		require.Equal(b, entries, stored(b, testConfig(), d).Loaded())
	}
	perEntry(b, entries)
}

func heldOnDisk(tb testing.TB, entries int) *fixture {
	tb.Helper()
	f := stored(tb, testConfig(), newDisk())
	for _, batch := range benchmarkBatches(entries / benchmarkVisitors) {
		require.NoError(tb, f.Put(tb.Context(), batch, f.now))
		f.write()
	}
	return f
}

// BenchmarkHeap reports how much memory a visitor takes who waits, with a storage.
func BenchmarkHeap(b *testing.B) {
	const entries = 200_000
	d := heldOnDisk(b, entries).disk
	var perVisitor float64
	for b.Loop() {
		before := heap()
		f := stored(b, testConfig(), d)
		perVisitor = (heap() - before) / entries
		runtime.KeepAlive(f)
	}
	b.ReportMetric(perVisitor, "B/visitor")
}

// heap returns the bytes of all that is in use.
func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// TestOutbox_AWaitingVisitorTakesLittleMemory bounds what a million visitors take.
func TestOutbox_AWaitingVisitorTakesLittleMemory(t *testing.T) {
	const entries = 50_000
	d := heldOnDisk(t, entries).disk
	before := heap()
	f := stored(t, testConfig(), d)
	perVisitor := (heap() - before) / entries
	t.Logf("%.0f bytes a waiting visitor", perVisitor)
	require.Less(t, perVisitor, 120.0, "tens of bytes")
	runtime.KeepAlive(f)
}
