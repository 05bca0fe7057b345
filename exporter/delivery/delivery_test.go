// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	delivered = route.Answer{Verdict: route.Delivered, StatusCode: http.StatusOK}
	refused   = route.Answer{Verdict: route.Rejected, StatusCode: http.StatusOK, Reason: route.ReasonRefused}
	down      = route.Answer{Verdict: route.NotNow, StatusCode: http.StatusServiceUnavailable, Reason: "status_503"}
	throttled = route.Answer{Verdict: route.NotNow, StatusCode: http.StatusTooManyRequests, Reason: "status_429"}
	forbidden = route.Answer{Verdict: route.SetupFault, StatusCode: http.StatusForbidden, Reason: "status_403"}
)

// fakeTarget answers calls as told and keeps what was delivered, as Target would.
type fakeTarget struct {
	maxForm int
	answer  func(visitor string, form url.Values) route.Answer

	mu      sync.Mutex
	calls   []url.Values
	profile map[string]map[string]string
}

func (f *fakeTarget) Send(_ context.Context, v profile.Visitor, parameters []profile.Parameter) (int, route.Answer) {
	form, carried := profile.AppendForm(nil, v, parameters, f.maxForm)
	values, err := url.ParseQuery(string(form))
	if err != nil {
		panic(err)
	}
	visitor := values.Get("mbox3rdPartyId")
	f.mu.Lock()
	answerTo := f.answer
	f.mu.Unlock()
	answer := delivered
	if answerTo != nil {
		answer = answerTo(visitor, values)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, values)
	if answer.Verdict == route.Delivered {
		if f.profile == nil {
			f.profile = make(map[string]map[string]string)
		}
		if f.profile[visitor] == nil {
			f.profile[visitor] = make(map[string]string)
		}
		for name := range values {
			if attribute, ok := strings.CutPrefix(name, "profile."); ok {
				f.profile[visitor][attribute] = values.Get(name)
			}
		}
	}
	return carried, answer
}

// fail lets the calls of some visitors fail from now on, and of no others.
func (f *fakeTarget) fail(visitors ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = failFor(visitors...)
}

func (f *fakeTarget) everybodyFails() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func(string, url.Values) route.Answer { return down }
}

// attributes returns what is known of a visitor.
func (f *fakeTarget) attributes(visitor string) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.profile[visitor])
}

// count returns how many calls were made since the last count.
func (f *fakeTarget) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.calls)
	f.calls = nil
	return n
}

// fixture is a Delivery with all that is to be looked at.
type fixture struct {
	*Delivery
	target    *fakeTarget
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	reports   []error
}

func newFixture(t *testing.T, change ...func(*Settings)) *fixture {
	t.Helper()
	mapper, err := mapping.New(mapping.Config{
		Visitor:               mapping.DefaultVisitor(),
		Profile:               mapping.DefaultProfile(),
		MaxThirdPartyIDLength: profile.DefaultMaxThirdPartyIDLength,
		MaxCall:               profile.MaxBody,
	})
	require.NoError(t, err)
	f := &fixture{target: &fakeTarget{}, telemetry: componenttest.NewTelemetry()}
	t.Cleanup(func() { assert.NoError(t, f.telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	telemetry, err := metadata.NewTelemetryBuilder(f.telemetry.NewTelemetrySettings())
	require.NoError(t, err)
	t.Cleanup(telemetry.Shutdown)

	core, logs := observer.New(zapcore.DebugLevel)
	f.logs = logs
	set := Settings{
		Mapper:      mapper,
		Sender:      f.target,
		Account:     quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 1_000_000, Window: 24 * time.Hour}}),
		MaxForm:     profile.MaxBody,
		Concurrency: 16,
		Telemetry:   telemetry,
		Tracer:      metadata.Tracer(f.telemetry.NewTelemetrySettings()),
		Logger:      zap.New(core),
		Report:      func(err error) { f.reports = append(f.reports, err) },
	}
	for _, c := range change {
		c(&set)
	}
	f.target.maxForm = set.MaxForm
	f.Delivery, err = New(set)
	require.NoError(t, err)
	return f
}

// record is a log record in the API's own words: a visitor and its parameters.
type record struct {
	visitor    string
	parameters map[string]string
}

func logs(records ...record) plog.Logs {
	ld := plog.NewLogs()
	for i, r := range records {
		if i%2 == 0 { // two records a resource, so that their structure counts
			ld.ResourceLogs().AppendEmpty().Resource().Attributes().PutInt("resource", int64(i/2))
			ld.ResourceLogs().At(i / 2).ScopeLogs().AppendEmpty().Scope().SetName("scope")
		}
		lr := ld.ResourceLogs().At(i / 2).ScopeLogs().At(0).LogRecords().AppendEmpty()
		if r.visitor != "" {
			lr.Attributes().PutStr("mbox3rdPartyId", r.visitor)
		}
		for name, value := range r.parameters {
			lr.Attributes().PutStr("profile."+name, value)
		}
	}
	return ld
}

// visitors returns n records of as many visitors, v0, v1, …
func visitors(n int) []record {
	records := make([]record, n)
	for i := range records {
		records[i] = record{visitor: "v" + strconv.Itoa(i), parameters: map[string]string{"tier": "gold"}}
	}
	return records
}

// held returns the visitors of the records that an error carries, in their order.
func held(t *testing.T, err error) []string {
	t.Helper()
	var carried consumererror.Logs
	require.ErrorAs(t, err, &carried)
	require.False(t, consumererror.IsPermanent(err))
	var ids []string
	for _, resource := range carried.Data().ResourceLogs().All() {
		_, has := resource.Resource().Attributes().Get("resource")
		assert.True(t, has, "a held record keeps its resource")
		for _, scope := range resource.ScopeLogs().All() {
			assert.Equal(t, "scope", scope.Scope().Name(), "a held record keeps its scope")
			for _, lr := range scope.LogRecords().All() {
				id, _ := lr.Attributes().Get("mbox3rdPartyId")
				ids = append(ids, id.Str())
			}
		}
	}
	return ids
}

// counts returns a metric's sums by the values of its attributes, joined.
func (f *fixture) counts(t *testing.T, metric string) map[string]int {
	t.Helper()
	got, err := f.telemetry.GetMetric("otelcol.adobe_target." + metric)
	if err != nil {
		return map[string]int{}
	}
	sums := make(map[string]int)
	for _, point := range got.Data.(metricdata.Sum[int64]).DataPoints {
		var words []string
		for _, key := range []attribute.Key{"outcome", "reason", "http.response.status_code", "error.type"} {
			if v, ok := point.Attributes.Value(key); ok {
				words = append(words, v.String())
			}
		}
		sums[strings.Join(words, " ")] = int(point.Value)
	}
	return sums
}
