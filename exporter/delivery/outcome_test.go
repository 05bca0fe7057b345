// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

func TestAnEmptyBatchMakesNoCall(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.Consume(t.Context(), plog.NewLogs()))
	require.NoError(t, f.Consume(t.Context(), logs()))
	assert.Zero(t, f.target.count())
	assert.Empty(t, f.counts(t, "records"))
}

func TestRecordsOfOneVisitorGoInOneCallWithTheirLatestValues(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.Consume(t.Context(), logs(
		record{"a", map[string]string{"tier": "silver", "store": "12"}},
		record{"b", map[string]string{"tier": "none"}},
		record{"a", map[string]string{"tier": "gold"}},
	)))
	assert.Equal(t, map[string]map[string]string{
		"a": {"tier": "gold", "store": "12"},
		"b": {"tier": "none"},
	}, f.target.profile)
	assert.Equal(t, 2, f.target.count())
	assert.Equal(t, map[string]int{"delivered": 3}, f.counts(t, "records"))
	assert.Equal(t, map[string]int{"": 1}, f.counts(t, "records.merged"))
	assert.Equal(t, map[string]int{"delivered 200": 2}, f.counts(t, "calls"))
}

func TestASkippedRecordIsCountedAndHarmsNoNeighbour(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.Consume(t.Context(), logs(
		record{"", map[string]string{"tier": "gold"}},
		record{"a/b", map[string]string{"tier": "gold"}},
		record{"a", map[string]string{"tier": "gold", "user.x": "1", "empty": ""}},
		record{"b", nil},
		record{"c", map[string]string{"big": strings.Repeat("x", 100_000)}},
	)))
	assert.Equal(t, map[string]map[string]string{"a": {"tier": "gold"}}, f.target.profile)
	assert.Equal(t, map[string]int{
		"delivered": 1, "skipped no_visitor": 1, "skipped invalid_visitor": 1,
		"skipped no_parameters": 1, "skipped too_large": 1,
	}, f.counts(t, "records"))
	assert.Equal(t, map[string]int{"reserved_name": 1, "empty": 1, "too_large": 1}, f.counts(t, "parameters.dropped"))
}

func TestARejectedRecordIsCountedAndSaidOnceABatch(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "v3" || visitor == "v7" {
			return refused
		}
		return delivered
	}
	require.NoError(t, f.Consume(t.Context(), logs(visitors(10)...)))
	assert.Equal(t, map[string]int{"delivered": 8, "rejected refused": 2}, f.counts(t, "records"))
	warnings := f.logs.FilterMessageSnippet("rejected").All()
	require.Len(t, warnings, 1)
	assert.Equal(t, map[string]any{"records_by_reason": map[string]int{"refused": 2}}, warnings[0].ContextMap())
}

func TestOnlyWhatIsHeldGoesBack(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(visitor string, _ url.Values) route.Answer {
		switch visitor {
		case "v2", "v5":
			return down
		case "v4":
			return refused
		}
		return delivered
	}
	batch := logs(append(visitors(40), record{"", nil}, record{"v2", map[string]string{"tier": "late"}})...)
	err := f.Consume(t.Context(), batch)
	assert.Equal(t, []string{"v2", "v5", "v2"}, held(t, err))
	assert.Equal(t, map[string]int{"delivered": 37, "rejected refused": 1, "skipped no_visitor": 1}, f.counts(t, "records"))
	assert.Equal(t, 42, batch.LogRecordCount(), "the batch itself is left as it was")
}

func TestWhenAllIsHeldTheBatchItselfGoesBack(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.Consumers = 1 })
	f.target.answer = func(string, url.Values) route.Answer { return down }
	err := f.Consume(t.Context(), logs(visitors(2)...))
	require.EqualError(t, err, "rpc error: code = Unavailable desc = 2 of 2 log records are held: Target answered with the status 503")
	var carried consumererror.Logs
	assert.NotErrorAs(t, err, &carried)
	assert.Empty(t, f.counts(t, "records"))
}

func TestWithoutAQueueTheCallerIsToldWhatIsHeldEvenIfItIsAllOfIt(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "v0" {
			return delivered
		}
		return down
	}
	err := f.Consume(t.Context(), logs(visitors(3)...))
	assert.Equal(t, []string{"v1", "v2"}, held(t, err))
	err = f.Consume(t.Context(), err2logs(t, err))
	assert.Equal(t, []string{"v1", "v2"}, held(t, err), "the helper passes on the last error only")
}

func TestTheVisitorsOfASplitUpdateShareOneOutcome(t *testing.T) {
	f := newFixture(t)
	big := strings.Repeat("x", profile.MaxBody/2)
	var calls atomic.Int32
	f.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "split" && calls.Add(1) == 2 {
			return down
		}
		return delivered
	}
	err := f.Consume(t.Context(), logs(
		record{"split", map[string]string{"a": "old", "b": big}},
		record{"other", map[string]string{"a": "1"}},
		record{"split", map[string]string{"a": "new", "c": big}},
	))
	assert.Equal(t, []string{"split", "split"}, held(t, err), "the first record alone would bring its old value again")
	require.NoError(t, f.Consume(t.Context(), err2logs(t, err)))
	assert.Equal(t, map[string]string{"a": "new", "b": big, "c": big}, f.target.profile["split"])
	for _, call := range f.target.calls {
		assert.LessOrEqual(t, len(call.Encode()), profile.MaxBody)
	}
}

func TestADryRunSkipsWhatItShows(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(string, url.Values) route.Answer { return route.Answer{Verdict: route.NotSent} }
	require.NoError(t, f.Consume(t.Context(), logs(visitors(3)...)))
	assert.Equal(t, map[string]int{"skipped dry_run": 3}, f.counts(t, "records"))
	assert.Empty(t, f.counts(t, "calls"))
}

func TestWhatIsHeldOnTheLastChanceIsCountedAsRejected(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(string, url.Values) route.Answer { return down }
	require.Error(t, f.Consume(t.Context(), logs(visitors(2)...)))
	f.LastChance("shutdown")
	require.Error(t, f.Consume(t.Context(), logs(visitors(5)...)))
	f.Close(t.Context())
	assert.Equal(t, map[string]int{"rejected shutdown": 5}, f.counts(t, "records"))
	assert.Equal(t, 1, f.logs.FilterMessageSnippet("are lost").Len())
}

func TestWhatIsHeldWhenItEndsIsLostOnlyWithoutAnotherChance(t *testing.T) {
	for name, lastChance := range map[string]bool{"persistent queue": false, "memory queue": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(set *Settings) { set.Consumers = 1 })
			f.target.answer = func(string, url.Values) route.Answer { return down }
			require.Error(t, f.Consume(t.Context(), logs(visitors(2)...)))
			if lastChance {
				f.LastChance("shutdown")
			}
			f.Close(t.Context())
			want := map[string]int{}
			if lastChance {
				want["rejected shutdown"] = 2
			}
			assert.Equal(t, want, f.counts(t, "records"))
		})
	}
}

func TestRetryAfterDelaysTheRetryAndPausesEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		limited := down
		limited.RetryAfter = time.Minute
		f.target.answer = func(visitor string, _ url.Values) route.Answer {
			if visitor == "v0" {
				return limited
			}
			return delivered
		}
		err := f.Consume(t.Context(), logs(visitors(1)...))
		require.ErrorContains(t, err, "Throttle (1m0s)")
		start := time.Now()
		require.NoError(t, f.Consume(t.Context(), logs(record{"other", map[string]string{"tier": "gold"}})))
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestStopEndsEveryWaitAndLetsCallsComeToTheirEnd(t *testing.T) {
	limits := quota.Limits{Quota: quota.WindowConfig{Calls: 3, Window: time.Hour}}
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *Settings) { set.Account = quota.NewAccount(limits) })
		f.target.answer = func(string, url.Values) route.Answer {
			time.Sleep(2 * time.Second)
			return delivered
		}
		time.AfterFunc(time.Second, f.Stop)
		start := time.Now()
		err := f.Consume(t.Context(), logs(visitors(10)...))
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Len(t, held(t, err), 7)
		assert.Equal(t, map[string]int{"delivered": 3}, f.counts(t, "records"))
		require.ErrorContains(t, err, "7 of 10 log records are held: the exporter or the caller stopped")

		require.Error(t, f.Consume(t.Context(), logs(visitors(1)...)), "and no call begins from then on")
		assert.Equal(t, 3, f.target.count())
	})
}

// err2logs returns the records that an error carries.
func err2logs(t *testing.T, err error) plog.Logs {
	t.Helper()
	var carried consumererror.Logs
	require.ErrorAs(t, err, &carried)
	return carried.Data()
}

func TestTheQuotaCanBeSeen(t *testing.T) {
	f := newFixture(t, func(set *Settings) {
		set.Account = quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 50, Window: time.Hour}})
	})
	require.NoError(t, f.Consume(t.Context(), logs(visitors(7)...)))
	exporter := attribute.NewSet(attribute.String("exporter", ""))
	metadatatest.AssertEqualAdobeTargetQuotaLimit(t, f.telemetry,
		[]metricdata.DataPoint[int64]{{Attributes: exporter, Value: 50}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualAdobeTargetQuotaUsed(t, f.telemetry,
		[]metricdata.DataPoint[int64]{{Attributes: exporter, Value: 7}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualAdobeTargetCallDuration(t, f.telemetry,
		[]metricdata.HistogramDataPoint[float64]{{
			Attributes: attribute.NewSet(attribute.String("exporter", ""), attribute.String("outcome", "delivered")), Count: 7,
			Bounds: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue(), metricdatatest.IgnoreExemplars())
}

func TestABatchThatDoesNotComeAgainIsCountedAsLost(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.Consumers = 1 })
	f.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "v0" {
			return delivered
		}
		return down
	}
	first := f.Consume(t.Context(), logs(visitors(3)...))
	again := err2logs(t, first)
	require.Error(t, f.Consume(t.Context(), again))
	require.Error(t, f.Consume(t.Context(), again), "the same batch again is no other one")
	assert.Equal(t, map[string]int{"delivered": 1}, f.counts(t, "records"))

	f.target.answer = nil
	require.NoError(t, f.Consume(t.Context(), logs(visitors(1)...)), "the helper has given the batch before up")
	assert.Equal(t, map[string]int{"delivered": 2, "rejected retries_ended": 2}, f.counts(t, "records"))
}

func TestWithTwoConsumersABatchMayComeAgainLater(t *testing.T) {
	f := newFixture(t, func(set *Settings) { set.Consumers = 2 })
	f.target.answer = func(string, url.Values) route.Answer { return down }
	one, two := logs(visitors(2)...), logs(visitors(3)...)
	require.Error(t, f.Consume(t.Context(), one))
	require.Error(t, f.Consume(t.Context(), two))
	require.Error(t, f.Consume(t.Context(), one))
	assert.Empty(t, f.counts(t, "records"))
	f.LastChance("shutdown")
	f.Close(t.Context())
	assert.Equal(t, map[string]int{"rejected shutdown": 5}, f.counts(t, "records"))
}
