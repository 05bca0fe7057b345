// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	noPace   = "    rate_limit: {enabled: false}\n"
	slowPace = "    rate_limit: {calls_per_second: 10, burst: 10}\n"
)

func TestAQuotaInRedisHolds(t *testing.T) {
	t.Parallel()
	atOnce(t, map[string]func(*testing.T){
		"when collectors are killed": holdsWhenCollectorsAreKilled,
		"when Redis is killed too":   holdsWhenRedisIsKilledToo,
	})
}

// holdsWhenCollectorsAreKilled has four collectors send far more than the quota that
// they share, and kills them again and again. The emulator counts every attempt in the same rolling window.
func holdsWhenCollectorsAreKilled(t *testing.T) {
	r := begin(t, "quota of 500 in a minute in Redis, four collectors, kill -9")
	s := share(t, r, startRedis(t, keepsAll...), 4, visitorsOfEach(), noPace)
	s.target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503, "probability": 0.02}})
	used := s.target.watch(sharedCalls, sharedWindow)
	for end := time.Now().Add(lasts(15*time.Second, 1)); time.Now().Before(end) || r.restarts < 4; {
		time.Sleep(time.Second + s.upTo(lasts(2*time.Second, 1.0/60)))
		s.crash(t)
	}
	average := used.end()
	s.close(t)

	assert.Greater(t, s.target.stats(t).MaxInWindow, sharedCalls*9/10, "the quota was what held the calls back")
	if *soakTime > 0 {
		t.Logf("%.1f %% of the quota were used while there was work", 100*average)
		assert.Greater(t, average, 0.95, "of the quota, while there was work")
	}
}

// visitorsOfEach are few in the short version, for what they leave has to be sent within the quota in the end.
func visitorsOfEach() int {
	if *soakTime > 0 {
		return 200
	}
	return 50
}

// holdsWhenRedisIsKilledToo lets a Redis that writes each second lose the last one now and then.
func holdsWhenRedisIsKilledToo(t *testing.T) {
	r := begin(t, "quota of 500 in a minute in Redis, four collectors, kill -9 of Redis too")
	s := share(t, r, startRedis(t, keepsAll...), 4, visitorsOfEach(), slowPace)
	for end := time.Now().Add(lasts(30*time.Second, 0.6)); time.Now().Before(end) || r.restarts < 4; {
		time.Sleep(time.Second + s.upTo(lasts(4*time.Second, 1.0/60)))
		s.crash(t)
		if r.restarts%2 == 0 {
			s.redis.kill(t)
			time.Sleep(s.upTo(2 * sharedLease))
			s.redis.start(t)
		}
	}
	s.close(t)
}
