// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// shard is a third of the visitors.
func shard(visitor int) bool { return drawn(visitor, 2, 1.0/3) }

func everybody(int) bool { return true }

// TestSender_AnOutageOfSomeVisitorsHoldsUpNobodyElse has a third of all visitors fail for some
// time, beside those who always do.
func TestSender_AnOutageOfSomeVisitorsHoldsUpNobodyElse(t *testing.T) {
	for name, tt := range map[string]struct {
		poison  float64
		recover time.Duration // in which all of them arrive
	}{
		"nobody else fails":             {0, 20 * time.Minute},
		"three in a hundred always do":  {.03, 20 * time.Minute},
		"thirty in a hundred always do": {.3, time.Hour}, // who are most of those that are tried again
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := poison(tt.poison)
				begins, ends := 5*time.Minute, 5*time.Minute+scaled(15*time.Minute)
				hit := func(visitor int) bool { return shard(visitor) && !fails(visitor) }
				healthy := func(visitor int) bool { return !shard(visitor) && !fails(visitor) }
				s := simulation{
					perSecond: 30, lasts: ends + scaled(tt.recover), settles: time.Minute, giveUp: 24 * time.Hour,
					fails: func(visitor int, after time.Duration) bool {
						return fails(visitor) || shard(visitor) && after > begins && after < ends
					},
				}
				sim := s.run(t)
				sim.arriveInTime(t, healthy)
				assert.LessOrEqual(t, sim.repeats(0, ends), .05)
				late, missing := sim.latest(hit)
				assert.Zero(t, missing)
				assert.LessOrEqual(t, late, ends-begins+scaled(tt.recover))
				t.Log("the latest update of those who were hit took", late)
				assert.NotContains(t, sim.counts("records"), exhausted)
				assert.LessOrEqual(t, sim.fastest(), 2*pace, "no more than the burst on top")
				assert.Zero(t, sim.said("Outage"))
			})
		})
	}
}

func TestSender_AnOutageCostsFewCallsAndBlamesNobody(t *testing.T) {
	for name, slow := range map[string]time.Duration{"calls fail at once": 0, "calls time out": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begins, ends := 10*time.Minute, 70*time.Minute
				s := simulation{
					perSecond: 20, lasts: ends + 10*time.Minute, settles: time.Hour, giveUp: time.Hour, slow: slow,
					fails: func(_ int, after time.Duration) bool { return after > begins && after < ends },
					everyMinute: func(_ time.Duration, sim *simulated) {
						held := sim.outbox.Held()
						assert.LessOrEqual(t, held.Waiting[outbox.FailingAlone]+held.Ready[outbox.FailingAlone], someFailures,
							"no more than the first ones can be thought to fail alone")
					},
				}
				sim := s.run(t)
				inOutage := sim.between(sim.bySecond, begins+time.Second, ends)
				assert.LessOrEqual(t, inOutage, 180, "one at each pause of half a minute")
				late, missing := sim.latest(everybody)
				assert.Zero(t, missing)
				assert.Less(t, late, ends-begins+scaled(time.Hour))
				visitors := len(sim.came)
				assert.Equal(t, map[string]int{"delivered": visitors}, sim.counts("records"))
				assert.LessOrEqual(t, float64(sim.between(sim.bySecond, 0, 24*time.Hour)), 1.05*float64(visitors))
				assert.LessOrEqual(t, sim.fastest(), 2*pace)
				assert.Equal(t, 1, sim.said("The outage is over"))
				t.Log("calls in the outage:", inOutage)
			})
		})
	}
}

// TestSender_VisitorsWhoAlwaysFailDoNotHideThatAnOutageIsOver has many of them wait beside
// those who could get through.
func TestSender_VisitorsWhoAlwaysFailDoNotHideThatAnOutageIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, oneByOne)
		var poisoned []string
		for i := range 100 {
			poisoned = append(poisoned, "v"+strconv.Itoa(5*i))
		}
		f.route.fails(down, poisoned...)
		f.push(t, visitors(500)...)
		time.Sleep(time.Minute)
		assert.Equal(t, 400, f.counts("records")["delivered"])

		f.route.answers(down)
		for i := range 60 {
			f.push(t, tier("other"+strconv.Itoa(i), "1"))
			time.Sleep(time.Minute)
		}
		assert.Positive(t, f.said("Outage"))
		f.route.fails(down, poisoned...)
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 1, f.said("The outage is over"))
		assert.GreaterOrEqual(t, f.counts("records")["delivered"], 460-someFailures, "the first ones to fail wait for their turn")
		f.Stop()
	})
}
