// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestEntriesFindTheirParameters(t *testing.T) {
	const spaced = " a "
	tests := map[string]struct {
		entries []ProfileEntry
		fixture fixture
		want    map[string]string
		dropped Drops
	}{
		"an attribute of the record": {
			entries: []ProfileEntry{{Parameter: "tier", Attribute: "loyalty.tier"}},
			fixture: attributes(map[string]any{"loyalty.tier": "gold", "other": "x"}),
			want:    map[string]string{"tier": "gold"},
		},
		"an attribute of the scope, then of the resource": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "a"}, {Parameter: "b", Attribute: "b"}, {Parameter: "c", Attribute: "c"}},
			fixture: fixture{
				resource: map[string]any{"a": "resource", "b": "resource", "c": "resource"},
				scope:    map[string]any{"a": "scope", "b": "scope"},
				record:   map[string]any{"a": "record"},
			},
			want: map[string]string{"a": "record", "b": "scope", "c": "resource"},
		},
		"the record's null hides the resource's value": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "a"}},
			fixture: fixture{resource: map[string]any{"a": "resource"}, record: map[string]any{"a": nil}},
			want:    map[string]string{},
			dropped: dropped(DropNull),
		},
		"an attribute that is nowhere is nothing": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "a"}},
			want:    map[string]string{},
		},
		"names of attributes keep their case": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "Tier"}},
			fixture: attributes(map[string]any{"tier": "gold"}),
			want:    map[string]string{},
		},
		"a prefix takes what begins so": {
			entries: []ProfileEntry{{Prefix: "profile."}},
			fixture: attributes(map[string]any{"profile.a": "1", "profile.b.c": "2", "profile": "3", "profiles.d": "4", "Profile.e": "5", "my.profile.f": "6"}),
			want:    map[string]string{"a": "1", "b.c": "2"},
		},
		"a prefix sees resource, then scope, then record": {
			entries: []ProfileEntry{{Prefix: "p."}},
			fixture: fixture{
				resource: map[string]any{"p.a": "resource", "p.b": "resource", "p.c": "resource"},
				scope:    map[string]any{"p.a": "scope", "p.b": "scope", "p.d": "scope"},
				record:   map[string]any{"p.a": "record"},
			},
			want: map[string]string{"a": "record", "b": "scope", "c": "resource", "d": "scope"},
		},
		"a null on the record does not undo the resource's value by prefix": {
			entries: []ProfileEntry{{Prefix: "p."}},
			fixture: fixture{resource: map[string]any{"p.a": "resource"}, record: map[string]any{"p.a": nil}},
			want:    map[string]string{"a": "resource"},
			dropped: dropped(DropNull),
		},
		"maps of several places are merged leaf by leaf": {
			entries: []ProfileEntry{{Prefix: "p."}},
			fixture: fixture{
				resource: map[string]any{"p.m": map[string]any{"a": "resource", "b": "resource"}},
				record:   map[string]any{"p.m": map[string]any{"a": "record"}},
			},
			want: map[string]string{"m.a": "record", "m.b": "resource"},
		},
		"a dotted name finds nested maps": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "customer.address.city"}, {Parameter: "b", Attribute: "customer.address"}},
			fixture: attributes(map[string]any{"customer": map[string]any{"address": map[string]any{"city": "Bern"}}}),
			want:    map[string]string{"a": "Bern", "b.city": "Bern"},
		},
		"keys of nested maps may have dots": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "x.y.z"}, {Parameter: "b", Attribute: "u.v.w"}},
			fixture: attributes(map[string]any{"x": map[string]any{"y.z": "1"}, "u.v": map[string]any{"w": "2"}}),
			want:    map[string]string{"a": "1", "b": "2"},
		},
		"the longest key wins": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "x.y.z"}, {Prefix: "x.y."}},
			fixture: attributes(map[string]any{"x.y": map[string]any{"z": "1"}, "x": map[string]any{"y.z": "2", "y": map[string]any{"z": "3"}}}),
			want:    map[string]string{"a": "1", "z": "1"},
		},
		"an attribute that is called so wins over a nested one, wherever it stands": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "x.y"}, {Prefix: "x."}},
			fixture: fixture{resource: map[string]any{"x.y": "literal"}, record: map[string]any{"x": map[string]any{"y": "nested", "z": "nested"}}},
			want:    map[string]string{"a": "literal", "y": "literal", "z": "nested"},
		},
		"of nested ones the record's wins": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "x.y"}, {Prefix: "x."}},
			fixture: fixture{
				resource: map[string]any{"x": map[string]any{"y": "resource", "z": "resource"}},
				record:   map[string]any{"x": map[string]any{"y": "record"}},
			},
			want: map[string]string{"a": "record", "y": "record", "z": "resource"},
		},
		"what is no map is no part of a name": {
			entries: []ProfileEntry{{Parameter: "a", Attribute: "x.y"}, {Parameter: "b", Attribute: "x."}, {Parameter: "c", Attribute: ".x"}, {Prefix: "x."}},
			fixture: attributes(map[string]any{"x": "text"}),
			want:    map[string]string{},
		},
		"a prefix takes a map apart": {
			entries: []ProfileEntry{{Prefix: "profile."}},
			fixture: attributes(map[string]any{"profile": map[string]any{"tier": "gold", "store": map[string]any{"id": 17, "tags": []any{"a", "b"}}, "none": nil}}),
			want:    map[string]string{"tier": "gold", "store.id": "17", "store.tags": "a,b"},
			dropped: dropped(DropNull),
		},
		"a prefix of several parts takes the map at its end apart": {
			entries: []ProfileEntry{{Prefix: "customer.profile."}},
			fixture: attributes(map[string]any{
				"customer.profile.a": "1", "customer": map[string]any{"profile": map[string]any{"b": "2"}, "profile.c": "3", "id": "4"},
			}),
			want: map[string]string{"a": "1", "b": "2", "c": "3"},
		},
		"a prefix takes a map apart as far as names allow": {
			entries: []ProfileEntry{{Prefix: "profile."}},
			fixture: attributes(map[string]any{"profile": map[string]any{"a": "1", "deep": nested(80, "x"), "user": map[string]any{"x": "1"}}}),
			want:    map[string]string{"a": "1"},
			dropped: dropped(DropNameTooLong, DropReservedName),
		},
		"names that begin with profile. get it once": {
			entries: []ProfileEntry{{Value: "log.body"}},
			fixture: fixture{body: map[string]any{"profile.a": "1", "b": "2", "profile": map[string]any{"c": "3"}, "profile.user.x": "4", "profile.": "5"}},
			want:    map[string]string{"a": "1", "b": "2", "c": "3"},
			dropped: dropped(DropReservedName, DropEmptyName),
		},
		"profile. does not count in the length of a name": {
			entries: []ProfileEntry{{Value: "log.body"}},
			fixture: fixture{body: map[string]any{"profile": map[string]any{strings.Repeat("n", 126): map[string]any{"a": "1"}, strings.Repeat("m", 128): "2"}}},
			want:    map[string]string{strings.Repeat("n", 126) + ".a": "1", strings.Repeat("m", 128): "2"},
		},
		"a later entry wins over an earlier one": {
			entries: []ProfileEntry{{Parameter: "tier", Attribute: "a"}, {Parameter: "tier", Attribute: "b"}},
			fixture: attributes(map[string]any{"a": "first", "b": "second"}),
			want:    map[string]string{"tier": "second"},
		},
		"a later entry wins over a prefix, whatever stands on the record": {
			entries: []ProfileEntry{{Prefix: "profile."}, {Parameter: "tier", Attribute: "tier"}},
			fixture: fixture{resource: map[string]any{"tier": "resource"}, record: map[string]any{"profile.tier": "record"}},
			want:    map[string]string{"tier": "resource"},
		},
		"a later prefix wins over an entry": {
			entries: []ProfileEntry{{Parameter: "tier", Value: `"fixed"`}, {Prefix: "profile."}},
			fixture: attributes(map[string]any{"profile.tier": "record"}),
			want:    map[string]string{"tier": "record"},
		},
		"a later entry that finds nothing leaves the earlier one's": {
			entries: []ProfileEntry{{Parameter: "tier", Attribute: "a"}, {Parameter: "tier", Attribute: "nowhere"}, {Parameter: "tier", Value: "nil"}},
			fixture: attributes(map[string]any{"a": "first"}),
			want:    map[string]string{"tier": "first"},
			dropped: dropped(DropNull),
		},
		"the visitor's attribute is a parameter where an entry says so": {
			entries: []ProfileEntry{{Parameter: "customerId", Attribute: "mbox3rdPartyId"}},
			want:    map[string]string{"customerId": "c-1"},
		},
		"names that need encoding are taken": {
			entries: []ProfileEntry{{Prefix: "p."}},
			fixture: attributes(map[string]any{"p.a&b=c": "1", "p." + spaced: "2", "p.100%": "3", "p.a?b": "4", "p.ü\xff": "5"}),
			want:    map[string]string{"a&b=c": "1", spaced: "2", "100%": "3", "a?b": "4", "ü\uFFFD": "5"},
		},
		"128 characters are taken": {
			entries: []ProfileEntry{{Prefix: "p."}},
			fixture: attributes(map[string]any{"p." + strings.Repeat("日", 128): "1"}),
			want:    map[string]string{strings.Repeat("日", 128): "1"},
		},
		"every left out parameter is counted, and none harms its neighbors": {
			entries: []ProfileEntry{{Prefix: "p."}},
			fixture: attributes(map[string]any{
				"p.a": "1", "p.user.x": "x", "p.mboxPC": "x", "p.geolocation.city": "x", "p.": "x", "p.b": nil, "p.c": "",
				"p." + strings.Repeat("n", 129): "x", "p.d": strings.Repeat("x", 100_000), "p.m": map[string]any{"e": "2", "f": nil},
			}),
			want: map[string]string{"a": "1", "m.e": "2"},
			dropped: dropped(DropReservedName, DropReservedName, DropReservedName, DropEmptyName, DropNull, DropNull, DropEmpty,
				DropNameTooLong, DropTooLarge),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.fixture.record = withID(tt.fixture.record)
			got := update(t, profileConfig(tt.entries...), tt.fixture)
			assert.Equal(t, tt.want, latest(got.Parameters))
			assert.Equal(t, tt.dropped, got.Dropped)
		})
	}
}

func TestOrderOfTheEntriesIsKept(t *testing.T) {
	got := update(t, profileConfig(
		ProfileEntry{Parameter: "b", Attribute: "x"},
		ProfileEntry{Parameter: "a", Value: `"2"`},
		ProfileEntry{Parameter: "b", Value: `"3"`},
	), attributes(withID(map[string]any{"x": "1"})))
	assert.Equal(t, []profile.Parameter{{Name: "b", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: "3"}}, got.Parameters)
}

func TestDefaultsOfEachKind(t *testing.T) {
	for name, tt := range map[string]struct{ yaml, want string }{
		"a string":                  {"none", "none"},
		"a quoted number":           {`"007"`, "007"},
		"a string with white space": {`" x "`, " x "},
		"an integer":                {"42", "42"},
		"zero":                      {"0", "0"},
		"a negative integer":        {"-7", "-7"},
		"over a signed integer":     {"18446744073709551615", "18446744073709551615"},
		"a float":                   {"0.5", "0.5"},
		"a float with an exponent":  {"1e15", "1000000000000000"},
		"true":                      {"true", "true"},
		"false":                     {"false", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			s := parseYAML(t, "profile: [{parameter: p, attribute: a, default: "+tt.yaml+"}]")
			got := update(t, profileConfig(s.Profile...), attributes(withID(nil)))
			assert.Equal(t, map[string]string{"p": tt.want}, latest(got.Parameters))
			assert.Zero(t, got.Dropped)
		})
	}
}

func TestADefaultStandsInWhereThereIsNoValue(t *testing.T) {
	attribute := ProfileEntry{Parameter: "p", Attribute: "a", Default: "default"}
	value := ProfileEntry{Parameter: "p", Value: `log.body["a"]`, Default: "default"}
	day := ProfileEntry{Parameter: "p", Value: `FormatTime(log.time, "%Y-%m-%d")`, Default: "default"}
	seen := ProfileEntry{Parameter: "p", Value: `log.observed_time`, Default: "default"}
	text := ProfileEntry{Parameter: "p", Value: `"log.time"`, Default: "default"}
	birthday := ProfileEntry{Parameter: "p", Value: `Time(log.body, "%Y-%m-%d")`, Default: "default"}
	timed := func(set func(plog.LogRecord, pcommon.Timestamp)) fixture {
		return fixture{set: func(r plog.LogRecord) {
			set(r, pcommon.NewTimestampFromTime(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)))
		}}
	}
	reserved := ProfileEntry{Parameter: "user", Attribute: "a", Default: "default"}
	withDefault, none := map[string]string{"p": "default"}, map[string]string{}
	tests := map[string]struct {
		entry   ProfileEntry
		fixture fixture
		want    map[string]string
		dropped Drops
	}{
		"the attribute is there":           {attribute, attributes(map[string]any{"a": "x"}), map[string]string{"p": "x"}, Drops{}},
		"the attribute is a zero":          {attribute, attributes(map[string]any{"a": 0}), map[string]string{"p": "0"}, Drops{}},
		"the attribute is false":           {attribute, attributes(map[string]any{"a": false}), map[string]string{"p": "false"}, Drops{}},
		"the attribute is nowhere":         {attribute, fixture{}, withDefault, Drops{}},
		"the attribute is on the resource": {attribute, fixture{resource: map[string]any{"a": "r"}}, map[string]string{"p": "r"}, Drops{}},
		"the attribute is null":            {attribute, attributes(map[string]any{"a": nil}), withDefault, Drops{}},
		"the attribute is empty":           {attribute, attributes(map[string]any{"a": ""}), withDefault, Drops{}},
		"the attribute is an empty list":   {attribute, attributes(map[string]any{"a": []any{nil}}), withDefault, Drops{}},
		"the attribute is an empty map":    {attribute, attributes(map[string]any{"a": map[string]any{}}), withDefault, Drops{}},
		"the map has one value":            {attribute, attributes(map[string]any{"a": map[string]any{"x": "1", "y": nil}}), map[string]string{"p.x": "1"}, dropped(DropNull)},
		"the value gives null":             {value, fixture{body: map[string]any{}}, withDefault, Drops{}},
		"the value fails, which is said":   {value, fixture{body: "text"}, withDefault, dropped(DropExpressionFailed)},
		"the time is not set":              {day, timed(plog.LogRecord.SetObservedTimestamp), withDefault, Drops{}},
		"the time is set":                  {day, timed(plog.LogRecord.SetTimestamp), map[string]string{"p": "2026-03-04"}, Drops{}},
		"the other time is not set":        {seen, timed(plog.LogRecord.SetTimestamp), withDefault, Drops{}},
		"the other time is set":            {seen, timed(plog.LogRecord.SetObservedTimestamp), map[string]string{"p": "2026-03-04T05:06:07Z"}, Drops{}},
		"another value stands in for it":   {ProfileEntry{Parameter: "p", Value: `Coalesce([log.body["a"], String(log.time)])`, Default: "default"}, fixture{body: map[string]any{"a": "x"}}, map[string]string{"p": "x"}, Drops{}},
		"a text is no time":                {text, fixture{}, map[string]string{"p": "log.time"}, Drops{}},
		"a day in 1970 is one":             {birthday, fixture{body: "1970-01-01"}, map[string]string{"p": "1970-01-01T00:00:00Z"}, Drops{}},
		"a rounded number is no default":   {attribute, attributes(map[string]any{"a": 1e21}), none, dropped(DropRounded)},
		"a nested value is there":          {ProfileEntry{Parameter: "p", Attribute: "a.b", Default: "default"}, attributes(map[string]any{"a": map[string]any{"b": "x"}}), map[string]string{"p": "x"}, Drops{}},
		"a nested value is null":           {ProfileEntry{Parameter: "p", Attribute: "a.b", Default: "default"}, attributes(map[string]any{"a": map[string]any{"b": nil}}), withDefault, Drops{}},
		"a value too large is no default":  {attribute, attributes(map[string]any{"a": strings.Repeat("x", 60_000)}), none, dropped(DropTooLarge)},
		"a reserved name is no default":    {reserved, attributes(map[string]any{"a": map[string]any{"x": "1", "y": nil}}), none, dropped(DropReservedName, DropNull)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.fixture.record = withID(tt.fixture.record)
			cfg := profileConfig(ProfileEntry{Parameter: "earlier", Value: "nil"}, tt.entry, ProfileEntry{Parameter: "other", Value: `"x"`})
			got := update(t, cfg, tt.fixture)
			values := latest(got.Parameters)
			assert.Equal(t, "x", values["other"])
			delete(values, "other")
			assert.Equal(t, tt.want, values)
			tt.dropped[DropNull]++ // what an earlier entry left out stays counted
			assert.Equal(t, tt.dropped, got.Dropped)
		})
	}
}

func TestADefaultIsHeldToTheSameRules(t *testing.T) {
	cfg := profileConfig(ProfileEntry{Parameter: "p", Attribute: "a", Default: "default"}, ProfileEntry{Parameter: "n", Value: `"1"`})
	cfg.MaxValueLength = 6
	got := update(t, cfg, attributes(withID(nil)))
	assert.Equal(t, map[string]string{"n": "1"}, latest(got.Parameters))
	assert.Equal(t, dropped(DropValueTooLong), got.Dropped)
}

func TestALaterDefaultWinsOverAnEarlierValue(t *testing.T) {
	// An entry with a default always says something, so it belongs before the entry it backs up.
	got := update(t, profileConfig(
		ProfileEntry{Parameter: "p", Attribute: "a"},
		ProfileEntry{Parameter: "p", Attribute: "nowhere", Default: "default"},
	), attributes(withID(map[string]any{"a": "x"})))
	assert.Equal(t, map[string]string{"p": "default"}, latest(got.Parameters))
}
