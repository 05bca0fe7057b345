// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const exhausted = "rejected attempts_exhausted"

// poison is a share of the visitors, not is everybody else.
func poison(share float64) func(visitor int) bool {
	return func(visitor int) bool { return drawn(visitor, 1, share) }
}

func not(are func(visitor int) bool) func(visitor int) bool {
	return func(visitor int) bool { return !are(visitor) }
}

// always are calls that fail at any time.
func always(of func(visitor int) bool) func(int, time.Duration) bool {
	return func(visitor int, _ time.Duration) bool { return of(visitor) }
}

func TestSender_VisitorsWhoFailHoldUpNobody(t *testing.T) {
	for name, tt := range map[string]struct {
		share     float64
		perSecond int
		failure   route.Answer
	}{
		"one in two hundred":                    {.005, 20, down},
		"three in a hundred":                    {.03, 40, down},
		"three in a hundred, for their content": {.03, 30, forbidden},
		"thirty in a hundred":                   {.3, 30, down},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := poison(tt.share)
				giveUp, lasts := scaled(12*time.Minute), scaled(40*time.Minute)
				s := simulation{
					perSecond: tt.perSecond, lasts: lasts, settles: time.Minute, giveUp: giveUp, failure: tt.failure, fails: always(fails),
					everyMinute: func(after time.Duration, sim *simulated) {
						assert.LessOrEqual(t, sim.counts("records")[exhausted], sim.count(after-giveUp, fails), "given up before their time")
					},
				}
				sim := s.run(t)
				sim.arriveInTime(t, not(fails))
				assert.LessOrEqual(t, sim.repeats(0, lasts), .05)
				// Its call may come late, and at twice the time it ends without one.
				assert.GreaterOrEqual(t, sim.counts("records")[exhausted], sim.count(lasts-giveUp*5/2, fails))
				assert.Zero(t, sim.said("Outage"))
				assert.Empty(t, sim.reported())
			})
		})
	}
}

// TestSender_VisitorsWhoTimeOutHoldUpNobody has calls that take all places if they may.
func TestSender_VisitorsWhoTimeOutHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := poison(.02)
		s := simulation{perSecond: 30, lasts: scaled(30 * time.Minute), settles: time.Minute, slow: 10 * time.Second, fails: always(fails)}
		s.run(t).arriveInTime(t, not(fails))
	})
}

func TestSender_VisitorsWhoFailMakeWayInAFullOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := poison(.03)
		const room = 1000
		s := simulation{
			perSecond: 30, lasts: scaled(30 * time.Minute), settles: time.Minute, giveUp: 24 * time.Hour, fails: always(fails),
			change: func(set *setup) { set.outbox.MaxVisitors = room },
			everyMinute: func(_ time.Duration, sim *simulated) {
				assert.LessOrEqual(t, sim.outbox.Held().Visitors, room)
			},
		}
		sim := s.run(t)
		sim.arriveInTime(t, not(fails))
		assert.LessOrEqual(t, sim.repeats(0, s.lasts), .05)
		assert.Equal(t, map[string]int{
			"delivered": sim.count(s.lasts, not(fails)),
			exhausted:   sim.count(s.lasts, fails) - sim.outbox.Held().Visitors,
		}, sim.counts("records"))
	})
}

func TestSender_AVisitorWhoFailsIsNotGivenUpWhileNobodyElseGetsThrough(t *testing.T) {
	for name, others := range map[string]int{"alone from the start": 0, "others came before": 59} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, func(set *setup) { set.GiveUpAfter = 2 * time.Hour })
				f.route.fails(down, "x")
				f.push(t, visitors(others)...)
				time.Sleep(10 * time.Second)
				f.push(t, tier("x", "1"))
				time.Sleep(24 * time.Hour)
				calls := len(f.route.calls())
				assert.LessOrEqual(t, calls-others, 3_000)
				assert.NotContains(t, f.counts("records"), exhausted)

				f.route.answers(taken)
				time.Sleep(15 * time.Minute)
				assert.Equal(t, map[string]int{"delivered": others + 1}, f.counts("records"))
				f.Stop()
			})
		})
	}
}

func TestSender_NobodyIsGivenUpWhileMostCallsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := poison(.75)
		s := simulation{perSecond: 10, lasts: 30 * time.Minute, giveUp: 5 * time.Minute, fails: always(fails)}
		sim := s.run(t)
		assert.NotContains(t, sim.counts("records"), exhausted)
		assert.Positive(t, sim.counts("records")["delivered"])
	})
}

// TestSender_ATransientFailureIsRetriedBeforePoison has a lane of entries that fail for ever,
// and one that fails once.
func TestSender_ATransientFailureIsRetriedBeforePoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := poison(.03)
		const once = 90_001
		var failed, lasted time.Duration
		s := simulation{
			perSecond: 30, lasts: time.Hour, settles: time.Minute, giveUp: 24 * time.Hour,
			fails: func(visitor int, after time.Duration) bool {
				switch {
				case visitor != once:
					return fails(visitor)
				case failed == 0:
					failed = after
					return true
				}
				lasted = after - failed
				return false
			},
		}
		sim := s.run(t)
		assert.Greater(t, sim.outbox.Held().Ready[outbox.FailingAlone], 1000)
		require.NotZero(t, lasted)
		assert.LessOrEqual(t, lasted, 5*time.Minute)
	})
}
