// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"errors"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestAnOutageCostsAHandfulOfCalls(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.Concurrency = 8 })
	f.target.answer = func(string, url.Values) route.Answer { return down }
	batch := logs(visitors(1000)...)

	require.Error(t, f.Consume(t.Context(), batch))
	assert.LessOrEqual(t, f.target.count(), 8+maxFailures, "those under way when it begins, and no more")
	for range 5 {
		require.Error(t, f.Consume(t.Context(), batch))
		assert.Equal(t, maxFailures, f.target.count(), "each retry probes")
	}

	f.target.answer = nil
	require.NoError(t, f.Consume(t.Context(), batch))
	assert.Equal(t, 1000, f.target.count())
	assert.Empty(t, f.logs.All(), "an outage is the helper's to say")
}

func TestTooManyRequestsEndsTheBatchAtOnce(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.Concurrency = 1 })
	f.target.answer = func(string, url.Values) route.Answer {
		return throttled
	}
	require.ErrorContains(t, f.Consume(t.Context(), logs(visitors(100)...)), "answered with the status 429")
	assert.Equal(t, 1, f.target.count())
}

func TestAVisitorThatAlwaysFailsDoesNotHoldUpTheOthers(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "v0" {
			return down
		}
		return delivered
	}
	err := f.Consume(t.Context(), logs(visitors(500)...))
	assert.Equal(t, []string{"v0"}, held(t, err))
	assert.Equal(t, map[string]int{"delivered": 499}, f.counts(t, "records"))
}

func TestVisitorsAtTheHeadOfABatchWhoAloneFailDoNotHoldUpTheOthers(t *testing.T) {
	for name, answer := range map[string]route.Answer{"5xx": down, "forbidden for their content": forbidden} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(set *Settings) { set.Concurrency = 1 })
			f.target.answer = func(visitor string, _ url.Values) route.Answer {
				if visitor == "v0" || visitor == "v1" || visitor == "v2" || visitor == "v3" {
					return answer
				}
				return delivered
			}
			batch := logs(visitors(500)...)
			for range 3 {
				err := f.Consume(t.Context(), batch)
				require.Error(t, err)
				if carried, ok := errors.AsType[consumererror.Logs](err); ok {
					batch = carried.Data()
				}
			}
			assert.Equal(t, map[string]int{"delivered": 496}, f.counts(t, "records"))
			assert.LessOrEqual(t, len(f.reports), 3, "of the set-up only when nobody gets through")
		})
	}
}

func TestAFaultOfTheSetUpHoldsEverythingAndIsSaidOnce(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.Concurrency = 4 })
	var broken atomic.Bool
	broken.Store(true)
	f.target.answer = func(string, url.Values) route.Answer {
		if broken.Load() {
			return forbidden
		}
		return delivered
	}
	batch := logs(visitors(100)...)
	require.ErrorContains(t, f.Consume(t.Context(), batch), "code = Unavailable")
	assert.LessOrEqual(t, f.target.count(), 4+maxFailures)
	for range 3 {
		require.Error(t, f.Consume(t.Context(), batch))
		assert.Equal(t, maxFailures, f.target.count(), "each retry probes")
	}
	require.Len(t, f.reports, 1)
	require.ErrorContains(t, f.reports[0], "calls to Target end with status_403")
	assert.Equal(t, 1, f.logs.FilterMessage("Target does not let us in").Len())

	broken.Store(false)
	require.NoError(t, f.Consume(t.Context(), batch))
	require.Len(t, f.reports, 2)
	require.NoError(t, f.reports[1])
	assert.Equal(t, 1, f.logs.FilterMessage("Target lets us in again").Len())
	assert.Equal(t, map[string]int{"delivered": 100}, f.counts(t, "records"))
}

func TestCallsRunInParallelUpToTheConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *Settings) { set.Concurrency = 5 })
		var now, most atomic.Int32
		f.target.answer = func(string, url.Values) route.Answer {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return delivered
		}
		start := time.Now()
		require.NoError(t, f.Consume(t.Context(), logs(visitors(50)...)))
		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.Equal(t, int32(5), most.Load())
	})
}

func TestThatTheQuotaCanNotBeWrittenIsSaidOnceUntilItCan(t *testing.T) {
	d := newDisk()
	account := quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 1000, Window: time.Hour, Storage: &storageID, Reservation: 1}})
	_, err := account.Persist(t.Context(), d, storageID, quota.Key{ClientCode: "acme", Endpoint: "http://target.example"})
	require.NoError(t, err)
	f := newFixture(t, func(set *Settings) { set.Account = account })
	said := func() int { return f.logs.FilterMessageSnippet("quota account can not be written").Len() }
	for outages := range 2 {
		d.fill(true)
		for range 5 {
			require.ErrorContains(t, f.Consume(t.Context(), logs(visitors(2)...)), "the quota account can not be written")
		}
		assert.Equal(t, outages+1, said())
		d.fill(false)
		require.NoError(t, f.Consume(t.Context(), logs(visitors(2)...)))
	}
}
