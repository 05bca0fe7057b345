// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// daily are Adobe's limits, and a lease as it is by default.
func daily(server *redisServer) Limits {
	cfg := NewDefaultWindowConfig()
	cfg.Redis.Endpoint, cfg.Redis.ColdStart = server.endpoint(), Allow
	return Limits{Quota: cfg, RateLimit: &RateLimitConfig{CallsPerSecond: 50, Burst: 50}, Timeout: 10 * time.Second}
}

// BenchmarkRedisAsk is what an ask costs, one after the other and from 16 processes at once, of an account with
// nothing behind it and with a day of calls.
func BenchmarkRedisAsk(b *testing.B) {
	for name, before := range map[string]int{"nothing before it": 0, "a day of calls before it": 1440} {
		for _, processes := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s, %d at once", name, processes), func(b *testing.B) {
				server := startRedis(b)
				limits := daily(server)
				limits.RateLimit.CallsPerSecond = 1e6
				client := server.client()
				defer func() { require.NoError(b, client.Close()) }()
				spend(b, limits, client, before)
				b.SetParallelism(max(1, processes/2))
				if processes == 1 {
					asks(b, limits, func() bool { return b.Loop() })
				} else {
					b.RunParallel(func(pb *testing.PB) { asks(b, limits, pb.Next) })
				}
				memory := 0
				for _, key := range client.Keys(b.Context(), "*").Val() {
					memory += int(client.MemoryUsage(b.Context(), key, 0).Val())
				}
				b.ReportMetric(float64(memory), "bytes")
				b.ReportMetric(perScript(b, client), "server-µs/op")
			})
		}
	}
}

// perScript is for how long a script keeps the server busy.
func perScript(b *testing.B, client *redis.Client) float64 {
	b.Helper()
	_, of, _ := strings.Cut(client.Info(b.Context(), "commandstats").Val(), "cmdstat_evalsha:")
	_, of, _ = strings.Cut(of, "usec_per_call=")
	of, _, _ = strings.Cut(of, ",")
	took, err := strconv.ParseFloat(of, 64)
	require.NoError(b, err)
	return took
}

// asks asks as a process does that makes calls: it reports some, and wants as many.
func asks(b *testing.B, limits Limits, more func() bool) {
	b.Helper()
	l, err := newLender(b.Context(), acme, limits)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = l.close() }()
	q := &ask{timeout: limits.Timeout}
	for more() {
		q.seq++
		got, err := l.ask(b.Context(), q)
		if err != nil {
			b.Error(err)
			return
		}
		q.epoch, q.gen, q.alive, q.over, q.want = got.epoch, got.gen, true, got.grant, 1
	}
}

// spend has calls in so many parts of the day before.
func spend(b *testing.B, limits Limits, client *redis.Client, parts int) {
	b.Helper()
	asked := 1
	asks(b, limits, func() bool { asked--; return asked == 0 })
	keys := limits.Quota.Redis.keys(acme, "")
	width := limits.Quota.Window.Milliseconds() / 1440
	newest := time.Now().UnixMilli()/width - 1
	for part := newest - int64(parts) + 2; part < newest; part++ {
		require.NoError(b, client.HSet(b.Context(), keys[1], strconv.FormatInt(part, 10), 600).Err())
	}
	if parts > 0 {
		require.NoError(b, client.HSet(b.Context(), keys[0], "used", (parts-2)*600, "floor", newest-int64(parts)+2, "newest", newest-1).Err())
	}
}

// BenchmarkRedisCalls is how often a process asks that makes so many calls a second.
func BenchmarkRedisCalls(b *testing.B) {
	for _, pace := range []float64{50, 1000} {
		b.Run(fmt.Sprintf("%g a second", pace), func(b *testing.B) {
			server := startRedis(b)
			limits := daily(server)
			limits.RateLimit = &RateLimitConfig{CallsPerSecond: pace, Burst: int(pace)}
			account := NewAccount(limits)
			require.NoError(b, account.Borrow(b.Context(), acme, limits, zap.NewNop()))
			defer func() { require.NoError(b, account.Unborrow(context.WithoutCancel(b.Context()))) }()
			waits, asked, began := new(Waits), account.borrower.lease.seq, time.Now()
			for b.Loop() {
				require.NoError(b, account.Wait(b.Context(), waits))
				account.Done(time.Now())
			}
			account.mu.Lock()
			asked = account.borrower.lease.seq - asked
			account.mu.Unlock()
			b.ReportMetric(float64(asked)/time.Since(began).Seconds(), "asks/s")
		})
	}
}
