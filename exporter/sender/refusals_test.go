// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// refusing are answers with which Target refuses an update, and with which a gateway refuses all.
var refusing = map[string]route.Answer{
	"success is false":       refused,
	"a bad request":          refusedWith(http.StatusBadRequest, "status_400"),
	"gone":                   refusedWith(http.StatusGone, "status_410"),
	"a misdirected request":  refusedWith(http.StatusMisdirectedRequest, "status_421"),
	"a method not allowed":   refusedWith(http.StatusMethodNotAllowed, "status_405"),
	"an upgrade is required": refusedWith(http.StatusUpgradeRequired, "status_426"),
}

func TestRefusals_WhileNothingGetsThroughNothingIsRejected(t *testing.T) {
	for name, answer := range refusing {
		for when, before := range map[string]int{"from the start on": 0, "after calls that got through": 100} {
			t.Run(name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := started(t, func(set *setup) { set.route.latency = 20 * time.Millisecond })
					for i := range before {
						f.push(t, tier("before"+strconv.Itoa(i), "gold"))
					}
					time.Sleep(10 * time.Second)
					f.route.answers(answer)
					f.push(t, visitors(1000)...)
					time.Sleep(time.Hour)
					assert.Equal(t, before, f.counts("records")["delivered"])
					assert.Equal(t, 1000, f.outbox.Held().Records)
					assert.Less(t, len(f.route.calls()), 300, "one call at a time finds out")
					assert.NotZero(t, f.said("Target refuses all calls"))
					require.NotEmpty(t, f.reported())
					require.ErrorContains(t, f.reported()[0], answer.Reason)

					f.route.answers(taken)
					time.Sleep(time.Hour)
					assert.Equal(t, map[string]int{"delivered": 1000 + before}, f.counts("records"))
					assert.Equal(t, 1, f.said("Target takes calls again"))
					f.Stop()
				})
			})
		}
	}
}

// A page of maintenance in the midst of a stream, at any concurrency and for any time.
func TestRefusals_AShortOutageThatRefusesRejectsNobody(t *testing.T) {
	for _, concurrency := range []int{1, 4, 16, 64} {
		for _, lasts := range []time.Duration{200 * time.Millisecond, 4 * time.Second, time.Minute} {
			t.Run(fmt.Sprintf("%d calls at once, %s", concurrency, lasts), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := started(t, func(set *setup) {
						set.Concurrency, set.route.latency, set.outbox.MergeWindow = concurrency, 17*time.Millisecond, 0
					})
					const each = 400
					stream := func(name string) {
						for i := range each {
							f.push(t, tier(name+strconv.Itoa(i), "gold"))
							time.Sleep(13 * time.Millisecond)
						}
					}
					stream("before")
					began := time.Now()
					f.route.decide(func(call) route.Answer {
						if time.Since(began) < lasts {
							return refused
						}
						return taken
					})
					stream("within")
					time.Sleep(2 * time.Minute)
					stream("after")
					time.Sleep(2 * time.Hour)
					assert.Equal(t, map[string]int{"delivered": 3 * each}, f.counts("records"))
					f.Stop()
				})
			})
		}
	}
}

func TestRefusals_OneVisitorThatAloneIsRefusedIsRejectedSoonAndWithoutAnotherCall(t *testing.T) {
	for name, answer := range refusing {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t)
				f.route.fails(answer, "x")
				f.push(t, tier("before", "gold"))
				time.Sleep(6 * time.Second)
				f.push(t, tier("x", "gold"))
				time.Sleep(20 * time.Second)
				assert.Equal(t, map[string]int{"delivered": 1}, f.counts("records"), "nobody else was called since")
				assert.Equal(t, 1, f.counts("outbox.visitors")[causeAlone])
				f.push(t, tier("after", "gold"))
				time.Sleep(6 * time.Second)
				assert.Equal(t, map[string]int{"delivered": 2, "rejected " + answer.Reason: 1}, f.counts("records"))
				assert.Len(t, f.route.calls(), 3)
				assert.Zero(t, f.said("Target refuses all calls"))
				assert.Zero(t, f.outbox.Held().Visitors)
				f.Stop()
			})
		})
	}
}

// Nobody can tell whether it is the visitor or everybody, so it is asked again, at ever longer pauses.
func TestRefusals_WhereNobodyElseIsCalledNoneIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.route.fails(refused, "x")
		f.push(t, tier("before", "gold"))
		time.Sleep(6 * time.Second)
		f.push(t, tier("x", "gold"))
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 1}, f.counts("records"))
		assert.Less(t, len(f.route.calls()), 80)
		for range 30 {
			f.push(t, tier("after", "gold"))
			time.Sleep(10 * time.Second)
		}
		assert.Equal(t, 1, f.counts("records")["rejected refused"])
		f.Stop()
	})
}

func TestRefusals_AreNotHeldForLongerThanRetriesLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) { set.Retry.MaxElapsedTime = time.Minute })
		f.route.fails(refused, "x")
		f.push(t, tier("before", "gold"))
		time.Sleep(6 * time.Second)
		f.push(t, tier("x", "gold"))
		time.Sleep(5 * time.Minute)
		assert.Equal(t, 1, f.counts("records")["rejected refused"]+f.counts("records")["rejected retries_ended"])
		f.Stop()
	})
}

func TestRefusals_HarmNobodyHoweverManyThereAre(t *testing.T) {
	for _, perMille := range []int{5, 30, 300} {
		t.Run(strconv.Itoa(perMille)+" in a thousand", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, func(set *setup) { set.route.latency = 20 * time.Millisecond })
				f.route.decide(func(c call) route.Answer {
					if strings.HasPrefix(c.visitor, "wrong") {
						return refused
					}
					return taken
				})
				const all = 10_000
				wrong := 0
				for i := range all {
					name := "right"
					if i*perMille/1000 != (i+1)*perMille/1000 {
						name, wrong = "wrong", wrong+1
					}
					f.push(t, tier(name+strconv.Itoa(i), "gold"))
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(6 * time.Second)
				assert.Equal(t, all-wrong, f.counts("records")["delivered"], "they arrive in time")
				assert.GreaterOrEqual(t, f.counts("records")["rejected refused"], wrong*9/10, "soon")
				for range 200 {
					time.Sleep(time.Minute)
					f.push(t, tier("one", "gold"), tier("two", "gold"), tier("three", "gold"))
				}
				time.Sleep(time.Minute)
				assert.Equal(t, wrong, f.counts("records")["rejected refused"])
				assert.LessOrEqual(t, len(f.route.calls()), (all+600)*105/100, "few are called twice")
				f.Stop()
			})
		})
	}
}

func TestRefusals_AreAskedOnceMoreAtAShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.route.fails(refused, "x", "y")
		f.push(t, tier("before", "gold"))
		time.Sleep(6 * time.Second)
		f.push(t, tier("x", "gold"))
		time.Sleep(6 * time.Second)
		f.push(t, tier("before", "silver"), tier("y", "gold"))
		drain, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		defer f.Hasten(drain)()
		f.Drain()
		assert.Equal(t, map[string]int{"delivered": 2, "rejected refused": 2}, f.counts("records"))
	})
}
