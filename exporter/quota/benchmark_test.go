// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"math"
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

// BenchmarkCall leaves out the clock that Done is told of: delivery reads it anyway.
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

func BenchmarkCallOf64Callers(b *testing.B) {
	for name, pace := range benchmarkPaces {
		b.Run(name, func(b *testing.B) {
			a, waits := wide(pace), new(Waits)
			b.ReportAllocs()
			b.SetParallelism(32) // of two processors each
			b.RunParallel(func(pb *testing.PB) {
				over := time.Now()
				for pb.Next() {
					if err := a.Wait(b.Context(), waits); err != nil {
						b.Error(err)
						return
					}
					over = over.Add(time.Nanosecond)
					a.Done(over)
				}
			})
		})
	}
}

// BenchmarkCallWrittenAhead is a call of an account that is stored; the storage itself costs nothing here.
func BenchmarkCallWrittenAhead(b *testing.B) {
	const reservation = 100
	d := newDisk()
	a, waits, over := NewAccount(stored(math.MaxInt, reservation)), new(Waits), time.Now()
	if _, err := a.Persist(b.Context(), d, storageID, acme); err != nil {
		b.Fatal(err)
	}
	before := d.writes
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Wait(b.Context(), waits); err != nil {
			b.Fatal(err)
		}
		over = over.Add(time.Nanosecond)
		a.Done(over)
	}
	b.ReportMetric(float64(d.writes-before)*reservation/float64(b.N), "writes/reservation")
	for _, file := range d.files {
		for _, statement := range file {
			b.ReportMetric(float64(len(statement)), "bytes/write")
		}
	}
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
