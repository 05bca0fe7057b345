// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// queued is a fixture behind a queue with one consumer, so that records can be
// deferred: on the disk, or in memory without one.
func queued(t *testing.T, d *disk, change ...func(*Settings)) *fixture {
	t.Helper()
	return newFixture(t, append([]func(*Settings){func(set *Settings) {
		var err error
		set.Consumers, set.Retry, set.MaxAttempts = 1, testRetry, 10
		if d == nil {
			set.Deferred, err = deferred.Open(t.Context(), nil, testRetry, time.Now(), nil)
			require.NoError(t, err)
			return
		}
		client, err := d.GetClient(t.Context(), component.KindExporter, component.ID{}, "deferred")
		require.NoError(t, err)
		set.Deferred, err = deferred.Open(t.Context(), client, testRetry, time.Now(), func(ld plog.Logs) profile.Visitor {
			return VisitorOf(t.Context(), set.Mapper, ld)
		})
		require.NoError(t, err)
	}}, change...)...)
}

// failFor lets the calls of some visitors fail.
func failFor(visitors ...string) func(string, url.Values) route.Answer {
	return func(visitor string, _ url.Values) route.Answer {
		if slices.Contains(visitors, visitor) {
			return down
		}
		return delivered
	}
}

func end(t *testing.T, f *fixture) {
	t.Helper()
	f.Stop()
	f.Close(context.WithoutCancel(t.Context()))
}

func TestAVisitorThatFailsAloneDoesNotHoldUpTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("v0")
		require.NoError(t, f.Consume(t.Context(), logs(visitors(100)...)), "the queue may go on")
		assert.Equal(t, map[string]int{"delivered": 99}, f.counts(t, "records"), "its record is held")
		metadatatest.AssertEqualAdobeTargetRecordsDeferred(t, f.telemetry, []metricdata.DataPoint[int64]{
			{Attributes: attribute.NewSet(attribute.String("exporter", "")), Value: 1},
		}, metricdatatest.IgnoreTimestamp())

		said := f.logs.FilterMessageSnippet("are deferred").All()
		require.Len(t, said, 1)
		assert.Equal(t, map[string]any{"reason": "status_503", "deferred_records": int64(1)}, said[0].ContextMap())

		start := time.Now()
		require.NoError(t, f.Consume(t.Context(), logs(record{"other", map[string]string{"tier": "gold"}})))
		assert.Zero(t, time.Since(start))

		f.target.fail()
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"delivered": 101}, f.counts(t, "records"))
		assert.Equal(t, "gold", f.target.attributes("v0")["tier"])
		assert.Zero(t, f.Deferred.Records())
		end(t, f)
	})
}

func TestAnUpdateThatFailsAloneIsRejectedAfterItsAttempts(t *testing.T) {
	for name, answer := range map[string]route.Answer{
		"5xx": down, "forbidden": forbidden, "times out": {Verdict: route.NotNow, Reason: route.ReasonTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := queued(t, nil)
				var mu sync.Mutex
				attempts := 0
				f.target.answer = func(visitor string, _ url.Values) route.Answer {
					if visitor != "poison" {
						return delivered
					}
					mu.Lock()
					defer mu.Unlock()
					attempts++
					return answer
				}
				poison := record{"poison", map[string]string{"tier": "gold"}}
				require.NoError(t, f.Consume(t.Context(), logs(poison, record{"v0", poison.parameters})))
				for range 200 {
					require.NoError(t, f.Consume(t.Context(), logs(visitors(20)...)))
					time.Sleep(time.Second)
				}
				assert.Equal(t, map[string]int{"delivered": 4001, "rejected attempts_exhausted": 1}, f.counts(t, "records"))
				assert.Equal(t, 10, attempts)
				assert.Empty(t, f.reports, "it is not the set-up that is wrong")
				assert.Zero(t, f.Deferred.Records())
				end(t, f)
			})
		})
	}
}

func TestRecordsOfADeferredVisitorWaitForTheOlderOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("a")
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"))))
		f.target.fail()
		f.target.count()
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "2"), tier("b", "2"), record{"a", map[string]string{"store": "12"}})))
		assert.Equal(t, map[string]string{"tier": "2"}, f.target.attributes("b"))
		assert.Empty(t, f.target.attributes("a"))

		time.Sleep(time.Minute)
		assert.Equal(t, map[string]string{"tier": "2", "store": "12"}, f.target.attributes("a"))
		assert.Equal(t, 2, f.target.count(), "one for each visitor")
		assert.Equal(t, map[string]int{"delivered": 5}, f.counts(t, "records"))
		end(t, f)
	})
}

// TestInAnOutageNothingIsGivenUp lets single records trickle in while nothing gets
// through for a day. The caller waits and tries again as the helper does.
func TestInAnOutageNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		require.NoError(t, f.Consume(t.Context(), logs(tier("before", "1"))))
		f.target.everybodyFails()
		records, held := 0, logs()
		for step := range 24 * 60 * 60 / 8 {
			if held.LogRecordCount() == 0 {
				records++
				held = logs(tier("v"+strconv.Itoa(step), "1"))
			}
			if f.Consume(t.Context(), held) == nil {
				held = logs()
			}
			time.Sleep(8 * time.Second)
			if calls := f.target.count(); step > 20 { // once the pauses have grown
				assert.LessOrEqual(t, calls, 2*maxFailures, "a handful of calls in each backoff step")
			}
		}
		assert.Equal(t, map[string]int{"delivered": 1}, f.counts(t, "records"))
		assert.Equal(t, maxUnproven+1, records, "from then on the queue stands still")
		f.target.fail()
		require.NoError(t, f.Consume(t.Context(), held))
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"delivered": 1 + records}, f.counts(t, "records"))
		end(t, f)
	})
}

func TestWhereTargetTakesOnlySomeCallsNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		var mu sync.Mutex
		n := 0
		f.target.answer = func(visitor string, _ url.Values) route.Answer {
			mu.Lock()
			defer mu.Unlock()
			n++
			if visitor != "unlucky" && n%5 == 0 {
				return delivered
			}
			return down
		}
		batch := logs(append(visitors(50), tier("unlucky", "1"))...)
		for range 500 {
			if batch.LogRecordCount() == 0 {
				batch = logs(visitors(50)...)
			}
			if err := f.Consume(t.Context(), batch); err == nil {
				batch = logs()
			}
			time.Sleep(5 * time.Second)
		}
		assert.NotContains(t, f.counts(t, "records"), "rejected attempts_exhausted")
		end(t, f)
	})
}

func TestABatchOfOneVisitorThatFailsDoesNotKeepTheQueueFromGoingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("poison")
		require.NoError(t, f.Consume(t.Context(), logs(tier("poison", "1"))))
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"))))
		assert.Equal(t, map[string]int{"delivered": 1}, f.counts(t, "records"))
		end(t, f)
	})
}

func TestWithoutAQueueTheCallerKeepsWhatFailsUntilItsAttemptsAreUsed(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.MaxAttempts = 10 })
	f.target.fail("poison")
	attempts := 0
	for err := error(nil); ; attempts++ {
		err = f.Consume(t.Context(), logs(tier("poison", "1")))
		if err == nil {
			break
		}
		require.Less(t, attempts, 20)
		require.NoError(t, f.Consume(t.Context(), logs(visitors(othersThrough)...)))
	}
	assert.Equal(t, 9, attempts, "the tenth is the last")
	assert.Equal(t, map[string]int{"delivered": 9 * othersThrough, "rejected attempts_exhausted": 1}, f.counts(t, "records"))
}

func TestDeferredRecordsComeOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		f := queued(t, d)
		f.target.fail("a")
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"))))
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "2"))))
		end(t, f)

		again := queued(t, d.rebooted())
		require.NoError(t, again.Consume(t.Context(), logs(tier("a", "3"), tier("c", "3"))))
		time.Sleep(time.Minute)
		end(t, again)
		assert.Equal(t, map[string]map[string]string{"a": {"tier": "3"}, "c": {"tier": "3"}}, again.target.profile)
		assert.Equal(t, map[string]int{"delivered": 4}, again.counts(t, "records"))

		last := queued(t, d.rebooted(), func(set *Settings) { set.Sender.(*fakeTarget).fail("a") })
		assert.Equal(t, 2, last.Deferred.Records(), "what ended in a run that is not on this disk")
		end(t, last)
	})
}

func TestWhatCanNotBeWrittenDownStaysInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		f := queued(t, d)
		f.target.fail("a")
		d.fill(true)
		err := f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1")))
		assert.Equal(t, []string{"a"}, held(t, err))
		assert.Equal(t, 1, f.logs.FilterMessageSnippet("can not be deferred").Len())
		assert.Zero(t, f.Deferred.Records())
		d.fill(false)
		require.NoError(t, f.Consume(t.Context(), err2logs(t, err)))
		assert.Equal(t, 1, f.Deferred.Records())
		end(t, f)
	})
}

func TestAVisitorStaysDeferredUntilTheStorageHasLetGoOfItsRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		f := queued(t, d)
		f.target.fail("a")
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"))))
		f.target.fail()
		d.fill(true)
		time.Sleep(time.Minute)
		assert.Equal(t, "1", f.target.attributes("a")["tier"])
		assert.Equal(t, map[string]int{"delivered": 2}, f.counts(t, "records"), "counted once, however often the storage is tried")
		assert.Equal(t, 1, f.logs.FilterMessageSnippet("can not be written down").Len(), "said once")
		require.Error(t, f.Consume(t.Context(), logs(tier("a", "2"))), "the next run would send the 1 again")
		assert.Equal(t, "1", f.target.attributes("a")["tier"])

		d.fill(false)
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "2"))))
		time.Sleep(time.Minute)
		assert.Equal(t, "2", f.target.attributes("a")["tier"])
		assert.Zero(t, f.Deferred.Records())
		end(t, f)
		after := queued(t, d.rebooted())
		assert.Zero(t, after.Deferred.Records())
		end(t, after)
	})
}

func TestWhatIsDeferredInMemoryIsTriedOnceMoreAtTheEnd(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"and gets through":  {"delivered": 2},
		"and is lost":       {"delivered": 1, "rejected shutdown": 1},
		"or not any longer": {"delivered": 1, "rejected shutdown": 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := queued(t, nil)
				f.target.fail("a")
				require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"))))
				f.LastChance("shutdown")
				switch name {
				case "and gets through":
					f.target.fail()
				case "or not any longer":
					f.target.fail()
					f.Stop()
				}
				f.Close(t.Context())
				assert.Equal(t, want, f.counts(t, "records"))
			})
		})
	}
}

func TestDeferredRecordsEndWithTheRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil, func(set *Settings) {
			set.Retry.MaxElapsedTime = 20 * time.Second
			set.MaxAttempts = 0
		})
		f.target.fail("a")
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"))))
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"delivered": 1, "rejected retries_ended": 1}, f.counts(t, "records"))
		end(t, f)
	})
}

func TestStopEndsTheWaitOfDeferredRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		f := queued(t, d, func(set *Settings) {
			set.Account = quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 2, Window: time.Hour}})
		})
		f.target.fail("a")
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"))))
		time.Sleep(time.Minute)
		assert.Equal(t, 2, f.target.count(), "the quota is used up")
		start := time.Now()
		end(t, f)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, f.Deferred.Records())
	})
}

func TestNoMoreCallsAreUnderWayThanTheConcurrencyAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil, func(set *Settings) { set.Concurrency = 2 })
		var mu sync.Mutex
		now, most := 0, 0
		f.target.answer = func(visitor string, _ url.Values) route.Answer {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			now--
			return failFor("v0", "v50")(visitor, nil)
		}
		require.NoError(t, f.Consume(t.Context(), logs(visitors(100)...)), "while the first one is tried again")
		assert.Equal(t, 2, most)
		end(t, f)
	})
}
