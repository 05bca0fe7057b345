// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

func TestGauges_SayWhatVisitorsWaitFor(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*setup)
		before func(f *fixture)
		want   map[string]int // of 20 visitors, what is not 0
	}{
		"their window": {func(*setup) {}, func(*fixture) {}, map[string]int{"window": 20}},
		"the pace": {
			func(set *setup) {
				oneByOne(set)
				set.quota.RateLimit = &quota.RateLimitConfig{CallsPerSecond: 1, Burst: 5}
			},
			func(*fixture) {},
			map[string]int{"pace": 13},
		},
		"the quota": {
			func(set *setup) { oneByOne(set); set.quota.Quota = quota.WindowConfig{Calls: 5, Window: time.Hour} },
			func(*fixture) {},
			map[string]int{"quota": 15},
		},
		"a pause": {oneByOne, func(f *fixture) { f.set.Account.Pause(time.Hour) }, map[string]int{"pause": 20}},
		"the calls under way": {
			func(set *setup) { set.outbox.MergeWindow, set.route.latency = 0, time.Hour }, func(*fixture) {},
			map[string]int{"calling": 16, "pace": 4},
		},
		"the end of an outage": {
			func(set *setup) { oneByOne(set); set.route.latency = 200 * time.Millisecond },
			func(f *fixture) { f.route.answers(down) },
			map[string]int{"outage": 7, "calling": 1, "window": 12},
		},
		"others, while they fail alone": {
			oneByOne, func(f *fixture) { f.route.fails(down, "v3", "v7") }, map[string]int{"failing_alone": 2},
		},
		"their turn, where too many fail alone": {
			func(set *setup) {
				oneByOne(set)
				set.Retry.InitialInterval, set.Retry.Multiplier = 100*time.Millisecond, 1
			},
			func(f *fixture) { f.route.fails(down, "v3", "v7") },
			map[string]int{"failing_alone": 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, tt.change)
				tt.before(f)
				f.push(t, visitors(20)...)
				time.Sleep(2500 * time.Millisecond)
				want := map[string]int{"window": 0, "pace": 0, "quota": 0, "pause": 0, "redis": 0, "outage": 0, "failing_alone": 0, "calling": 0}
				maps.Copy(want, tt.want)
				got := f.counts("outbox.visitors")
				assert.Equal(t, want, got)
				sum := 0
				for _, n := range got {
					sum += n
				}
				assert.Equal(t, f.outbox.Held().Visitors, sum)
				f.Stop()
			})
		})
	}
}

func TestGauges_SayWhatTheOutboxHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.push(t, append(visitors(7), tier("v0", "2"))...)
		time.Sleep(3 * time.Second)
		assert.Equal(t, map[string]int{"": 8}, f.counts("outbox.records"))
		assert.Positive(t, f.counts("outbox.bytes")[""])
		metadatatest.AssertEqualAdobeTargetOutboxLimit(t, f.telemetry,
			[]metricdata.DataPoint[int64]{{Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: 1_000_000}},
			metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualAdobeTargetOutboxAge(t, f.telemetry,
			[]metricdata.DataPoint[float64]{{Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: 3}},
			metricdatatest.IgnoreTimestamp())
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"": 0}, f.counts("outbox.records"))
		assert.Equal(t, map[string]int{"": 0}, f.counts("outbox.bytes"))
		f.Stop()
	})
}

func TestGauges_SayWhatTheQuotaHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			oneByOne(set)
			set.quota.Quota = quota.WindowConfig{Calls: 5, Window: time.Hour}
		})
		f.push(t, visitors(20)...)
		time.Sleep(10 * time.Minute)
		assert.Equal(t, map[string]int{"": 5}, f.counts("quota.used"))
		assert.Equal(t, map[string]int{"": 5}, f.counts("quota.limit"))
		assert.Equal(t, map[string]time.Duration{"single pace": 0, "single quota": 10 * time.Minute, "single pause": 0, "single redis": 0}, f.waited(t))
		f.Stop()
	})
}

// waited returns for how long calls waited, by route and cause.
func (f *fixture) waited(t *testing.T) map[string]time.Duration {
	t.Helper()
	got, err := f.telemetry.GetMetric("otelcol.adobe_target.waiting.time")
	require.NoError(t, err)
	waits := map[string]time.Duration{}
	for _, point := range got.Data.(metricdata.Sum[float64]).DataPoints {
		by, _ := point.Attributes.Value("route")
		cause, _ := point.Attributes.Value("cause")
		waits[by.String()+" "+cause.String()] = time.Duration(point.Value * float64(time.Second)).Round(time.Second)
	}
	return waits
}

// byRoute returns the values of a gauge by route.
func (f *fixture) byRoute(t *testing.T, metric string) map[string]int {
	t.Helper()
	got, err := f.telemetry.GetMetric("otelcol.adobe_target." + metric)
	require.NoError(t, err)
	values := map[string]int{}
	for _, point := range got.Data.(metricdata.Gauge[int64]).DataPoints {
		by, _ := point.Attributes.Value("route")
		values[by.String()] = int(point.Value)
	}
	return values
}

func TestGauges_EachAccountIsSeenByItself(t *testing.T) {
	t.Run("uploads, and what they cannot carry", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := started(t, byUploads(&fakeUploads{}, func(u *Uploads) {
				u.Config.MaxRows = 1
				u.Account = quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 10, Window: time.Minute}})
			}))
			defer f.Stop()
			f.push(t, append(visitors(15), record{"a,b", map[string]string{"tier": "gold"}})...)
			time.Sleep(30 * time.Second)
			assert.Equal(t, map[string]int{"single": 1_000_000, "bulk": 10}, f.byRoute(t, "quota.limit"))
			assert.Equal(t, map[string]int{"single": 1, "bulk": 10}, f.byRoute(t, "quota.used"))
			waited := f.waited(t)
			assert.Positive(t, waited["bulk quota"], "of a minute")
			assert.Zero(t, waited["single quota"])
		})
	})
	t.Run("an overflow into delivery", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSpill(t, spreadCalls)
			s.Start()
			defer s.Stop()
			s.atOnce(t)
			s.push(t, visitors(7)...)
			time.Sleep(time.Second)
			assert.Equal(t, map[string]int{"single": spreadCalls}, s.byRoute(t, "quota.limit"), "delivery has none")
			assert.Equal(t, map[string]int{"single": spreadCalls, "delivery": 7}, s.byRoute(t, "quota.used"))
		})
	})
}

func TestGauges_SayWhatTheNextUploadWaitsFor(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(f *fixture, target *fakeUploads)
		want   map[string]int // of twenty visitors who are due
	}{
		"its interval":       {func(*fixture, *fakeUploads) {}, map[string]int{"upload": 20}},
		"the end of a pause": {func(f *fixture, _ *fakeUploads) { f.uploader.Load().set.Account.Pause(24 * time.Hour) }, map[string]int{"pause": 20}},
		"that Target takes any at all": {func(_ *fixture, target *fakeUploads) {
			target.answer = func(*fakeUpload) route.Answer { return forbidden }
		}, map[string]int{"outage": 21}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{}
				f := newFixture(t, byUploads(target))
				tt.before(f, target)
				f.Start()
				defer f.Stop()
				if tt.want["outage"] > 0 { // the one by which that is found out
					f.push(t, tier("first", "gold"))
					time.Sleep(time.Hour)
				}
				f.push(t, visitors(20)...)
				time.Sleep(time.Minute)
				assert.Equal(t, tt.want, nonZero(f.counts("outbox.visitors")))
			})
		})
	}
}

func TestGauges_WhoStandsInAnUploadThatCannotBeMadeWaitsAsInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, target := &disk{kept: make(map[string][]byte)}, &fakeUploads{}
		f := newFixture(t, byUploads(target, func(u *Uploads) { u.Account = accountOn(t, d) }))
		target.processing = 24 * time.Hour
		f.Start()
		defer f.Stop()
		f.push(t, tier("taken", "gold"))
		time.Sleep(10 * time.Minute)
		assert.Equal(t, map[string]int{"upload": 1}, nonZero(f.counts("outbox.visitors")))

		d.fill(true) // its calls cannot be written down
		f.push(t, visitors(20)...)
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"upload": 1, "outage": 20}, nonZero(f.counts("outbox.visitors")))

		d.fill(false)
		time.Sleep(10 * time.Minute)
		assert.Equal(t, map[string]int{"upload": 21}, nonZero(f.counts("outbox.visitors")))
	})
}
