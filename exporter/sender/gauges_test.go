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
				want := map[string]int{"window": 0, "pace": 0, "quota": 0, "pause": 0, "outage": 0, "failing_alone": 0, "calling": 0}
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
		got, err := f.telemetry.GetMetric("otelcol.adobe_target.waiting.time")
		require.NoError(t, err)
		waits := map[string]time.Duration{}
		for _, point := range got.Data.(metricdata.Sum[float64]).DataPoints {
			cause, _ := point.Attributes.Value("cause")
			waits[cause.String()] = time.Duration(point.Value * float64(time.Second)).Round(time.Second)
		}
		assert.Equal(t, map[string]time.Duration{"pace": 0, "quota": 10 * time.Minute, "pause": 0}, waits)
		f.Stop()
	})
}
