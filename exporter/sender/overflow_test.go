// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// large is a value that the overflow cannot carry.
const large = "large"

// spill is a fixture with an overflow.
type spill struct {
	*fixture
	delivery *fakeRoute
}

// newSpill returns a sender with a quota of so many calls an hour and an overflow that begins after
// a minute.
func newSpill(t *testing.T, calls int, change ...func(*setup)) *spill {
	t.Helper()
	s := &spill{delivery: &fakeRoute{}}
	s.fixture = newFixture(t, append([]func(*setup){func(set *setup) {
		set.outbox.MergeWindow = 0
		set.quota.Quota = quota.WindowConfig{Calls: calls, Window: time.Hour}
		set.Overflow = &Overflow{
			Name: route.ToDelivery, After: time.Minute, Route: s.delivery, Host: "acme.invalid",
			Account: quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: quota.Unlimited, Window: 24 * time.Hour}}),
			Carries: func(p *profile.Parameter) bool { return !strings.Contains(p.Value, large) },
		}
	}}, change...)...)
	return s
}

// went returns how many records each route has delivered.
func (s *spill) went(t *testing.T) map[string]int {
	t.Helper()
	got, err := s.telemetry.GetMetric("otelcol.adobe_target.records")
	require.NoError(t, err)
	by := make(map[string]int)
	for _, point := range got.Data.(metricdata.Sum[int64]).DataPoints {
		if name, ok := point.Attributes.Value("route"); ok && point.Value > 0 {
			by[name.String()] += int(point.Value)
		}
	}
	return by
}

// spreadCalls is how many calls spread makes.
const spreadCalls = 90

// spread uses the quota up over an hour, so that it frees a call every forty seconds.
func (s *spill) spread(t *testing.T) {
	t.Helper()
	for i := range spreadCalls {
		s.push(t, tier("before"+strconv.Itoa(i), "gold"))
		time.Sleep(time.Hour / spreadCalls)
	}
	require.Len(t, s.route.calls(), spreadCalls)
	require.Empty(t, s.delivery.calls(), "the quota was not used up")
}

// atOnce uses the quota up.
func (s *spill) atOnce(t *testing.T) {
	t.Helper()
	s.push(t, visitors(spreadCalls)...)
	time.Sleep(time.Second)
	require.Len(t, s.route.calls(), spreadCalls)
}

func TestOverflow_BeginsAndEndsWithTheQuota(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(s *spill, t *testing.T)
		push   int           // visitors after that
		after  time.Duration // when it is looked at
		single int           // of these
	}{
		"a quota that is used up at once frees nothing for an hour": {(*spill).atOnce, 30, time.Second, 0},
		"when it has room again it is used":                         {(*spill).atOnce, 0, time.Hour + time.Minute, 0},
		"a window that frees a call soon is waited for":             {(*spill).spread, 1, time.Minute, 1},
		"one that frees too few soon takes what it can":             {(*spill).spread, 60, 61 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSpill(t, spreadCalls)
				s.Start()
				tt.before(s, t)
				for i := range tt.push {
					s.push(t, tier("after"+strconv.Itoa(i), "gold"))
				}
				time.Sleep(tt.after)
				single, delivery := len(s.route.calls()), len(s.delivery.calls())
				assert.Equal(t, tt.push, single+delivery, "nothing waits")
				assert.InDelta(t, tt.single, single, 1)
				assert.Equal(t, min(delivery, 1), s.said("The quota is used up: updates go by route delivery, each of these calls is billed"))
				assert.Zero(t, s.said("The quota is used up: updates wait"))
				assert.NotContains(t, errorsOf(s.reported()), "quota", "updates do not wait")

				time.Sleep(2 * time.Hour)
				s.push(t, tier("later", "gold"))
				time.Sleep(time.Second)
				assert.Len(t, s.route.calls(), 1, "there is room")
				assert.Empty(t, s.delivery.calls())
				assert.Equal(t, min(delivery, 1), s.said("The quota has room again: updates go by route single"))
				assert.Equal(t, map[string]int{"delivered": spreadCalls + 1 + tt.push}, s.counts("records"))
				s.Stop()
			})
		})
	}
}

func errorsOf(reported []error) string {
	var texts []string
	for _, err := range reported {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	return strings.Join(texts, "\n")
}

// Nothing tells the call that waits for the quota that it does so for too long, but that time passes.
func TestOverflow_BeginsWhileACallWaitsForTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpill(t, spreadCalls)
		s.Start()
		s.spread(t)
		s.push(t, visitors(10)...)
		time.Sleep(59 * time.Second)
		assert.Empty(t, s.delivery.calls(), "the quota frees a call soon")
		single := len(s.route.calls())
		assert.InDelta(t, 1, single, 1)
		time.Sleep(2 * time.Second)
		assert.Equal(t, 10, single+len(s.route.calls())+len(s.delivery.calls()))
		s.Stop()
	})
}

// A call waits for the quota on behalf of what the overflow cannot carry: nobody else waits with it.
func TestOverflow_WhatItCannotCarryWaitsForTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpill(t, 10)
		s.Start()
		s.push(t, visitors(10)...)
		time.Sleep(time.Second)
		s.route.calls()
		s.push(t,
			record{"part", map[string]string{"a": "1", "b": large, "c": "3"}},
			record{"none", map[string]string{"a": large}},
			tier("all", "gold"),
		)
		time.Sleep(time.Second)
		got := make(map[string]map[string]string)
		for _, c := range s.delivery.calls() {
			got[c.visitor] = c.parameters
		}
		assert.Equal(t, map[string]map[string]string{"part": {"a": "1", "c": "3"}, "all": {"tier": "gold"}}, got)
		assert.Equal(t, 2, s.outbox.Held().Visitors)
		assert.Equal(t, 2, s.counts("outbox.visitors")["quota"])

		for i := range 100 { // none of them waits
			s.push(t, tier("later"+strconv.Itoa(i), "gold"))
			time.Sleep(time.Second)
			require.Len(t, s.delivery.calls(), 1)
		}
		s.push(t, record{"part", map[string]string{"b": "2", "d": "4"}})
		time.Sleep(time.Minute)
		assert.Empty(t, s.delivery.calls(), "it waits with what is left")

		time.Sleep(time.Hour)
		got = make(map[string]map[string]string)
		for _, c := range s.route.calls() {
			got[c.visitor] = c.parameters
		}
		assert.Equal(t, map[string]map[string]string{"part": {"b": "2", "d": "4"}, "none": {"a": large}}, got)
		assert.Equal(t, map[string]int{"single": 10 + 3, "delivery": 1 + 100}, s.went(t), "records count where the last of them went")
		assert.Equal(t, map[string]int{"delivered": 114}, s.counts("records"))
		s.Stop()
	})
}

// TestOverflow_WhatWaitsForTheQuotaIsLeftAlone looks at what the sender does while
// many updates wait that the overflow cannot carry: nothing.
func TestOverflow_WhatWaitsForTheQuotaIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		s := newSpill(t, 1, func(set *setup) {
			carries := set.Overflow.Carries
			set.Overflow.Carries = func(p *profile.Parameter) bool {
				asked.Add(1)
				return carries(p)
			}
		})
		s.Start()
		s.push(t, tier("first", "gold"))
		time.Sleep(time.Second)
		for i := range 50 {
			s.push(t, tier("v"+strconv.Itoa(i), large))
		}
		time.Sleep(30 * time.Minute)
		assert.EqualValues(t, 50, asked.Load())
		assert.Empty(t, s.delivery.calls())
		s.Stop()
	})
}

func TestOverflow_WhatDeliveryRefusesWaitsForTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpill(t, 10)
		s.delivery.fails(refusedWith(400, "status_400"), "x")
		s.Start()
		s.push(t, visitors(10)...)
		time.Sleep(time.Second)
		s.push(t, tier("a", "gold"))
		time.Sleep(time.Second)
		s.push(t, tier("x", "gold"))
		time.Sleep(time.Second)
		s.push(t, tier("b", "gold"))
		time.Sleep(10 * time.Minute)
		assert.Len(t, s.delivery.calls(), 3, "it is not asked again")
		assert.Equal(t, map[string]int{"delivered": 12}, s.counts("records"))
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 13}, s.counts("records"))
		assert.Equal(t, map[string]int{"single": 11, "delivery": 2}, s.went(t))
		s.Stop()
	})
}

func TestOverflow_AnOutageOfOneWayLeavesTheOtherAlone(t *testing.T) {
	t.Run("delivery fails, and the quota has room again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 100)
			s.delivery.answers(down)
			s.Start()
			s.push(t, visitors(100)...)
			time.Sleep(time.Second)
			s.push(t, visitors(100)...)
			time.Sleep(30 * time.Minute)
			assert.NotZero(t, s.said("Outage: no call gets through"))
			assert.Contains(t, errorsOf(s.reported()), "outage: calls to acme.invalid (route delivery) end with status_503")
			assert.Less(t, len(s.delivery.calls()), 150, "one call at a time finds out")
			assert.Equal(t, map[string]int{"delivered": 100}, s.counts("records"))
			assert.Equal(t, 100, s.outbox.Held().Visitors)
			assert.False(t, s.primary.health.careful())
			time.Sleep(29*time.Minute + 45*time.Second)
			s.route.calls()
			time.Sleep(30 * time.Second)
			assert.GreaterOrEqual(t, len(s.route.calls()), 99, "at once, when the quota has room")
			s.Stop()
		})
	})
	t.Run("delivery gets through again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 100)
			s.delivery.answers(down)
			s.Start()
			s.push(t, visitors(100)...)
			time.Sleep(time.Second)
			s.push(t, visitors(100)...)
			time.Sleep(10 * time.Minute)
			s.delivery.answers(taken)
			time.Sleep(2 * time.Minute)
			assert.Equal(t, map[string]int{"single": 100, "delivery": 100}, s.went(t))
			reported := s.reported()
			require.NoError(t, reported[len(reported)-1], "all is well")
			s.Stop()
		})
	})
	t.Run("single fails, and delivery gets through", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 40)
			s.route.answers(down)
			s.Start()
			s.push(t, visitors(30)...)
			time.Sleep(20 * time.Minute)
			require.NotZero(t, s.said("Outage: no call gets through"))
			assert.Equal(t, map[string]int{"delivery": 30}, s.went(t), "when the quota is used up by calls that fail")
			s.push(t, tier("later", "gold"))
			time.Sleep(time.Second)
			assert.Equal(t, map[string]int{"delivery": 31}, s.went(t))
			assert.Zero(t, s.said("The outage is over"), "nothing says so of single")
			s.Stop()
		})
	})
	t.Run("both fail, and delivery gets through again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 40)
			s.route.answers(down)
			s.delivery.answers(down)
			s.Start()
			s.push(t, visitors(30)...)
			time.Sleep(40 * time.Minute)
			require.NotZero(t, s.said("Outage: no call gets through"))
			s.delivery.answers(taken)
			time.Sleep(5 * time.Minute)
			require.Equal(t, map[string]int{"delivery": 30}, s.went(t))
			reported := s.reported()
			require.ErrorContains(t, reported[len(reported)-1], "outage: calls to acme.invalid end with status_503", "of single nothing is known")
			s.Stop()
		})
	})
	t.Run("delivery refuses everybody", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 40)
			s.delivery.answers(refusedWith(400, "status_400"))
			s.Start()
			s.push(t, visitors(40)...)
			time.Sleep(time.Second)
			s.push(t, visitors(30)...)
			time.Sleep(10 * time.Minute)
			require.NotZero(t, s.said("Target refuses all calls"))
			s.delivery.answers(taken)
			time.Sleep(5 * time.Minute)
			assert.Equal(t, map[string]int{"single": 40, "delivery": 30}, s.went(t), "nobody waits for the quota")
			s.Stop()
		})
	})
	t.Run("delivery fails while calls of single last", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 8)
			s.route.latency = 30 * time.Minute
			s.delivery.answers(down)
			s.Start()
			s.push(t, visitors(30)...)
			time.Sleep(5 * time.Minute)
			assert.Greater(t, len(s.delivery.calls()), 20, "one call at a time finds out meanwhile")
			s.Stop()
		})
	})
	t.Run("single fails while calls of delivery last", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 5)
			s.route.answers(down)
			s.delivery.latency = 3 * time.Hour
			s.Start()
			s.push(t, visitors(10)...)
			time.Sleep(58 * time.Minute)
			require.Len(t, s.route.calls(), 5)
			s.push(t, tier("waits", large))
			time.Sleep(5 * time.Minute)
			assert.NotEmpty(t, s.route.calls(), "one call at a time finds out meanwhile")
			s.Stop()
		})
	})
	t.Run("delivery asks for no calls, and single frees some", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, spreadCalls)
			slowDown := throttled
			slowDown.RetryAfter = 3 * time.Hour
			s.delivery.answers(slowDown)
			s.Start()
			s.spread(t)
			s.push(t, visitors(60)...)
			time.Sleep(5 * time.Minute)
			s.route.calls()
			time.Sleep(20 * time.Minute)
			assert.InDelta(t, 30, len(s.route.calls()), 2, "one every forty seconds")
			assert.Equal(t, 1, s.said("The quota is used up: updates go by route delivery"))
			assert.Zero(t, s.said("The quota has room again"), "what it frees is used at once")
			assert.LessOrEqual(t, len(s.delivery.calls()), s.set.Concurrency, "those that were under way")
			s.Stop()
		})
	})
}

func TestOverflow_AnEntryThatFailsAloneByDeliveryIsPutOffForLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpill(t, 10)
		s.delivery.fails(down, "x")
		s.Start()
		s.push(t, visitors(10)...)
		time.Sleep(time.Second)
		calls := 0
		for range 50 * 60 / 5 {
			s.push(t, tier("healthy", "1"))
			time.Sleep(time.Second)
			s.push(t, tier("x", "1"))
			time.Sleep(4 * time.Second)
			for _, c := range s.delivery.calls() {
				if c.visitor == "x" {
					calls++
				}
			}
		}
		assert.Greater(t, calls, 5)
		assert.Less(t, calls, 20, "each is billed")
		time.Sleep(2 * time.Hour)
		assert.Equal(t, 1200+10, s.counts("records")["delivered"], "single takes it")
		s.Stop()
	})
}

// TestOverflow_NoValueEverGoesBack pushes at random while the quota is used up now and then, with
// both routes failing at random.
func TestOverflow_NoValueEverGoesBack(t *testing.T) {
	answers := []route.Answer{down, throttled, forbidden, refused, {Verdict: route.NotNow, Reason: route.ReasonTimeout}}
	overflowed := 0
	for seed := range 30 {
		t.Run("seed "+strconv.Itoa(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := newRandom(seed)
				s := newSpill(t, 5+random(20), func(set *setup) {
					set.Concurrency = 1 + random(8)
					set.outbox.MergeWindow = time.Duration(random(3)) * time.Second
					set.quota.Quota.Window = 10 * time.Minute
					set.route.perCall = random(4)
					set.route.latency = time.Duration(random(2000)) * time.Millisecond
					set.Overflow.After = time.Duration(1+random(60)) * time.Second
				})
				s.delivery.perCall, s.delivery.latency = random(4), time.Duration(random(2000))*time.Millisecond
				order := &inOrder{latest: make(map[string]int), want: make(map[string]int)}
				order.broken.Store(4)
				for _, r := range []*fakeRoute{s.route, s.delivery} {
					r.decide(func(c call) route.Answer {
						order.see(t, c)
						if random(int(order.broken.Load())) == 0 {
							return answers[random(len(answers))]
						}
						return taken
					})
				}
				s.Start()
				for value := 1; value <= 200; value++ {
					order.broken.Store(int64(2 + random(6)))
					r := record{"v" + strconv.Itoa(random(6)), make(map[string]string)}
					for range 1 + random(4) {
						name, text := "p"+strconv.Itoa(random(6)), strconv.Itoa(value)
						if random(5) == 0 {
							text += large
						}
						r.parameters[name] = text
						order.want[r.visitor+name] = value
					}
					s.push(t, r)
					time.Sleep(time.Duration(random(6000)) * time.Millisecond)
				}
				order.broken.Store(1 << 40)
				time.Sleep(5 * time.Hour)
				s.Stop()
				assert.Equal(t, order.want, order.latest)
				assert.Zero(t, s.outbox.Held().Records)
				counted := 0
				for _, n := range s.counts("records") {
					counted += n
				}
				assert.Equal(t, 200, counted, "each record ends once")
				overflowed += s.went(t)["delivery"]
				assert.Zero(t, s.share.calling, "no retry is under way")
				assert.Zero(t, s.overflow.calls.Load()+s.primary.calls.Load())
			})
		})
	}
	assert.Greater(t, overflowed, 100, "of all seeds")
}

func TestOverflow_NothingIsLostAtAShutdown(t *testing.T) {
	t.Run("what waits in memory goes by delivery until the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 10)
			s.delivery.latency = time.Second
			s.Start()
			s.push(t, visitors(60)...)
			time.Sleep(100 * time.Millisecond)
			s.push(t, tier("waits", large))
			ctx, end := context.WithTimeout(t.Context(), time.Minute)
			defer end()
			release := s.Hasten(ctx)
			s.Drain()
			release()
			assert.Equal(t, map[string]int{"delivered": 60, "rejected shutdown": 1}, s.counts("records"))
			assert.Equal(t, map[string]int{"single": 10, "delivery": 50}, s.went(t))
		})
	})
	t.Run("what is under way at a stop has its outcome, the rest stays", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, 10, func(set *setup) { set.Concurrency = 4 })
			s.delivery.latency = 10 * time.Second
			s.Start()
			s.push(t, visitors(60)...)
			time.Sleep(15 * time.Second)
			s.Stop()
			sum := s.outbox.Held().Records
			for _, n := range s.counts("records") {
				sum += n
			}
			assert.Equal(t, 60, sum)
			assert.Equal(t, map[string]int{"single": 10, "delivery": 8}, s.went(t))
		})
	})
}

// Where the quota has room nothing is asked twice, and nothing is said.
func TestOverflow_SaysNothingWhileTheQuotaHasRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpill(t, 100)
		s.Start()
		s.push(t, visitors(50)...)
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"single": 50}, s.went(t))
		assert.Empty(t, s.logs.FilterLevelExact(zapcore.WarnLevel).All())
		assert.Empty(t, s.reported())
		s.Stop()
	})
}

// Two routes that call at once say together how many calls are under way.
func TestOverflow_ConcurrencyIsThatOfBothRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpill(t, 2, func(set *setup) { set.Concurrency = 3 })
		var mu sync.Mutex
		now, most := 0, 0
		for _, r := range []*fakeRoute{s.route, s.delivery} {
			r.decide(func(call) route.Answer {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(5 * time.Second)
				mu.Lock()
				now--
				mu.Unlock()
				return taken
			})
		}
		s.Start()
		s.push(t, visitors(30)...)
		time.Sleep(2 * time.Minute)
		s.Stop()
		assert.Equal(t, 3, most)
		assert.Equal(t, map[string]int{"single": 2, "delivery": 28}, s.went(t))
	})
}
