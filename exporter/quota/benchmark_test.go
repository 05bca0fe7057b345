// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
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

func BenchmarkCall(b *testing.B) {
	for name, pace := range benchmarkPaces {
		b.Run(name, func(b *testing.B) {
			a, waits := wide(pace), new(Waits)
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Wait(b.Context(), waits); err != nil {
					b.Fatal(err)
				}
				a.Done()
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
				for pb.Next() {
					if err := a.Wait(b.Context(), waits); err != nil {
						b.Error(err)
						return
					}
					a.Done()
				}
			})
		})
	}
}

// BenchmarkUntilFree is what each caller pays when the quota is used up.
func BenchmarkUntilFree(b *testing.B) {
	w := newWindow(WindowConfig{Calls: 1, Window: 24 * time.Hour})
	at := 24 * time.Hour
	w.reserve(at)
	w.complete(at)
	b.ReportAllocs()
	for b.Loop() {
		w.untilFree(at)
	}
}
