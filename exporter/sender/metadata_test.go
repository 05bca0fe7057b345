// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// series returns the attributes of the series that a metric has.
func (f *fixture) series(t *testing.T, metric string) (series []attribute.Set) {
	t.Helper()
	got, err := f.telemetry.GetMetric("otelcol.adobe_target." + metric)
	require.NoError(t, err)
	switch data := got.Data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			series = append(series, point.Attributes)
		}
	case metricdata.Sum[float64]:
		for _, point := range data.DataPoints {
			series = append(series, point.Attributes)
		}
	case metricdata.Gauge[int64]:
		for _, point := range data.DataPoints {
			series = append(series, point.Attributes)
		}
	}
	return series
}

// values returns the values that an attribute has among the series of a metric.
func (f *fixture) values(t *testing.T, metric string, key attribute.Key) []string {
	t.Helper()
	found := make(map[string]bool)
	for _, attributes := range f.series(t, metric) {
		if v, ok := attributes.Value(key); ok {
			found[v.String()] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// documented returns what metadata.yaml says of its attributes.
func documented(t *testing.T) (values map[string][]string, descriptions map[string]string) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("..", "..", "metadata.yaml"))
	require.NoError(t, err)
	attributes, err := conf.Sub("attributes")
	require.NoError(t, err)
	values, descriptions = make(map[string][]string), make(map[string]string)
	for name, of := range attributes.ToStringMap() {
		of := of.(map[string]any)
		descriptions[name] = of["description"].(string)
		enum, _ := of["enum"].([]any)
		for _, value := range enum {
			values[name] = append(values[name], value.(string))
		}
		slices.Sort(values[name])
	}
	return values, descriptions
}

// TestMetadata_ListsTheValuesThatTheCodeNames has a Sender tell its series before anything has
// happened.
func TestMetadata_ListsTheValuesThatTheCodeNames(t *testing.T) {
	f := newFixture(t, byUploads(&fakeUploads{}), func(set *setup) {
		set.Overflow = &Overflow{Name: route.ToDelivery, Route: &fakeRoute{}, Account: quota.NewAccount(set.quota)}
	})
	values, descriptions := documented(t)
	for name, of := range map[string]struct {
		metric string
		key    attribute.Key
	}{
		"account.route":  {"quota.used", "route"},
		"outcome":        {"records", "outcome"},
		"reason":         {"records", "reason"},
		"drop.reason":    {"parameters.dropped", "reason"},
		"back.reason":    {"records.given_back", "reason"},
		"call.outcome":   {"calls", "outcome"},
		"cause":          {"outbox.visitors", "cause"},
		"upload.outcome": {"uploads", "outcome"},
		"row.outcome":    {"upload.rows", "outcome"},
		"held_up.cause":  {"waiting.time", "cause"},
	} {
		assert.Equal(t, values[name], f.values(t, of.metric, of.key), name)
	}
	for _, errorType := range f.values(t, "calls", "error.type") {
		if strings.Trim(errorType, "0123456789") != "" {
			assert.Contains(t, descriptions["error.type"], errorType)
		}
	}
}

// TestOutcomes_BeginWithZero looks at counters before anything has happened: an alert on the
// increase of a series that begins with its first event does not see that event.
func TestOutcomes_BeginWithZero(t *testing.T) {
	f := newFixture(t)
	of := func(attributes ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(append(attributes, attribute.String("exporter", "adobe_target"))...)}
	}
	plain := []metricdata.DataPoint[int64]{of()}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualAdobeTargetRecordsReceived(t, f.telemetry, plain, ignore)
	metadatatest.AssertEqualAdobeTargetRecordsRecovered(t, f.telemetry, plain, ignore)
	metadatatest.AssertEqualAdobeTargetQueueDamaged(t, f.telemetry, plain, ignore)

	var back, dropped, calls []metricdata.DataPoint[int64]
	for _, reason := range []string{"queue_full", "storage", "not_sent"} {
		back = append(back, of(attribute.String("reason", reason)))
	}
	metadatatest.AssertEqualAdobeTargetRecordsGivenBack(t, f.telemetry, back, ignore)
	for drop := range (mapping.Drops{}) {
		dropped = append(dropped, of(attribute.String("reason", mapping.Drop(drop).String())))
	}
	metadatatest.AssertEqualAdobeTargetParametersDropped(t, f.telemetry, dropped, ignore)
	for _, a := range route.Usual() {
		call := []attribute.KeyValue{attribute.String("outcome", a.Verdict.String()), attribute.String("route", "single")}
		if a.StatusCode != 0 {
			call = append(call, attribute.Int("http.response.status_code", a.StatusCode))
		}
		if a.Verdict != route.Delivered {
			call = append(call, attribute.String("error.type", a.ErrorType()))
		}
		calls = append(calls, of(call...))
	}
	metadatatest.AssertEqualAdobeTargetCalls(t, f.telemetry, calls, ignore)

	records := []metricdata.DataPoint[int64]{of(attribute.String("outcome", "delivered"), attribute.String("route", "single"))}
	for reason, outcome := range map[string]string{
		"condition": "skipped", "condition_failed": "skipped", "no_visitor": "skipped", "visitor_failed": "skipped",
		"invalid_visitor": "skipped", "no_parameters": "skipped", "too_large": "skipped", "dry_run": "skipped",
		"refused": "rejected", "attempts_exhausted": "rejected", "configuration": "rejected", "larger_than_queue": "rejected",
		"retries_ended": "rejected", "retry_disabled": "rejected", "shutdown": "rejected",
		"status_400": "rejected", "status_405": "rejected", "status_411": "rejected", "status_413": "rejected",
		"status_414": "rejected", "status_415": "rejected", "status_422": "rejected", "status_431": "rejected",
	} {
		records = append(records, of(attribute.String("outcome", outcome), attribute.String("reason", reason)))
	}
	metadatatest.AssertEqualAdobeTargetRecords(t, f.telemetry, records, ignore)
}

func TestOutcomes_TheFirstEventIsCountedInTheSeriesThatBeganWithZero(t *testing.T) {
	f := newFixture(t)
	before := len(f.series(t, "records")) + len(f.series(t, "calls")) + len(f.series(t, "parameters.dropped"))
	f.RejectLarge(5)
	f.outcomes.call(route.ToSingle, refused, 0)
	f.outcomes.dropped(mapping.DropTooMany.String(), 1)
	assert.Equal(t, map[string]int{"rejected larger_than_queue": 5}, f.counts("records"))
	assert.Equal(t, map[string]int{"rejected 200 refused": 1}, f.counts("calls"))
	assert.Equal(t, before, len(f.series(t, "records"))+len(f.series(t, "calls"))+len(f.series(t, "parameters.dropped")))
}
