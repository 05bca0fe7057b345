// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCollectorsShareAnAccountInRedis(t *testing.T) {
	t.Parallel()
	atOnce(t, map[string]func(*testing.T){
		"calls go on after a Redis that keeps the account was away":  callsGoOnAfterARedisThatKeepsTheAccountWasAway,
		"no call leaves for a window after Redis forgot the account": noCallLeavesForAWindowAfterRedisForgotTheAccount,
		"a pause that Target asks one for holds the others":          aPauseThatTargetAsksOneForHoldsTheOthers,
		"another limit is refused until the first has gone":          anotherLimitIsRefusedUntilTheFirstHasGone,
		"who ends gives back what it has borrowed":                   whoEndsGivesBackWhatItHasBorrowed,
	})
}

// leaseEnds is when calls that were borrowed have left, on a busy machine too.
const leaseEnds = sharedLease + 3*time.Second

// goAway kills Redis and waits until the collectors hold what they have, and say why.
func (s *sharing) goAway(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return s.calls(t) > 50 }, patience, tick)
	s.redis.kill(t)
	time.Sleep(leaseEnds)
	s.silent(t, 3*time.Second, "Redis is away")
	for _, m := range s.members {
		require.Eventually(t, func() bool { return m.metric("otelcol_adobe_target_outbox_visitors", `cause="redis"`) > 0 }, patience, tick)
		assert.Contains(t, m.output.String(), "The quota account in Redis cannot be asked")
	}
	s.redis.start(t)
	s.row.restarts++
}

func (s *sharing) goesOn(t *testing.T, within time.Duration) {
	t.Helper()
	before := s.calls(t)
	require.Eventually(t, func() bool { return s.calls(t) > before }, within, tick)
	for _, m := range s.members {
		require.Eventually(t, func() bool {
			return strings.Contains(m.output.String(), "The quota account in Redis can be asked again")
		}, patience, tick)
	}
}

// said asserts that one of the collectors said something.
func (s *sharing) said(t *testing.T, what string) {
	t.Helper()
	for _, m := range s.members {
		if strings.Contains(m.output.String(), what) {
			return
		}
	}
	assert.Fail(t, "no collector said it", what)
}

// What it may have granted in the second that it lost is counted, and no more.
func callsGoOnAfterARedisThatKeepsTheAccountWasAway(t *testing.T) {
	r := begin(t, "Redis with AOF is killed")
	s := share(t, r, startRedis(t, keepsAll...), 2, 50, "    rate_limit: {calls_per_second: 5, burst: 5}\n")
	s.goAway(t)
	s.goesOn(t, sharedWindow/2)
	s.said(t, "Redis has started again or lost what it wrote last")
	s.close(t)
}

// Who knew the account waits for a window, whatever cold_start is.
func noCallLeavesForAWindowAfterRedisForgotTheAccount(t *testing.T) {
	r := begin(t, "Redis without a disk is killed")
	s := share(t, r, startRedis(t), 2, 50, "    rate_limit: {calls_per_second: 5, burst: 5}\n")
	s.goAway(t)
	s.silent(t, sharedWindow, "Redis does not know the account any more")
	s.goesOn(t, patience)
	s.said(t, "Redis does not know the account, or no longer")
	s.close(t)
}

func aPauseThatTargetAsksOneForHoldsTheOthers(t *testing.T) {
	const pause, renewal = 20 * time.Second, 5 * time.Second
	r := begin(t, "Retry-After is shared in Redis")
	s := share(t, r, startRedis(t), 3, 50, slowPace)
	require.Eventually(t, func() bool { return s.calls(t) > 30 }, patience, tick)
	s.target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503, "retry_after": pause.String(), "count": 1}})
	require.Eventually(t, func() bool { return s.target.stats(t).Faulted == 1 }, patience, tick)
	asked := time.Now()
	time.Sleep(renewal)
	for _, m := range s.members {
		assert.Positive(t, m.metric("otelcol_adobe_target_outbox_visitors", `cause="pause"`))
	}
	s.silent(t, pause-renewal-time.Since(asked.Add(renewal))-time.Second, "Target has asked for none")
	before := s.calls(t)
	require.Eventually(t, func() bool { return s.calls(t) > before }, patience, tick)
	s.close(t)
}

func anotherLimitIsRefusedUntilTheFirstHasGone(t *testing.T) {
	redis, target := startRedis(t), startTarget(t)
	start := func(calls int) *collector {
		s := newSetup(t, target)
		s.exporter = sharedQuota(redis, calls, sharedWindow)
		return startCollector(t, s.config())
	}
	starts := func(c *collector) bool {
		require.Eventually(t, func() bool {
			select {
			case <-c.done:
				return true
			default:
				return strings.Contains(c.output.String(), "Everything is ready")
			}
		}, patience, tick)
		return strings.Contains(c.output.String(), "Everything is ready")
	}
	first := start(500)
	require.True(t, starts(first))
	other := start(400)
	require.False(t, starts(other))
	assert.Contains(t, other.output.String(), "500")
	assert.Contains(t, other.output.String(), "400")
	assert.Contains(t, other.output.String(), "another process")

	first.kill(t)
	gone := time.Now()
	require.Eventually(t, func() bool { return starts(start(400)) }, patience, tick)
	assert.Greater(t, time.Since(gone), sharedLease, "the first may have been there until its lease has ended")
}

// What is left in the account are the calls that were made.
func whoEndsGivesBackWhatItHasBorrowed(t *testing.T) {
	redis, target := startRedis(t), startTarget(t)
	s := newSetup(t, target)
	s.exporter = sharedQuota(redis, 100_000, 24*time.Hour) + noPace
	used := func() int {
		n, err := strconv.Atoi(redis.field(t, "used"))
		require.NoError(t, err)
		return n
	}
	sender := newSender(overHTTP(s.port), 30)
	sender.pause = 100 * time.Millisecond
	c := s.start(t)
	stop := sender.start(t)
	defer stop()
	require.Eventually(t, func() bool { return used() > target.stats(t).Attempts+20 }, patience, tick, "more is borrowed than was made")
	stop()
	c.end(t)
	assert.Equal(t, target.stats(t).Attempts, used(), "calls that are counted after the shutdown")
}
