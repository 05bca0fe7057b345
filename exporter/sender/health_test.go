// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// oneByOne has each entry due at once, and one call at a time.
func oneByOne(set *setup) { set.outbox.MergeWindow, set.Concurrency = 0, 1 }

// pattern answers calls one after another, with a failure for each x.
func (f *fixture) pattern(failure route.Answer, answers string) {
	var mu sync.Mutex
	f.route.decide(func(call) route.Answer {
		mu.Lock()
		defer mu.Unlock()
		if answers == "" {
			return taken
		}
		fails := answers[0] == 'x'
		answers = answers[1:]
		if fails {
			return failure
		}
		return taken
	})
}

const (
	manyFail   = "xxxxxxxxxxxxxxxxxxxxxxxx"
	almostMany = "xxxxxxxxxxxxxxxxxxxxxxx"
)

func TestHealth_OnlyFailuresInARowAreAnOutage(t *testing.T) {
	require.Len(t, manyFail, manyFailures)
	require.Len(t, almostMany, manyFailures-1)
	for name, tt := range map[string]struct {
		answers string
		outages int
	}{
		"as many as it takes": {"." + manyFail, 1},
		"one less":            {"." + almostMany, 0},
		"twice one less, with a success in between":   {"." + almostMany + "." + almostMany, 0},
		"twice as many, with a success in between":    {"." + manyFail + "." + manyFail + manyFail, 2},
		"many, each with a success after":             {".x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x", 0},
		"many, in pairs that do not reach three":      {"xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx.xx", 0},
		"from the first call on, of another reason":   {manyFail, 1},
		"as many, with a success in the middle of it": {"xxxxxxxxxxxx.xxxxxxxxxxxx", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, oneByOne)
				f.pattern(down, tt.answers)
				f.push(t, visitors(100)...)
				time.Sleep(30 * time.Minute)
				assert.Equal(t, tt.outages, f.said("The outage is over"))
				assert.Equal(t, tt.outages > 0, f.said("Outage: no call gets through") > 0)
				assert.Equal(t, map[string]int{"delivered": 100}, f.counts("records"))
				f.Stop()
			})
		})
	}
}

func TestHealth_AfterAFewFailuresInARowOneCallAtATimeLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *setup) {
			set.outbox.MergeWindow, set.Concurrency = 0, 4
			set.route.latency = time.Second
		})
		f.route.answers(down)
		f.push(t, visitors(100)...)
		began := time.Now()
		f.Start()
		time.Sleep(10500 * time.Millisecond)
		calls := f.route.calls()
		f.route.answers(taken)
		require.Greater(t, len(calls), 4+8)
		require.LessOrEqual(t, len(calls), 4+4+9, "four at once, as many before it is known, and then one at a time")
		last := calls[len(calls)-8:]
		for i, c := range last {
			assert.Equal(t, time.Duration(3+i)*time.Second, c.at.Sub(began))
		}

		time.Sleep(1500 * time.Millisecond) // one gets through
		f.route.calls()
		time.Sleep(5 * time.Second)
		assert.Greater(t, len(f.route.calls()), 10, "several at once again")
		f.Stop()
	})
}

func TestHealth_PausesBetweenProbesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			oneByOne(set)
			set.Retry.RandomizationFactor = 0
		})
		f.route.answers(down)
		f.push(t, visitors(100)...)
		time.Sleep(6 * time.Hour)
		calls := f.route.calls()[manyFailures-1:]
		var pauses []time.Duration
		for i := range calls[1:] {
			pauses = append(pauses, calls[i+1].at.Sub(calls[i].at))
		}
		assert.Equal(t, []time.Duration{5 * time.Second, 7500 * time.Millisecond}, pauses[:2])
		for i := range pauses[1:] {
			assert.GreaterOrEqual(t, pauses[i+1], pauses[i])
		}
		assert.Equal(t, 30*time.Second, pauses[len(pauses)-1], "max_interval")
		f.Stop()
	})
}

func TestHealth_OutagesAndThrottlingBlameNobody(t *testing.T) {
	slowDown := down
	slowDown.RetryAfter = time.Minute
	for name, tt := range map[string]struct {
		answer route.Answer
		fail   []string
		alone  int
	}{
		"one fails":                                   {down, []string{"v50"}, 1},
		"one is answered 403":                         {forbidden, []string{"v50"}, 1},
		"one is asked for fewer calls":                {throttled, []string{"v50"}, 0},
		"one is asked for none for a minute":          {slowDown, []string{"v50"}, 0},
		"one is canceled, as when the exporter stops": {canceled, []string{"v50"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, oneByOne, func(set *setup) { set.route.latency = 10 * time.Millisecond })
				f.route.fails(tt.answer, tt.fail...)
				f.push(t, visitors(100)...)
				time.Sleep(2 * time.Second)
				assert.Zero(t, f.said("Outage"))
				held := f.outbox.Held()
				assert.Equal(t, tt.alone, held.Waiting[outbox.FailingAlone]+held.Ready[outbox.FailingAlone])
				f.Stop()
			})
		})
	}
}

func TestHealth_RetryAfterPausesEveryCallOfTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, oneByOne)
		other := started(t, oneByOne, func(set *setup) { set.Account = f.set.Account })
		slowDown := down
		slowDown.RetryAfter = 10 * time.Minute
		f.route.fails(slowDown, "v0")
		f.push(t, visitors(1)...)
		time.Sleep(time.Second)
		require.Len(t, f.route.calls(), 1)

		f.push(t, tier("a", "1"))
		other.push(t, tier("b", "1"))
		time.Sleep(9 * time.Minute)
		assert.Empty(t, f.route.calls())
		assert.Empty(t, other.route.calls())
		f.route.answers(taken)
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"delivered": 2}, f.counts("records"))
		assert.Equal(t, map[string]int{"delivered": 1}, other.counts("records"))
		f.Stop()
		other.Stop()
	})
}

func TestHealth_AnOutageIsSaidAndRemindedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, oneByOne)
		f.pattern(down, ".")
		f.push(t, visitors(1)...)
		time.Sleep(time.Second)
		f.route.answers(down)
		f.push(t, visitors(100)...)
		time.Sleep(4 * time.Minute)
		assert.Equal(t, 1, f.said("Outage"))
		time.Sleep(56 * time.Minute)
		assert.InDelta(t, 12, f.said("Outage"), 2)
		f.route.answers(taken)
		time.Sleep(10 * time.Minute)
		assert.InDelta(t, 13, f.said("Outage"), 2)
		assert.Equal(t, 1, f.said("The outage is over"))
		require.Len(t, f.reported(), 2)
		require.EqualError(t, f.reported()[0], "outage: calls to acme.invalid end with status_503, updates wait and merge")
		require.NoError(t, f.reported()[1])
		f.Stop()
	})
}

// However few visitors there are to tell an outage by, and whatever had got through before.
func TestHealth_AnOutageThatHitsAFewVisitorsIsSaid(t *testing.T) {
	for _, few := range []int{1, 2, 5} {
		t.Run(strconv.Itoa(few), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t)
				for range 20 {
					f.push(t, tier("before", "gold"))
					time.Sleep(10 * time.Second)
				}
				f.route.answers(down)
				f.push(t, visitors(few)...)
				time.Sleep(2 * time.Minute)
				assert.NotZero(t, f.said("Outage"))
				assert.Equal(t, few, f.counts("outbox.visitors")[causeOutage]+f.counts("outbox.visitors")[causeWindow])
				f.route.answers(taken)
				time.Sleep(2 * time.Minute)
				assert.Equal(t, map[string]int{"delivered": 20 + few}, f.counts("records"))
				assert.Equal(t, 1, f.said("The outage is over"))
				f.Stop()
			})
		})
	}
}

// One whose updates fail while others get through now and then is no outage in between.
func TestHealth_OneThatFailsAloneIsNoOutageBetweenCallsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.route.fails(down, "x")
		for i := range 60 {
			f.push(t, tier("healthy", strconv.Itoa(i)))
			if i == 30 {
				f.push(t, tier("x", "gold"))
			}
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, f.said("Outage"), 1, "before another has got through since")
		f.Stop()
	})
}

func TestHealth_AFaultOfTheSetUpIsReportedUntilItIsMended(t *testing.T) {
	for name, tt := range map[string]struct {
		answers  string
		reported int
	}{
		"the first call ever is enough":         {"x", 1},
		"after a success one is not":            {".x", 0},
		"after a success many in a row are":     {"." + manyFail, 1},
		"after a success two are not in a row":  {".xx.xx.xx", 0},
		"it is reported again when it is again": {"x." + manyFail, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, oneByOne)
				f.pattern(forbidden, tt.answers)
				f.push(t, visitors(50)...)
				time.Sleep(30 * time.Minute)
				require.Len(t, f.reported(), 2*tt.reported)
				for i, err := range f.reported() {
					if i%2 == 0 {
						require.ErrorContains(t, err, "the set-up is wrong, not the data: calls to acme.invalid end with status_403")
					} else {
						require.NoError(t, err)
					}
				}
				assert.Equal(t, tt.reported, f.said("Target refuses all calls"))
				assert.Equal(t, tt.reported, f.said("Target takes calls again"))
				assert.Equal(t, map[string]int{"delivered": 50}, f.counts("records"))
				f.Stop()
			})
		})
	}
}
