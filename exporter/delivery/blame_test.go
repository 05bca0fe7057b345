// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// TestAnOutageOfSomeVisitorsGivesNobodyUp has a long time in which Target answers for some
// of the visitors only, always the same, as when one of its parts is down.
func TestAnOutageOfSomeVisitorsGivesNobodyUp(t *testing.T) {
	for _, share := range []int{1, 3, 6, 9} {
		for traffic, steps := range map[int]int{2: 1000, 100: 100} {
			t.Run(strconv.Itoa(share*10)+" percent of "+strconv.Itoa(traffic), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := queued(t, nil)
					f.target.answer = func(visitor string, _ url.Values) route.Answer {
						if n, _ := strconv.Atoi(visitor[1:]); n%10 < share {
							return down
						}
						return delivered
					}
					held, next := logs(), 0
					for range steps {
						if held.LogRecordCount() == 0 {
							held = logs(visitors(100)[next : next+traffic]...)
							next = (next + traffic) % 100
						}
						held = f.consume(t, held)
						time.Sleep(3 * time.Second)
					}
					assert.NotContains(t, f.counts(t, "records"), "rejected attempts_exhausted")
					end(t, f)
				})
			})
		}
	}
}

// consume sends a batch and returns what is held of it.
func (f *fixture) consume(t *testing.T, ld plog.Logs) (held plog.Logs) {
	t.Helper()
	if err := f.Consume(t.Context(), ld); err != nil {
		return heldOf(ld, err)
	}
	return logs()
}

func TestAVisitorIsNotBlamedForFewerCallsBeingAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.answer = func(visitor string, _ url.Values) route.Answer {
			if visitor == "v0" {
				return throttled
			}
			return delivered
		}
		held := logs()
		for range 600 {
			if held.LogRecordCount() == 0 {
				held = logs(visitors(100)...)
			}
			held = f.consume(t, held)
			time.Sleep(time.Second)
		}
		assert.NotContains(t, f.counts(t, "records"), "rejected attempts_exhausted")
		assert.Zero(t, f.Deferred.Records())
		end(t, f)
	})
}

// TestAVisitorWithMoreRecordsThanCanBeDeferredDoesNotHoldUpTheQueue keeps of a visitor
// what its update needs and counts the rest.
func TestAVisitorWithMoreRecordsThanCanBeDeferredDoesNotHoldUpTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		f := queued(t, d)
		f.target.fail("poison")
		poisoned, others := 0, 0
		for range 3 {
			records := []record{tier("healthy", "1")}
			others++
			for range 4_000 {
				poisoned++
				records = append(records, tier("poison", strconv.Itoa(poisoned)))
			}
			require.NoError(t, f.Consume(t.Context(), logs(records...)))
			time.Sleep(time.Minute)
		}
		assert.Equal(t, map[string]int{"delivered": others}, f.counts(t, "records"))
		assert.Equal(t, poisoned, f.Deferred.Records(), "all are held")
		end(t, f)

		f = queued(t, d.rebooted(), func(set *Settings) { set.Sender.(*fakeTarget).fail("poison") })
		assert.Equal(t, poisoned, f.Deferred.Records(), "over a restart too")
		for range 120 {
			require.NoError(t, f.Consume(t.Context(), logs(visitors(20)...)))
			time.Sleep(time.Second)
		}
		assert.Equal(t, map[string]int{"delivered": 2_400, "rejected attempts_exhausted": poisoned}, f.counts(t, "records"))
		end(t, f)
	})
}

func TestTheLatestValueOfADeferredVisitorIsTheOneThatArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("a")
		want := map[string]string{}
		total := 0
		for round := range 20 {
			var records []record
			for i := range 10 {
				name, value := "p"+strconv.Itoa((round+i*i)%7), strconv.Itoa(total)
				records = append(records, record{"a", map[string]string{name: value}})
				want[name] = value
				total++
			}
			require.NoError(t, f.Consume(t.Context(), logs(records...)))
			time.Sleep(time.Second)
		}
		f.target.fail()
		time.Sleep(time.Minute)
		assert.Equal(t, want, f.target.attributes("a"))
		assert.Equal(t, map[string]int{"delivered": total}, f.counts(t, "records"))
		assert.Zero(t, f.Deferred.Records())
		end(t, f)
	})
}

// TestABatchOfWhichOnlyFailingVisitorsAreLeftDoesNotHoldUpTheQueue has more of them in a
// row than are tried before the rest of a batch goes back.
func TestABatchOfWhichOnlyFailingVisitorsAreLeftDoesNotHoldUpTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil, func(set *Settings) { set.Concurrency = 1 })
		f.target.fail("v0", "v1", "v2", "v3", "v4", "v5")
		held := f.consume(t, logs(visitors(6)...))
		for range 3 {
			if held.LogRecordCount() > 0 {
				time.Sleep(time.Second)
				held = f.consume(t, held)
			}
		}
		assert.Zero(t, held.LogRecordCount())
		require.NoError(t, f.Consume(t.Context(), logs(tier("healthy", "1"))))
		end(t, f)
	})
}

// TestWhoFailsWhileFewOthersGetThroughIsNotGivenUp has little to tell an outage of some
// visitors from updates that Target can not digest: the others are few, or many fail.
func TestWhoFailsWhileFewOthersGetThroughIsNotGivenUp(t *testing.T) {
	odd := make([]string, 100)
	for i := range odd {
		odd[i] = "v" + strconv.Itoa(2*i+1)
	}
	tests := map[string]struct {
		fail        []string
		first, next []record
	}{
		"half of all fail, and then one of the others comes again and again": {odd, visitors(200), []record{tier("same", "1")}},
		"two fail, and two others come again and again": {
			[]string{"x", "y"}, append(visitors(5), tier("x", "1"), tier("y", "1")), []record{tier("same", "1"), tier("same2", "1")},
		},
		"one fails beside fewer than have to get through": {[]string{"x"}, append(visitors(9), tier("x", "1")), visitors(9)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := queued(t, nil)
				f.target.fail(tt.fail...)
				held := f.consume(t, logs(tt.first...))
				for range 1000 {
					if held.LogRecordCount() == 0 {
						held = logs(tt.next...)
					}
					held = f.consume(t, held)
					time.Sleep(2 * time.Second)
				}
				assert.NotContains(t, f.counts(t, "records"), "rejected attempts_exhausted")
				assert.Equal(t, len(tt.fail), f.Deferred.Records()+held.LogRecordCount())
				end(t, f)
			})
		})
	}
}

func TestTwoThatFailAreBothRejectedWhenEnoughOthersGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("x", "y")
		for range 60 {
			require.NoError(t, f.Consume(t.Context(), logs(append(visitors(throughPerFailing), tier("x", "1"), tier("y", "1"))...)))
			time.Sleep(2 * time.Second)
		}
		assert.Positive(t, f.counts(t, "records")["rejected attempts_exhausted"])
		end(t, f)
	})
}
