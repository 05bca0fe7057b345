// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"
)

// wide is an account whose limits hold nothing back.
func wide(rateLimit *RateLimitConfig) *Account {
	return NewAccount(Limits{Quota: WindowConfig{Calls: math.MaxInt, Window: 24 * time.Hour}, RateLimit: rateLimit})
}

var benchmarkPaces = map[string]*RateLimitConfig{
	"with a pace":    {CallsPerSecond: 1e9, Burst: math.MaxInt32},
	"without a pace": nil,
}

// BenchmarkCall is what one caller pays. It leaves out the clock that Done is told of: delivery reads it anyway.
func BenchmarkCall(b *testing.B) {
	for name, pace := range benchmarkPaces {
		b.Run(name, func(b *testing.B) {
			a, waits, over := wide(pace), new(Waits), time.Now()
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Wait(b.Context(), waits); err != nil {
					b.Fatal(err)
				}
				over = over.Add(time.Nanosecond)
				a.Done(over)
			}
		})
	}
}

// BenchmarkCallOf64Callers tells how many calls an account lets through when all want theirs at once: ns/op is the time
// that passes by the number of calls of all callers together. Done is told of real times here, as made-up ones would not
// come in the order in which the callers do.
func BenchmarkCallOf64Callers(b *testing.B) {
	const callers = 64
	for name, pace := range benchmarkPaces {
		b.Run(name, func(b *testing.B) {
			a, waits := wide(pace), new(Waits)
			b.ReportAllocs()
			processors := runtime.GOMAXPROCS(0)
			b.SetParallelism((callers + processors - 1) / processors) // callers for each of them
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := a.Wait(b.Context(), waits); err != nil {
						b.Error(err)
						return
					}
					a.Done(time.Now())
				}
			})
		})
	}
}

// BenchmarkCallWrittenAhead is a call of an account that is stored; the storage itself costs nothing here. What is
// written holds the calls of the whole window, and so it is measured with an empty and with a full one.
func BenchmarkCallWrittenAhead(b *testing.B) {
	b.Run("nothing before it", func(b *testing.B) { writtenAhead(b, history{}) })
	day := history{Width: int64(24 * time.Hour / buckets), Calls: slices.Repeat([]int{1_000_000 / buckets}, buckets)}
	b.Run("a day of calls before it", func(b *testing.B) { writtenAhead(b, day) })
}

func writtenAhead(b *testing.B, before history) {
	b.Helper()
	const reservation = 100
	limits := stored(math.MaxInt, reservation)
	limits.Quota.Window = 24 * time.Hour
	d, a, waits, over := newDisk(), NewAccount(limits), new(Waits), time.Now()
	a.window.restore(before, time.Since(a.origin))
	if _, err := a.Persist(b.Context(), d, storageID, acme); err != nil {
		b.Fatal(err)
	}
	d.writes, d.written = 0, 0
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Wait(b.Context(), waits); err != nil {
			b.Fatal(err)
		}
		over = over.Add(time.Nanosecond)
		a.Done(over)
	}
	b.ReportMetric(float64(d.writes)*reservation/float64(b.N), "writes/reservation")
	b.ReportMetric(float64(d.written)/float64(d.writes), "bytes/write")
	if err := a.Unpersist(context.WithoutCancel(b.Context())); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkUntilFree is what each caller pays when the quota is used up.
func BenchmarkUntilFree(b *testing.B) {
	w := newWindow(WindowConfig{Calls: 1, Window: 24 * time.Hour})
	at := 24 * time.Hour
	w.reserve(at)
	w.complete(at, 1)
	b.ReportAllocs()
	for b.Loop() {
		w.untilFree(at)
	}
}
