// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// secret is in every id and value of these tests, and must be in no line that is logged.
const secret = "s3cret"

var (
	taken     = route.Answer{Verdict: route.Delivered, StatusCode: http.StatusOK}
	refused   = route.Answer{Verdict: route.Rejected, StatusCode: http.StatusOK, Reason: route.ReasonRefused}
	down      = route.Answer{Verdict: route.NotNow, StatusCode: http.StatusServiceUnavailable, Reason: "status_503"}
	throttled = route.Answer{Verdict: route.NotNow, StatusCode: http.StatusTooManyRequests, Reason: "status_429"}
	forbidden = route.Answer{Verdict: route.SetupFault, StatusCode: http.StatusForbidden, Reason: "status_403"}
)

// fixture is a Sender with all that is to be looked at.
type fixture struct {
	*Sender
	route     *fakeRoute
	outbox    *outbox.Outbox
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	mu        sync.Mutex
	reports   []error
}

// setup is what tests change of a Sender.
type setup struct {
	Settings
	outbox outbox.Config
	quota  quota.Limits
	mapper mapping.Config
	route  *fakeRoute
	// uploads are nil where there are none.
	uploads *Uploads
}

func newFixture(tb testing.TB, change ...func(*setup)) *fixture {
	tb.Helper()
	f := &fixture{telemetry: componenttest.NewTelemetry()}
	tb.Cleanup(func() { assert.NoError(tb, f.telemetry.Shutdown(context.WithoutCancel(tb.Context()))) })
	telemetry, err := metadata.NewTelemetryBuilder(f.telemetry.NewTelemetrySettings())
	require.NoError(tb, err)
	tb.Cleanup(telemetry.Shutdown)
	core, logs := observer.New(zapcore.DebugLevel)
	f.logs = logs
	tb.Cleanup(func() { f.assertSecrecy(tb) })

	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0
	set := &setup{
		Settings: Settings{
			ID: component.MustNewID("adobe_target"), RouteName: route.ToSingle, Concurrency: 16, Retry: retry, GiveUpAfter: 24 * time.Hour,
			Telemetry: telemetry, Logger: zap.New(core), Report: f.report, Host: "acme.invalid",
		},
		outbox: outbox.NewDefaultConfig(),
		quota:  quota.Limits{Quota: quota.NewDefaultWindowConfig()},
		mapper: mapping.Config{
			Visitor: mapping.DefaultVisitor(), Profile: mapping.DefaultProfile(),
			MaxThirdPartyIDLength: profile.DefaultMaxThirdPartyIDLength, MaxCall: profile.MaxBody,
		},
		route: &fakeRoute{},
	}
	for _, c := range change {
		c(set)
	}
	if set.Mapper == nil {
		set.Mapper, err = mapping.New(set.mapper)
		require.NoError(tb, err)
	}
	if set.Account == nil {
		set.Account = quota.NewAccount(set.quota)
	}
	if set.Outbox == nil {
		set.Outbox = newOutbox(tb, set.outbox)
	}
	f.route, f.outbox, set.Route = set.route, set.Outbox, set.route
	f.Sender, err = New(set.Settings)
	require.NoError(tb, err)
	if set.uploads != nil {
		require.NoError(tb, f.Upload(tb.Context(), *set.uploads))
	}
	return f
}

func newOutbox(tb testing.TB, cfg outbox.Config) *outbox.Outbox {
	tb.Helper()
	packer, err := journal.NewPacker()
	require.NoError(tb, err)
	return outbox.New(cfg, packer)
}

// started returns a fixture that sends, until the test ends.
func started(t *testing.T, change ...func(*setup)) *fixture {
	t.Helper()
	f := newFixture(t, change...)
	f.Start()
	return f
}

func (f *fixture) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = append(f.reports, err)
}

// reported returns what the host was told.
func (f *fixture) reported() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.reports)
}

// assertSecrecy looks for ids and values in all that was logged and reported.
func (f *fixture) assertSecrecy(tb testing.TB) {
	tb.Helper()
	encoder := zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig())
	for _, entry := range f.logs.All() {
		line, err := encoder.EncodeEntry(entry.Entry, entry.Context)
		require.NoError(tb, err)
		assert.NotContains(tb, line.String(), secret)
	}
	for _, err := range f.reported() {
		if err != nil {
			assert.NotContains(tb, err.Error(), secret)
		}
	}
}

// record is a log record in the API's own words: a visitor and its parameters.
type record struct {
	visitor    string
	parameters map[string]string
}

// tier is a record with one parameter.
func tier(visitor, value string) record { return record{visitor, map[string]string{"tier": value}} }

// visitors returns a record each of n visitors, v0, v1, …
func visitors(n int) []record {
	records := make([]record, n)
	for i := range records {
		records[i] = tier("v"+strconv.Itoa(i), "gold")
	}
	return records
}

func logs(records ...record) plog.Logs {
	ld := plog.NewLogs()
	scope := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for _, r := range records {
		lr := scope.LogRecords().AppendEmpty()
		if r.visitor != "" {
			lr.Attributes().PutStr("mbox3rdPartyId", secret+r.visitor)
		}
		for name, value := range r.parameters {
			lr.Attributes().PutStr("profile."+name, secret+value)
		}
	}
	return ld
}

// push pushes records into the outbox.
func (f *fixture) push(t *testing.T, records ...record) {
	t.Helper()
	require.NoError(t, f.PushInMemory(t.Context(), logs(records...)))
}

// counts returns the values of a metric by those of its attributes, joined, of all routes. Sums that are 0 are
// left out: they are there from the start.
func (f *fixture) counts(metric string) map[string]int {
	sums := make(map[string]int)
	got, err := f.telemetry.GetMetric("otelcol.adobe_target." + metric)
	if err != nil {
		return sums
	}
	var points []metricdata.DataPoint[int64]
	switch data := got.Data.(type) {
	case metricdata.Sum[int64]:
		points = slices.DeleteFunc(slices.Clone(data.DataPoints), func(p metricdata.DataPoint[int64]) bool { return p.Value == 0 })
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	for _, point := range points {
		var words []string
		for _, key := range []attribute.Key{"outcome", "reason", "cause", "http.response.status_code", "error.type"} {
			if v, ok := point.Attributes.Value(key); ok {
				words = append(words, v.String())
			}
		}
		sums[strings.Join(words, " ")] += int(point.Value)
	}
	return sums
}

// said returns how many lines begin so.
func (f *fixture) said(message string) int {
	n := 0
	for _, entry := range f.logs.All() {
		if strings.HasPrefix(entry.Message, message) {
			n++
		}
	}
	return n
}
