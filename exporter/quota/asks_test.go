// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// asks returns how many asks of a process leave in that time.
func (p *member) asks(during time.Duration) int64 {
	before := p.asked.Load()
	time.Sleep(during)
	return p.asked.Load() - before
}

func TestBorrower_AsksNoMoreOftenThanIsOfUse(t *testing.T) {
	keep := func(*Limits) {}
	tests := map[string]struct {
		limits  func(*Limits)
		callers int
		begin   func(f *fleet, p *member)
		most    int64 // in a minute
		calls   int   // that were made at least
	}{
		"idle":                         {limits: keep, most: 40},
		"busy, and less than there is": {limits: func(l *Limits) { l.Quota.Calls = 1_000_000 }, callers: 1, most: 200},
		"as fast as the pace": {limits: func(l *Limits) {
			l.Quota.Calls, l.Quota.Window = 1_000_000, 10*time.Second
			l.RateLimit = &RateLimitConfig{CallsPerSecond: 100, Burst: 1}
		}, callers: 80, most: 60 * 21, calls: 100 * 80 * 95 / 100},
		"the quota is used up for hours":       {limits: func(l *Limits) { l.Quota.Calls, l.Quota.Window = 10, 24*time.Hour }, callers: 8, most: 60},
		"the quota is used up again and again": {limits: func(l *Limits) { l.Quota.Calls = 100 }, callers: 8, most: 60 * 12},
		"Target has asked for a pause":         {limits: keep, callers: 8, begin: func(_ *fleet, p *member) { p.account.Pause(time.Hour) }, most: 140},
		"another has asked for one": {limits: keep, callers: 8, begin: func(f *fleet, _ *member) {
			other := f.start(0)
			other.account.Pause(time.Hour)
			time.Sleep(time.Second)
			other.crash()
		}, most: 140},
		"Redis is away":        {limits: keep, callers: 8, begin: func(f *fleet, _ *member) { f.change(func(w *weather) { w.away = true }) }, most: 20},
		"a clock is a day off": {limits: keep, callers: 8, begin: func(f *fleet, p *member) { p.clock.Store(int64(23 * time.Hour)) }, most: 60 * 12},
	}
	server := startRedis(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			limits := func(s *redisServer) Limits {
				l := fleetLimits(s, 100, time.Minute)
				tt.limits(&l)
				return l
			}
			inFleet(t, 0, server, limits, func(f *fleet) {
				p := f.start(tt.callers)
				if tt.begin != nil {
					tt.begin(f, p)
				}
				time.Sleep(20 * time.Second)
				n := p.asks(time.Minute)
				assert.LessOrEqual(t, n, tt.most)
				p.crash()
				assert.GreaterOrEqual(t, f.all, tt.calls)
			})
		})
	}
}
