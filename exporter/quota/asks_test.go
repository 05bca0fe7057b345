// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Who waits for the pace of all asks for what comes together, and not for each call.
func TestFleet_AsksTwentyTimesASecondAtMostWhateverThePace(t *testing.T) {
	server := startRedis(t)
	for _, pace := range []RateLimitConfig{{CallsPerSecond: 50, Burst: 50}, {CallsPerSecond: 200, Burst: 1}} {
		limits := func(s *redisServer) Limits {
			l := fleetLimits(s, 1_000_000, 24*time.Hour)
			l.RateLimit = &pace
			return l
		}
		inFleet(t, 1, server, limits, func(f *fleet) {
			const seconds = 10
			p := f.start(int(pace.CallsPerSecond)) // enough at once, as each takes half a second
			time.Sleep(seconds * time.Second)
			p.account.mu.Lock()
			asks := p.account.borrower.lease.seq
			p.account.mu.Unlock()
			p.crash()
			assert.LessOrEqual(t, asks, int64(seconds*21), "%v", pace)
			assert.Greater(t, float64(f.all), 0.95*pace.CallsPerSecond*seconds, "%v", pace)
			t.Logf("%v: %d asks, %d calls", pace, asks, f.all)
		})
	}
}

// asks returns how many asks of a process leave in that time.
func (p *member) asks(during time.Duration) int64 {
	before := p.asked.Load()
	time.Sleep(during)
	return p.asked.Load() - before
}

func TestFleet_AsksSeldomWhileThereIsNothingToBeHad(t *testing.T) {
	keep := func(*Limits) {}
	tests := map[string]struct {
		limits  func(*Limits)
		callers int
		begin   func(f *fleet, p *member)
		most    int64 // in a minute
	}{
		"idle":                                 {limits: keep, most: 40},
		"busy, and less than there is":         {limits: func(l *Limits) { l.Quota.Calls = 1_000_000 }, callers: 1, most: 200},
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
		"a clock is a day off": {limits: keep, callers: 8, begin: func(_ *fleet, p *member) { p.clock.Store(int64(23 * time.Hour)) }, most: 60 * 12},
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
			})
		})
	}
}
