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
