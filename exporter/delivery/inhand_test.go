// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"math"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

var noAttributes = attribute.NewSet(attribute.String("exporter", ""))

func (f *fixture) assertLag(t *testing.T, want time.Duration) {
	t.Helper()
	metadatatest.AssertEqualAdobeTargetSendLag(t, f.telemetry,
		[]metricdata.DataPoint[float64]{{Attributes: noAttributes, Value: want.Seconds()}}, metricdatatest.IgnoreTimestamp())
}

// observed are records of one visitor each that were seen so long ago.
func observed(ages ...time.Duration) plog.Logs {
	ld := logs(visitors(len(ages))...)
	n := 0
	for _, resource := range ld.ResourceLogs().All() {
		for _, lr := range resource.ScopeLogs().At(0).LogRecords().All() {
			lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-ages[n])))
			n++
		}
	}
	return ld
}

func TestTheAgeOfARecordIsByItsObservedTimestampThenItsTimestampThenItsArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(ago time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(time.Now().Add(-ago)) }
		for name, tt := range map[string]struct {
			observed, timestamp pcommon.Timestamp
			want                time.Duration
		}{
			"both":                      {at(time.Minute), at(time.Hour), time.Minute},
			"timestamp alone":           {0, at(time.Hour), time.Hour},
			"neither":                   {0, 0, 0},
			"seen in times to come":     {at(-time.Hour), at(time.Hour), 0},
			"seen at the end of times":  {math.MaxUint64, 0, 0},
			"seen after what a time is": {math.MaxInt64 + 1, 0, 0},
		} {
			h := &inHand{}
			ld := logs(visitors(1)...)
			lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
			lr.SetObservedTimestamp(tt.observed)
			lr.SetTimestamp(tt.timestamp)
			h.begin(ld)
			assert.Equal(t, tt.want, h.lag(), name)
		}
		h := &inHand{}
		h.begin(plog.NewLogs())
		assert.Zero(t, h.lag(), "a batch without records has no age")
	})
}

func TestTheLagGrowsWhileABatchIsSentAndWhileItWaitsForItsRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *Settings) {
			set.Consumers = 1
			set.Account = quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 2, Window: 24 * time.Hour}})
		})
		f.target.answer = func(visitor string, _ url.Values) route.Answer {
			if visitor == "v1" {
				return delivered
			}
			return down
		}
		f.assertLag(t, 0)
		err := f.Consume(t.Context(), observed(2*time.Minute, time.Hour))
		f.assertLag(t, 2*time.Minute)
		time.Sleep(time.Minute) // the helper's backoff
		f.assertLag(t, 3*time.Minute)

		f.target.answer = nil
		done := make(chan error)
		rest := err2logs(t, err)
		go func() { done <- f.Consume(t.Context(), rest) }()
		time.Sleep(5 * time.Hour) // the quota is used up
		synctest.Wait()
		f.assertLag(t, 5*time.Hour+3*time.Minute)
		require.NoError(t, <-done)
		f.assertLag(t, 0)
	})
}

func TestRecordsWithoutATimeAgeFromWhenTheirBatchCameFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *Settings) { set.Consumers = 1 })
		f.target.answer = func(string, url.Values) route.Answer { return down }
		batch := logs(visitors(2)...)
		for range 3 {
			require.Error(t, f.Consume(t.Context(), batch))
			time.Sleep(time.Minute)
		}
		f.assertLag(t, 3*time.Minute)
	})
}

func TestABatchThatNobodySendsAgainHasNoLag(t *testing.T) {
	for name, giveUp := range map[string]func(t *testing.T, f *fixture, err error){
		"given back to the caller": func(t *testing.T, f *fixture, err error) {
			t.Helper()
			f.GiveBack(err2logs(t, err))
		},
		"given up before the next one": func(t *testing.T, f *fixture, _ error) {
			t.Helper()
			f.inHand.consumers = 1
			f.target.answer = nil
			require.NoError(t, f.Consume(t.Context(), observed(time.Second)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				f.target.answer = func(string, url.Values) route.Answer { return down }
				err := f.Consume(t.Context(), observed(time.Hour, time.Minute))
				f.assertLag(t, time.Hour)
				giveUp(t, f, err)
				f.assertLag(t, 0)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *Settings) { set.Consumers = 1 })
		f.target.answer = func(string, url.Values) route.Answer { return down }
		f.LastChance("shutdown")
		require.Error(t, f.Consume(t.Context(), observed(time.Hour)))
		f.assertLag(t, 0)
	})
}

func TestTheLagIsThatOfTheOldestOfSeveralBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &inHand{consumers: 3}
		one, two := observed(time.Hour), observed(2*time.Hour)
		first, second := h.begin(one), h.begin(two)
		assert.Equal(t, 2*time.Hour, h.lag())
		h.end(second, plog.Logs{}, false)
		assert.Equal(t, time.Hour, h.lag())
		h.end(first, one, true)
		for range 2 {
			h.begin(observed(time.Minute))
		}
		assert.Equal(t, time.Hour, h.lag(), "three consumers may have three batches in hand")
		h.begin(observed(time.Minute))
		assert.Equal(t, time.Minute, h.lag(), "a fourth shows that the one that waited was given up")
	})
}

func TestWhatCallsWaitForCanBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *Settings) {
			set.Account = quota.NewAccount(quota.Limits{
				Quota:     quota.WindowConfig{Calls: 3, Window: 24 * time.Hour},
				RateLimit: &quota.RateLimitConfig{CallsPerSecond: 1, Burst: 1},
			})
		})
		f.Account.Pause(time.Minute)
		done := make(chan error)
		go func() { done <- f.Consume(t.Context(), logs(visitors(4)...)) }()
		time.Sleep(time.Minute + 2*time.Second + 10*time.Hour)
		synctest.Wait()

		// Three calls left at 1:00, 1:01 and 1:02; the window frees the first a day and a
		// part of it later.
		next := 24*time.Hour + 2*time.Minute - (10*time.Hour + time.Minute + 2*time.Second)
		metadatatest.AssertEqualAdobeTargetQuotaNextFree(t, f.telemetry,
			[]metricdata.DataPoint[float64]{{Attributes: noAttributes, Value: next.Seconds()}}, metricdatatest.IgnoreTimestamp())
		var want []metricdata.DataPoint[float64]
		for cause, waited := range map[string]time.Duration{
			"pause": time.Minute, "pace": 2 * time.Second, "quota": 10*time.Hour + 2*time.Second,
		} {
			want = append(want, metricdata.DataPoint[float64]{
				Attributes: attribute.NewSet(attribute.String("exporter", ""), attribute.String("cause", cause)), Value: waited.Seconds(),
			})
		}
		metadatatest.AssertEqualAdobeTargetWaitingTime(t, f.telemetry, want, metricdatatest.IgnoreTimestamp())
		f.Stop()
		require.Error(t, <-done)
	})
}

func BenchmarkInHand(b *testing.B) {
	for _, records := range []int{1, 10_000} {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			ld := observed(make([]time.Duration, records)...)
			h := &inHand{consumers: 1}
			b.ReportAllocs()
			for b.Loop() {
				h.end(h.begin(ld), plog.Logs{}, false)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
		})
	}
}
