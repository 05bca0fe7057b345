// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// everyPath is a configuration that reads record, scope, resource and cache.
func everyPath() Config {
	cfg := profileConfig(
		ProfileEntry{Prefix: "profile."},
		ProfileEntry{Parameter: "byAttribute", Attribute: "a"},
		ProfileEntry{Parameter: "record", Value: `log.attributes["a"]`},
		ProfileEntry{Parameter: "scope", Value: `scope.name`},
		ProfileEntry{Parameter: "resource", Value: `resource.attributes["r"]`},
		ProfileEntry{Parameter: "body", Value: `log.body["b"]`},
		ProfileEntry{Parameter: "cache", Value: `log.cache["x"]`, Default: "empty"},
	)
	cfg.Conditions = []Condition{`log.attributes["skip"] == nil and log.cache["x"] == nil and scope.name != "skip" and resource.attributes["skip"] == nil`}
	return cfg
}

// numbered returns logs of two resources with two scopes of three records each,
// all different, and the parameters that everyPath gives.
func numbered(t *testing.T, first int) (plog.Logs, []map[string]string) {
	t.Helper()
	ld := plog.NewLogs()
	var want []map[string]string
	for r := range 2 {
		resource := ld.ResourceLogs().AppendEmpty()
		r := strconv.Itoa(first + r)
		resource.Resource().Attributes().PutStr("r", r)
		for s := range 2 {
			scope := resource.ScopeLogs().AppendEmpty()
			s := strconv.Itoa(first + s)
			scope.Scope().SetName("scope " + s)
			for n := range 3 {
				record := scope.LogRecords().AppendEmpty()
				id := r + "-" + s + "-" + strconv.Itoa(n)
				require.NoError(t, record.Attributes().FromRaw(map[string]any{"mboxPC": id, "a": id, "profile.p" + id: id}))
				record.Body().SetEmptyMap().PutStr("b", id)
				want = append(want, map[string]string{
					"p" + id: id, "byAttribute": id, "record": id, "scope": "scope " + s, "resource": r, "body": id, "cache": "empty",
				})
			}
		}
	}
	return ld, want
}

func TestEachRecordIsReadInItsOwnPlace(t *testing.T) {
	ld, want := numbered(t, 0)
	for n, got := range updates(t, newMapper(t, everyPath()), ld) {
		assert.Equal(t, NotSkipped, got.Skip)
		assert.Equal(t, want[n], latest(got.Parameters))
		assert.Equal(t, want[n]["record"], got.Visitor.ID)
	}
}

func TestMappingChangesNoRecord(t *testing.T) {
	ld, _ := numbered(t, 0)
	sale().addTo(t, ld)
	before := plog.NewLogs()
	ld.CopyTo(before)
	ld.MarkReadOnly()

	cfg := everyPath()
	for _, e := range []Expression{
		`Sort(log.attributes["list"])`, `Split(log.attributes["text"], ",")`, `log.attributes`, `log.body`, `Values(log.attributes)`,
		`[log.attributes["list"], log.attributes["map"]]`, `{"a": log.attributes["map"]}`,
	} {
		cfg.Profile = append(cfg.Profile, ProfileEntry{Parameter: "p", Value: e})
	}
	updates(t, newMapper(t, cfg), ld)

	marshaler := plog.ProtoMarshaler{}
	want, err := marshaler.MarshalLogs(before)
	require.NoError(t, err)
	got, err := marshaler.MarshalLogs(ld)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestABatchWithoutRecords(t *testing.T) {
	m := newMapper(t, everyPath())
	ld := plog.NewLogs()
	assert.Empty(t, updates(t, m, ld))
	ld.ResourceLogs().AppendEmpty()
	assert.Empty(t, updates(t, m, ld))
	ld.ResourceLogs().At(0).ScopeLogs().AppendEmpty()
	assert.Empty(t, updates(t, m, ld))
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	assert.Equal(t, []Update{{Skip: SkipNoVisitor}}, updates(t, m, ld))
}

func TestUpdatesCanBeLeftEarlyAndStartedAnew(t *testing.T) {
	m := newMapper(t, everyPath())
	ld, want := numbered(t, 0)
	seq := m.Updates(t.Context(), ld)
	for stop := range len(want) {
		seen := -1
		for n, got := range seq {
			seen = n
			assert.Equal(t, want[n], latest(got.Parameters))
			if n == stop {
				break
			}
		}
		assert.Equal(t, stop, seen)
	}
	assert.Len(t, updates(t, m, ld), len(want))
}

func TestUpdatesInUpdatesDoNotDisturbEachOther(t *testing.T) {
	m := newMapper(t, everyPath())
	ld, want := numbered(t, 0)
	other, wantOther := numbered(t, 100)
	for n, got := range m.Updates(t.Context(), ld) {
		for k, inner := range m.Updates(t.Context(), other) {
			require.Equal(t, wantOther[k], latest(inner.Parameters))
		}
		require.Equal(t, want[n], latest(got.Parameters))
	}
}

func TestASkippedRecordLeavesNothingToTheNext(t *testing.T) {
	m := newMapper(t, defaultConfig())
	got := updates(t, m, logsOf(t,
		attributes(withID(map[string]any{"profile.a": "1", "profile.b": nil})),
		attributes(map[string]any{"profile.c": "2"}),
		attributes(withID(nil)),
		attributes(withID(map[string]any{"profile.d": "3"})),
	))
	assert.Equal(t, Update{Skip: SkipNoVisitor}, withoutEmptyParameters(got[1]))
	assert.Equal(t, Update{Skip: SkipNoParameters, Visitor: got[0].Visitor}, withoutEmptyParameters(got[2]))
	assert.Equal(t, Update{Visitor: got[0].Visitor, Parameters: []profile.Parameter{{Name: "d", Value: "3"}}}, got[3])
}

func withoutEmptyParameters(u Update) Update {
	if len(u.Parameters) == 0 {
		u.Parameters = nil
	}
	return u
}

func TestAReaderAtRestHoldsNoRecord(t *testing.T) {
	m := newMapper(t, everyPath())
	r := m.reader()
	ld := logsOf(t,
		attributes(withID(map[string]any{"profile.a": "secret", "profile.b": "secret", "profile.c": "secret"})),
		attributes(withID(map[string]any{"profile.a": "secret"})),
	)
	for _, resource := range ld.ResourceLogs().All() {
		scope := resource.ScopeLogs().At(0)
		r.at(resource, scope, scope.LogRecords().At(0))
		r.read(t.Context())
		require.NotEmpty(t, r.update.Parameters)
	}
	m.release(r)

	assert.Equal(t, plog.ResourceLogs{}, *r.ottl.resource)
	assert.Equal(t, plog.ScopeLogs{}, *r.ottl.scope)
	assert.Equal(t, plog.LogRecord{}, *r.ottl.record)
	assert.Zero(t, r.attributes)
	assert.Equal(t, Update{}, withoutEmptyParameters(r.update))
	parameters := r.update.Parameters[:cap(r.update.Parameters)]
	require.GreaterOrEqual(t, len(parameters), 3, "the memory itself is kept")
	assert.Equal(t, make([]profile.Parameter, len(parameters)), slices.Clone(parameters))
}

func TestRecordContextIsOTTLsOwn(t *testing.T) {
	c, err := newRecordContext()
	require.NoError(t, err)
	ld := logsOf(t, sale())
	*c.resource = ld.ResourceLogs().At(0)
	*c.scope = c.resource.ScopeLogs().At(0)
	*c.record = c.scope.LogRecords().At(0)
	assert.Equal(t, ld.ResourceLogs().At(0).Resource(), c.ottl.GetResource())
	assert.Equal(t, c.scope.Scope(), c.ottl.GetInstrumentationScope())
	assert.Equal(t, *c.record, c.ottl.GetLogRecord())
}

func TestAnUnknownBuildOfOTTLIsAnError(t *testing.T) {
	c, err := newRecordContext()
	require.NoError(t, err)
	var record *plog.LogRecord
	require.ErrorContains(t, field(c.ottl, "noSuchField", &record), "no log context with the field noSuchField of type plog.LogRecord")
	var text *string
	require.ErrorContains(t, field(c.ottl, "logRecord", &text), "no log context with the field logRecord of type string")
}

func TestAMapperServesManyAtOnce(t *testing.T) {
	m := newMapper(t, everyPath())
	var wg sync.WaitGroup
	for worker := range 8 {
		ld, want := numbered(t, 1_000*worker)
		wg.Go(func() {
			for range 50 {
				n := 0
				for i, got := range m.Updates(t.Context(), ld) {
					assert.Equal(t, want[i], latest(got.Parameters))
					n++
					if n == 1+worker {
						break
					}
				}
			}
		})
	}
	wg.Wait()
}
