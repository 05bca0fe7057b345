// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// parametersOf returns what calls carried, one after another.
func parametersOf(calls []call) []map[string]string {
	var carried []map[string]string
	for _, c := range calls {
		carried = append(carried, c.parameters)
	}
	return carried
}

func TestSender_AVisitorHasOneCallUnderWayAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) { set.outbox.MergeWindow, set.route.latency = 0, time.Second })
		for n := range 100 {
			f.push(t, tier("x", strconv.Itoa(n)), tier("y", strconv.Itoa(n)))
			time.Sleep(99 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		last := map[string]int{"x": -1, "y": -1}
		for _, c := range f.route.calls() {
			n, err := strconv.Atoi(c.parameters["tier"])
			require.NoError(t, err)
			assert.Greater(t, n, last[c.visitor])
			last[c.visitor] = n
		}
		assert.Equal(t, map[string]int{"x": 99, "y": 99}, last)
		assert.Equal(t, 1, f.route.most)
		assert.Equal(t, map[string]int{"delivered": 200}, f.counts("records"))
		f.Stop()
	})
}

func TestSender_WhatTheRouteDoesNotCarryEndsWithoutACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			set.route.carriesNone, set.quota.Quota.Calls = true, 1
		})
		f.push(t, visitors(3)...)
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"rejected configuration": 3}, f.counts("records"))
		assert.Zero(t, f.set.Account.Usage().Used, "none of them was a call")
		f.Stop()
	})
}

func TestSender_WhateverAnEntryWaitsForNewerRecordsGoWithItsCall(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*setup)
		before func(t *testing.T, f *fixture)
	}{
		"its window": {func(set *setup) { set.outbox.MergeWindow = time.Minute }, func(*testing.T, *fixture) {}},
		"room in the quota's window": {
			func(set *setup) { oneByOne(set); set.quota.Quota = quota.WindowConfig{Calls: 1, Window: time.Minute} },
			func(t *testing.T, f *fixture) { t.Helper(); f.push(t, tier("other", "1")) },
		},
		"the pace": {
			func(set *setup) {
				oneByOne(set)
				set.quota.RateLimit = &quota.RateLimitConfig{CallsPerSecond: 1. / 60, Burst: 1}
			},
			func(t *testing.T, f *fixture) { t.Helper(); f.push(t, tier("other", "1")) },
		},
		"the end of a pause": {oneByOne, func(_ *testing.T, f *fixture) { f.set.Account.Pause(time.Minute) }},
		"a turn": {
			func(set *setup) { oneByOne(set); set.route.latency = time.Minute },
			func(t *testing.T, f *fixture) { t.Helper(); f.push(t, tier("other", "1")) },
		},
		"its next attempt": {
			func(set *setup) { oneByOne(set); set.Retry.InitialInterval = time.Minute },
			func(t *testing.T, f *fixture) { t.Helper(); f.pattern(down, "x"); f.push(t, tier("x", "0")) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, tt.change)
				tt.before(t, f)
				time.Sleep(time.Second)
				f.route.calls()
				for n := range 10 {
					f.push(t, record{"x", map[string]string{"tier": strconv.Itoa(n + 1), "p" + strconv.Itoa(n%2): "1"}})
					time.Sleep(time.Second)
				}
				time.Sleep(5 * time.Minute)
				assert.Equal(t, []map[string]string{{"tier": "10", "p0": "1", "p1": "1"}}, parametersOf(f.route.calls()))
				f.Stop()
			})
		})
	}
}

func TestSender_AnUpdateLargerThanACallIsSplit(t *testing.T) {
	five := record{"x", map[string]string{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}}
	ab, cd, e := map[string]string{"a": "1", "b": "1"}, map[string]string{"c": "1", "d": "1"}, map[string]string{"e": "1"}
	for name, tt := range map[string]struct {
		failure route.Answer
		answers string
		calls   []map[string]string
		records map[string]int
	}{
		"all parts get through":                  {down, "...", []map[string]string{ab, cd, e}, map[string]int{"delivered": 1}},
		"the first fails, and all is sent again": {down, "x...", []map[string]string{ab, ab, cd, e}, map[string]int{"delivered": 1}},
		"the second fails, and only the rest is sent again": {
			down, ".x..", []map[string]string{ab, cd, cd, e}, map[string]int{"delivered": 1},
		},
		"the last fails, and again": {down, "..xx.", []map[string]string{ab, cd, e, e, e}, map[string]int{"delivered": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, func(set *setup) { set.route.perCall = 2 })
				f.pattern(tt.failure, tt.answers)
				f.push(t, five)
				time.Sleep(10 * time.Minute)
				assert.Equal(t, tt.calls, parametersOf(f.route.calls()))
				assert.Equal(t, tt.records, f.counts("records"))
				assert.Equal(t, len(tt.calls), f.set.Account.Usage().Used, "each call is one of the quota's")
				f.Stop()
			})
		})
	}
}

func TestSender_APartThatIsRefusedIsAllThatIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) { set.route.perCall = 2 })
		f.route.decide(func(c call) route.Answer {
			if c.parameters["c"] != "" {
				return refused
			}
			return taken
		})
		f.push(t, record{"x", map[string]string{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}})
		time.Sleep(6 * time.Second)
		assert.Empty(t, f.counts("records"), "no other visitor's call has got through yet")
		for range 10 {
			f.push(t, tier("other", "1"))
			time.Sleep(10 * time.Second)
		}
		ab, cd, e := map[string]string{"a": "1", "b": "1"}, map[string]string{"c": "1", "d": "1"}, map[string]string{"e": "1"}
		want := []map[string]string{ab, cd, e}
		for _, c := range f.route.calls() {
			if c.visitor != "x" {
				continue
			}
			assert.Equal(t, want[0], c.parameters)
			if want = want[1:]; len(want) == 0 {
				want = []map[string]string{cd}
			}
		}
		assert.Equal(t, map[string]int{"delivered": 10, "rejected refused": 1}, f.counts("records"))
		f.Stop()
	})
}

func TestSender_WhatComesWhileAPartFailsIsNotOverwrittenByTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) { set.route.perCall, set.route.latency = 2, time.Second })
		f.pattern(down, ".x")
		f.push(t, record{"x", map[string]string{"a": "old", "b": "old", "c": "old", "d": "old"}})
		time.Sleep(5500 * time.Millisecond) // the first call is under way
		f.push(t, record{"x", map[string]string{"a": "new", "c": "new"}})
		time.Sleep(10 * time.Minute)
		assert.Equal(t, []map[string]string{
			{"a": "old", "b": "old"}, {"c": "old", "d": "old"}, {"a": "new", "c": "new"}, {"d": "old"},
		}, parametersOf(f.route.calls()))
		assert.Equal(t, map[string]int{"delivered": 2}, f.counts("records"))
		f.Stop()
	})
}
