// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adobetargetexporter "github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	visitorID = "crm-secret-1"
	token     = "s3cret-token-of-the-profile-api"
)

var visitor = profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: visitorID}

// asked is a probe of a server: its configuration and its time.
type asked struct {
	config  *adobetargetexporter.Config
	visitor profile.Visitor
	token   string
	only    []string
	options probe.Options
	clock   atomic.Pointer[time.Time] // which the server reads
	pauses  []time.Duration
	onPause func()
}

func newAsked() *asked {
	a := &asked{
		config:  adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config),
		visitor: visitor,
	}
	a.config.ClientCode = "acme"
	a.advance(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	a.options.Wait = 30 * time.Second
	a.options.Pause = func(ctx context.Context, d time.Duration) error {
		a.pauses = append(a.pauses, d)
		a.advance(a.now().Add(d))
		if a.onPause != nil {
			a.onPause()
		}
		return ctx.Err()
	}
	return a
}

func (a *asked) now() time.Time { return *a.clock.Load() }

func (a *asked) advance(to time.Time) { a.clock.Store(&to) }

func (a *asked) set(t *testing.T, change func(*adobetargetexporter.Config)) *asked {
	t.Helper()
	if change != nil {
		change(a.config)
	}
	return a
}

func (a *asked) run(ctx context.Context, t *testing.T, handler http.Handler) *probe.Report {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	if closer, is := handler.(*emulator.Emulator); is {
		defer closer.Close()
	}
	return a.runAt(ctx, t, server.URL)
}

func (a *asked) runAt(ctx context.Context, t *testing.T, endpoint string) *probe.Report {
	t.Helper()
	a.config.ClientConfig.Endpoint = endpoint
	subject, err := probe.NewSubject("adobe_target/sandbox", a.config, a.visitor, a.token)
	require.NoError(t, err)
	plan, err := probe.NewPlan(subject, a.only)
	require.NoError(t, err)
	report, err := probe.Run(ctx, subject, plan, a.options)
	require.NoError(t, err)
	assert.LessOrEqual(t, report.Calls, plan.Calls())
	for _, d := range a.pauses {
		assert.GreaterOrEqual(t, d, 0*time.Second)
	}
	return report
}

// target is an emulator that knows the visitor, with the time of the probe.
func (a *asked) target(t *testing.T, settings emulator.Settings) *emulator.Emulator {
	t.Helper()
	settings.ClientCode, settings.RecordCalls = "acme", 100
	settings.Known = []emulator.Visitor{{Parameter: string(a.visitor.Parameter), ID: a.visitor.ID}}
	settings.Now = a.now
	e, err := emulator.New(settings)
	require.NoError(t, err)
	return e
}

func finding(t *testing.T, r *probe.Report, question string) *probe.Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f *probe.Finding) bool { return f.Question == question })
	require.GreaterOrEqual(t, i, 0, question)
	return r.Findings[i]
}

func text(t *testing.T, r *probe.Report) string {
	t.Helper()
	var people, machines bytes.Buffer
	require.NoError(t, r.Write(&people))
	require.NoError(t, r.WriteJSON(&machines))
	require.True(t, json.Valid(machines.Bytes()))
	return people.String() + machines.String()
}

func TestProbe_FindsTheSettingsThatFit(t *testing.T) {
	type config = adobetargetexporter.Config
	for _, test := range []struct {
		name     string
		target   emulator.Settings
		change   func(*config)
		question string
		result   probe.Result
		means    string
		settings []probe.Setting
	}{
		{"both paths are there", emulator.Settings{}, nil, "path", probe.Fits, "at the configured path", nil},
		{
			"only the client code is in the path",
			emulator.Settings{Single: emulator.Single{Segment: emulator.SegmentCode}},
			nil,
			"path", probe.Fits, "at the configured path", nil,
		},
		{
			"only the word client is in the path",
			emulator.Settings{Single: emulator.Single{Segment: emulator.SegmentLiteral}},
			nil,
			"path", probe.Differs, "another path",
			[]probe.Setting{{Path: "api::path", Value: "/m2/client/profile/update"}},
		},
		{
			"the configured path is the other one",
			emulator.Settings{Single: emulator.Single{Segment: emulator.SegmentCode}},
			func(c *config) { c.API.Path = "/m2/client/profile/update" },
			"path", probe.Differs, "another path",
			[]probe.Setting{{Path: "api::path", Value: "/m2/{client_code}/profile/update"}},
		},
		{
			"the body is looked at",
			emulator.Settings{Single: emulator.Single{Place: emulator.PlaceBody}},
			nil,
			"parameters", probe.Fits, "where the configuration has them", nil,
		},
		{
			"only the query is looked at",
			emulator.Settings{Single: emulator.Single{Place: emulator.PlaceQuery}},
			nil,
			"parameters", probe.Differs, "another place",
			[]probe.Setting{{Path: "api::method", Value: "POST"}, {Path: "api::parameters", Value: "query"}},
		},
		{
			"only the body is looked at and the query is configured",
			emulator.Settings{Single: emulator.Single{Place: emulator.PlaceBody}},
			func(c *config) { c.API.Parameters = route.Query },
			"parameters", probe.Differs, "another place",
			[]probe.Setting{{Path: "api::method", Value: "POST"}, {Path: "api::parameters", Value: "body"}},
		},
		{
			"only the query of the other path is looked at",
			emulator.Settings{Single: emulator.Single{Segment: emulator.SegmentLiteral, Place: emulator.PlaceQuery}},
			nil,
			"parameters", probe.Differs, "another place",
			[]probe.Setting{
				{Path: "api::method", Value: "POST"}, {Path: "api::parameters", Value: "query"}, {Path: "api::path", Value: "/m2/client/profile/update"},
			},
		},
		{
			"the configured path takes the query alone",
			emulator.Settings{Single: emulator.Single{Place: emulator.PlaceQuery}},
			nil,
			"path", probe.Fits, "with their parameters at another place", nil,
		},
		{
			"the other path takes the query alone",
			emulator.Settings{Single: emulator.Single{Segment: emulator.SegmentLiteral, Place: emulator.PlaceQuery}},
			nil,
			"path", probe.Differs, "with their parameters at another place",
			[]probe.Setting{{Path: "api::path", Value: "/m2/client/profile/update"}},
		},
		{
			"a GET is configured",
			emulator.Settings{},
			func(c *config) { c.API.Method = http.MethodGet },
			"parameters", probe.Fits, "where the configuration has them", nil,
		},
		{"answers are text", emulator.Settings{Plain: true}, nil, "path", probe.Fits, "at the configured path", nil},
		{"unknown visitors are taken", emulator.Settings{}, nil, "unknown", probe.Noted, "does not tell whether a visitor exists", nil},
		{"unknown visitors are refused", emulator.Settings{Single: emulator.Single{RefuseUnknown: true}}, nil, "unknown", probe.Noted, "counted as rejected", nil},
		{"ids cannot be told from unknown ones", emulator.Settings{Single: emulator.Single{RefuseUnknown: true}}, nil, "id_length", probe.Open, "made-up ids are refused", nil},
		{"wrong calls are refused", emulator.Settings{}, nil, "refusals", probe.Noted, "6 of 6 are refused", nil},
		{"ids of 128 characters", emulator.Settings{}, nil, "id_length", probe.Fits, "128 are taken, one more is refused", nil},
		{
			"ids of 60 characters",
			emulator.Settings{ThirdPartyIDLength: 60},
			nil, "id_length", probe.Differs, "60 are taken",
			[]probe.Setting{{Path: "max_third_party_id_length", Value: 60}},
		},
		{
			"ids of 256 characters",
			emulator.Settings{ThirdPartyIDLength: 256},
			nil, "id_length", probe.Fits, "256 are taken, one more is refused",
			[]probe.Setting{{Path: "max_third_party_id_length", Value: 256, Optional: true}},
		},
		{
			"ids of 256 characters are configured and refused",
			emulator.Settings{},
			func(c *config) { c.MaxThirdPartyIDLength = 256 },
			"id_length", probe.Differs, "longer ids are refused",
			[]probe.Setting{{Path: "max_third_party_id_length", Value: 128}},
		},
		{"values of any length", emulator.Settings{}, nil, "value_length", probe.Fits, "5000 are taken", nil},
		{
			"values of 256 characters",
			emulator.Settings{Single: emulator.Single{ValueLength: 256}},
			nil,
			"value_length", probe.Differs, "256 are taken, one more is refused",
			[]probe.Setting{{Path: "max_value_length", Value: 256}},
		},
		{
			"values of 256 characters are configured",
			emulator.Settings{Single: emulator.Single{ValueLength: 256}},
			func(c *config) { c.MaxValueLength = 256 },
			"value_length", probe.Fits, "256 are taken", nil,
		},
		{
			"values are cut",
			emulator.Settings{Single: emulator.Single{ValueLength: 300, CutValues: true}},
			nil,
			"value_length", probe.Differs, "cut to 300 characters",
			[]probe.Setting{{Path: "max_value_length", Value: 300}},
		},
		{
			"values are cut as they are configured",
			emulator.Settings{Single: emulator.Single{ValueLength: 300, CutValues: true}},
			func(c *config) { c.MaxValueLength = 300 },
			"value_length", probe.Fits, "cut to 300 characters", nil,
		},
		{
			"longer values than the configured ones",
			emulator.Settings{},
			func(c *config) { c.MaxValueLength = 256 },
			"value_length", probe.Fits, "leaves out values",
			[]probe.Setting{{Path: "max_value_length", Value: 5000, Optional: true}},
		},
		{"names of 128 characters", emulator.Settings{}, nil, "name_length", probe.Fits, "128 are taken, one more is refused", nil},
		{"names of 100 characters", emulator.Settings{Single: emulator.Single{NameLength: 100}}, nil, "name_length", probe.Differs, "No setting changes that", nil},
		{"any number of parameters", emulator.Settings{}, nil, "count", probe.Fits, "200 are taken", nil},
		{"50 parameters", emulator.Settings{Single: emulator.Single{Parameters: 50}}, nil, "count", probe.Differs, "50 are taken, one more is refused", nil},
		{"bodies of 60,000 bytes", emulator.Settings{}, nil, "size", probe.Fits, "60000 are taken", nil},
		{"bodies of 8,000 bytes", emulator.Settings{Single: emulator.Single{BodyBytes: 8000}}, nil, "size", probe.Differs, "8000 are taken", nil},
		{"bodies whose values are too long", emulator.Settings{Single: emulator.Single{ValueLength: 100}}, nil, "size", probe.Open, "refused for its long values", nil},
		{"bodies that have too many values", emulator.Settings{Single: emulator.Single{Parameters: 25}}, nil, "size", probe.Open, "for how many they are", nil},
		{"queries of 8,000 bytes", emulator.Settings{}, func(c *config) { c.API.Method = http.MethodGet }, "size", probe.Fits, "8000 are taken, one more is refused", nil},
		{"values come back", emulator.Settings{}, nil, "seen", probe.Fits, "come back as they were sent", nil},
		{"values come back trimmed", emulator.Settings{Single: emulator.Single{TrimValues: true}}, nil, "seen", probe.Differs, "1 values come back altered", nil},
		{"values are not seen yet", emulator.Settings{Single: emulator.Single{Lag: time.Hour}}, nil, "seen", probe.Noted, "not seen yet", nil},
		{"values are seen after a while", emulator.Settings{Single: emulator.Single{Lag: 15 * time.Second}}, nil, "seen", probe.Fits, "come back as they were sent", nil},
		{"no token is asked for", emulator.Settings{}, nil, "token", probe.Fits, "no token is asked for, and none is looked at", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAsked().set(t, test.change)
			r := a.run(t.Context(), t, a.target(t, test.target))

			f := finding(t, r, test.question)
			assert.Equal(t, test.result, f.Result, f.Meaning)
			assert.Contains(t, f.Meaning, test.means)
			assert.Equal(t, test.settings, f.Settings)
			assert.Empty(t, r.Ended)
			printed := text(t, r)
			assert.NotContains(t, printed, visitorID)
			if test.target.Single.TrimValues {
				assert.Contains(t, printed, "blanks at both ends: without the blanks at its ends")
			}
			for _, s := range test.settings {
				assert.Contains(t, printed, s.Path[strings.LastIndex(s.Path, ":")+1:])
			}
		})
	}
}
