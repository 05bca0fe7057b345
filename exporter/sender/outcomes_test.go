// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

func refusedWith(code int, reason string) route.Answer {
	return route.Answer{Verdict: route.Rejected, StatusCode: code, Reason: reason}
}

func TestSender_EachAnswerHasItsOutcome(t *testing.T) {
	slowDown := throttled
	slowDown.RetryAfter = time.Minute
	for name, tt := range map[string]struct {
		answer  route.Answer
		records string // how the three records of the visitor end, "" when they are held
		call    string // how the call is counted, "" when it is not
	}{
		"Target took it":                       {taken, "delivered", "delivered 200"},
		"Target refused it":                    {refused, "rejected refused", "rejected 200 refused"},
		"the call is wrong":                    {refusedWith(414, "status_414"), "rejected status_414", "rejected 414 414"},
		"the set-up is wrong":                  {forbidden, "", "setup_fault 403 403"},
		"Target fails":                         {down, "", "not_now 503 503"},
		"Target wants fewer calls":             {throttled, "", "not_now 429 429"},
		"Target wants none for a minute":       {slowDown, "", "not_now 429 429"},
		"there is no answer in time":           {route.Answer{Verdict: route.NotNow, Reason: route.ReasonTimeout}, "", "not_now timeout"},
		"the connection is reset":              {route.Answer{Verdict: route.NotNow, Reason: route.ReasonConnectionReset}, "", "not_now connection_reset"},
		"the call is canceled":                 {canceled, "", "not_now canceled"},
		"a dry run shows it and sends nothing": {route.Answer{Verdict: route.NotSent}, "skipped dry_run", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t)
				first := true
				f.route.decide(func(c call) route.Answer {
					if c.visitor == "x" && first {
						first = false
						return tt.answer
					}
					return taken
				})
				f.push(t, tier("before", "1"))
				time.Sleep(time.Second)
				f.push(t, tier("x", "1"), tier("x", "2"), tier("x", "3"))
				time.Sleep(time.Second)
				f.push(t, tier("after", "1"))
				time.Sleep(5500 * time.Millisecond) // and no retry yet
				records, calls := map[string]int{"delivered": 2}, map[string]int{"delivered 200": 2}
				if tt.records != "" {
					records[tt.records] += 3
				}
				if tt.call != "" {
					calls[tt.call]++
				}
				held := f.outbox.Held().Records
				if tt.answer != canceled && tt.answer != slowDown { // is sent again at once, lets nothing else be sent
					assert.Equal(t, records, f.counts("records"))
					assert.Equal(t, calls, f.counts("calls"))
					assert.Equal(t, map[bool]int{true: 3, false: 0}[tt.records == ""], held)
				}

				time.Sleep(3 * time.Minute)
				if tt.records == "" {
					records["delivered"] += 3
					calls["delivered 200"]++
				}
				assert.Equal(t, records, f.counts("records"), "each record ends once")
				assert.Equal(t, calls, f.counts("calls"))
				assert.Zero(t, f.outbox.Held().Records)
				f.Stop()
			})
		})
	}
}

func TestSender_EntriesThatAreNotTriedAgainAreRejected(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*setup)
		reason string
		after  time.Duration // at the latest
	}{
		"retry_on_failure is off": {
			func(set *setup) { set.Retry.Enabled = false }, "rejected retry_disabled", 6 * time.Second,
		},
		"max_elapsed_time is over": {
			func(set *setup) { set.Retry.MaxElapsedTime = 10 * time.Minute }, "rejected retries_ended", 20 * time.Minute,
		},
		"give_up_after is over": {
			func(set *setup) { set.GiveUpAfter = 10 * time.Minute }, "rejected attempts_exhausted", 25 * time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, tt.change)
				f.route.fails(down, "x")
				f.push(t, tier("healthy", "0"), tier("healthy", "1"))
				time.Sleep(10 * time.Second)
				f.push(t, tier("x", "1"), tier("x", "2"))
				healthy := 2
				for began := time.Now(); time.Since(began) < tt.after; healthy++ {
					f.push(t, tier("healthy", "1"))
					time.Sleep(5 * time.Second)
				}
				time.Sleep(10 * time.Second)
				assert.Equal(t, map[string]int{"delivered": healthy, tt.reason: 2}, f.counts("records"))
				assert.Equal(t, 1, f.said("Log records rejected"))
				f.Stop()
			})
		})
	}
}

func TestSender_AnEntryThatExpiresInAnOutageEndsWithoutACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) { set.Retry.MaxElapsedTime = time.Hour })
		f.route.answers(down)
		f.push(t, visitors(1000)...)
		time.Sleep(2 * time.Hour)
		assert.Equal(t, map[string]int{"rejected retries_ended": 1000}, f.counts("records"))
		assert.Less(t, len(f.route.calls()), 200)
		f.Stop()
	})
}

func TestSender_RecordsOfOneVisitorGoInOneCallWithTheirLatestValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.push(t, record{"a", map[string]string{"tier": "silver", "store": "12"}}, tier("b", "none"))
		f.push(t, tier("a", "gold"))
		time.Sleep(10 * time.Second)
		calls := f.route.calls()
		f.Stop()
		if assert.Len(t, calls, 2) {
			got := map[string]map[string]string{}
			for _, c := range calls {
				got[c.visitor] = c.parameters
			}
			assert.Equal(t, map[string]map[string]string{"a": {"tier": "gold", "store": "12"}, "b": {"tier": "none"}}, got)
		}
		assert.Equal(t, map[string]int{"delivered": 3}, f.counts("records"))
		metadatatest.AssertEqualAdobeTargetCallRecords(t, f.telemetry,
			[]metricdata.HistogramDataPoint[int64]{{
				Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Count: 2, Sum: 3,
				Bounds:       []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000},
				BucketCounts: []uint64{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
				Min:          metricdata.NewExtrema[int64](1), Max: metricdata.NewExtrema[int64](2),
			}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	})
}

func TestSender_ASkippedRecordIsCountedAndHarmsNoNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t)
		f.push(t,
			record{"", map[string]string{"tier": "gold"}},
			record{"a/b", map[string]string{"tier": "gold"}},
			record{"a", map[string]string{"tier": "gold", "user.x": "1"}},
			record{"b", nil},
			record{"c", map[string]string{"big": strings.Repeat("x", 100_000)}},
		)
		time.Sleep(10 * time.Second)
		assert.Equal(t, map[string]int{
			"delivered": 1, "skipped no_visitor": 1, "skipped invalid_visitor": 1,
			"skipped no_parameters": 1, "skipped too_large": 1,
		}, f.counts("records"))
		assert.Equal(t, map[string]int{"reserved_name": 1, "too_large": 1}, f.counts("parameters.dropped"))
		assert.Equal(t, 4, f.said("Log records skipped"), "once a reason")
		f.push(t, record{"", map[string]string{"tier": "gold"}})
		assert.Equal(t, 4, f.said("Log records skipped"))
		f.Stop()
	})
}
