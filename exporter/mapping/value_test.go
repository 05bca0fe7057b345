// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestEachKindOfValueHasItsText(t *testing.T) {
	tests := map[string]struct {
		value any
		want  map[string]string // none: the value is left out, see TestEachDropHasItsValues
	}{
		"a string":               {"gold", map[string]string{"p": "gold"}},
		"a string with spaces":   {" gold ", map[string]string{"p": " gold "}},
		"only a space":           {" ", map[string]string{"p": " "}},
		"form syntax":            {"a&b=c%20+\n", map[string]string{"p": "a&b=c%20+\n"}},
		"invalid UTF-8":          {"a\xffb", map[string]string{"p": "a\xffb"}},
		"a NUL":                  {"\x00", map[string]string{"p": "\x00"}},
		"50 KB":                  {strings.Repeat("x", 50_000), map[string]string{"p": strings.Repeat("x", 50_000)}},
		"an integer":             {42, map[string]string{"p": "42"}},
		"zero":                   {0, map[string]string{"p": "0"}},
		"the largest integer":    {int64(math.MaxInt64), map[string]string{"p": "9223372036854775807"}},
		"the smallest integer":   {int64(math.MinInt64), map[string]string{"p": "-9223372036854775808"}},
		"a double":               {19.99, map[string]string{"p": "19.99"}},
		"a whole double":         {3.0, map[string]string{"p": "3"}},
		"a large double":         {9007199254740991.0, map[string]string{"p": "9007199254740991"}},
		"a large negative":       {-9007199254740991.0, map[string]string{"p": "-9007199254740991"}},
		"large with an exponent": {1e15, map[string]string{"p": "1000000000000000"}},
		"a small double":         {1e-7, map[string]string{"p": "0.0000001"}},
		"minus zero":             {math.Copysign(0, -1), map[string]string{"p": "-0"}},
		"true":                   {true, map[string]string{"p": "true"}},
		"false":                  {false, map[string]string{"p": "false"}},
		"bytes":                  {[]byte{0, 0xff, 0xfe, 0xfb}, map[string]string{"p": "AP/++w=="}},
		"a list":                 {[]any{"a", 1, 2.5, true, []byte("b")}, map[string]string{"p": "a,1,2.5,true,Yg=="}},
		"a list with holes":      {[]any{nil, "a", "", "b", []any{}}, map[string]string{"p": "a,b"}},
		"a list of one":          {[]any{"a"}, map[string]string{"p": "a"}},
		"a list in a list":       {[]any{"a", []any{"b", []any{"c"}}}, map[string]string{"p": "a,b,c"}},
		"a comma is not escaped": {[]any{"a,b", "c"}, map[string]string{"p": "a,b,c"}},
		"a map in a list":        {[]any{map[string]any{"b": 1, "a": "<&>"}}, map[string]string{"p": `{"a":"<&>","b":1}`}},
		"a map":                  {map[string]any{"a": "1", "b": 2}, map[string]string{"p.a": "1", "p.b": "2"}},
		"a map in a map":         {map[string]any{"a": map[string]any{"b": map[string]any{"c": true}}}, map[string]string{"p.a.b.c": "true"}},
		"a list in a map":        {map[string]any{"a": []any{1, 2}}, map[string]string{"p.a": "1,2"}},
		"a map's empty key":      {map[string]any{"": "1"}, map[string]string{"p.": "1"}},
		"a key with dots":        {map[string]any{"a.b": "1"}, map[string]string{"p.a.b": "1"}},
		"a key of broken bytes":  {map[string]any{"a\xff\xfe": "1"}, map[string]string{"p.a\uFFFD": "1"}},
		"many broken bytes":      {map[string]any{strings.Repeat("\xff", 200): map[string]any{"a": "1"}}, map[string]string{"p.\uFFFD.a": "1"}},
		"20 levels of maps":      {nested(20, "1"), map[string]string{"p" + strings.Repeat(".n", 20): "1"}},
		"null":                   {nil, map[string]string{}},
		"NaN":                    {math.NaN(), map[string]string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for way, f := range map[string]struct {
				entry   ProfileEntry
				fixture fixture
			}{
				"by attribute":  {ProfileEntry{Parameter: "p", Attribute: "a"}, attributes(withID(map[string]any{"a": tt.value}))},
				"by prefix":     {ProfileEntry{Prefix: "my "}, attributes(withID(map[string]any{"my p": tt.value}))},
				"by value":      {ProfileEntry{Parameter: "p", Value: `log.attributes["a"]`}, attributes(withID(map[string]any{"a": tt.value}))},
				"as whole map":  {ProfileEntry{Value: "log.body"}, fixture{record: withID(nil), body: map[string]any{"p": tt.value}}},
				"from resource": {ProfileEntry{Parameter: "p", Attribute: "a"}, fixture{record: withID(nil), resource: map[string]any{"a": tt.value}}},
			} {
				got := update(t, profileConfig(f.entry), f.fixture)
				assert.Equal(t, tt.want, latest(got.Parameters), way)
				assert.Len(t, got.Parameters, len(tt.want), way)
			}
		})
	}
}

func TestScalarTextKnowsEachKind(t *testing.T) {
	// A kind that pdata adds has a name, and needs a text or a reason of its own.
	for kind := pcommon.ValueTypeEmpty; kind.String() != ""; kind++ {
		assert.LessOrEqual(t, kind, pcommon.ValueTypeBytes, "a new kind: %s", kind)
	}
}

func TestListsOf20LevelsAreJoined(t *testing.T) {
	list := []any{"leaf"}
	for range 20 {
		list = []any{"x", list}
	}
	got := update(t, defaultConfig(), attributes(withID(map[string]any{"profile.a": list})))
	assert.Equal(t, map[string]string{"a": strings.Repeat("x,", 20) + "leaf"}, latest(got.Parameters))
}

func TestTenThousandLevelsHarmNobody(t *testing.T) {
	deepList, deepMapInList := any("leaf"), any("leaf")
	for range 10_000 {
		deepList = []any{deepList}
		deepMapInList = map[string]any{"n": deepMapInList}
	}
	deepJSON := strings.Repeat(`{"n":`, 9_000) + `{"a":1,"b":null}` + strings.Repeat("}", 9_000)
	cfg := defaultConfig()
	cfg.Profile = append(cfg.Profile, ProfileEntry{Value: "ParseJSON(log.body)"})

	got := update(t, cfg, fixture{
		record: withID(map[string]any{
			"profile.list": deepList,
			"profile.json": []any{deepMapInList},
			"profile.map":  nested(10_000, map[string]any{"a": 1, "b": nil}),
			"profile.n":    "neighbor",
		}),
		body: deepJSON,
	})

	values := latest(got.Parameters)
	assert.Equal(t, "leaf", values["list"])
	assert.Equal(t, "neighbor", values["n"])
	require.Len(t, values, 2)
	want := dropped(DropTooLarge, DropNameTooLong, DropNameTooLong, DropNameTooLong, DropNameTooLong)
	assert.Equal(t, want, got.Dropped, "the deep JSON is over a call, the two leaves of each deep map have names too long")
}

func TestTenThousandParametersOnOneRecord(t *testing.T) {
	many := map[string]any{}
	for i := range 10_000 {
		many["profile.p"+strconv.Itoa(i)] = i
	}
	require.Len(t, many, 10_000)
	got := update(t, defaultConfig(), attributes(withID(many)))
	assert.Equal(t, NotSkipped, got.Skip)
	assert.Len(t, latest(got.Parameters), 10_000)
	assert.Zero(t, got.Dropped)
}

func TestValuesEndAtMaxValueLength(t *testing.T) {
	cfg := defaultConfig()
	cfg.MaxValueLength = 3
	got := update(t, cfg, attributes(withID(map[string]any{
		"profile.fits": "abc", "profile.runes": "日本語", "profile.long": "abcd", "profile.list": []any{"a", "b"}, "profile.longList": []any{"ab", "c"},
	})))
	assert.Equal(t, map[string]string{"fits": "abc", "runes": "日本語", "list": "a,b"}, latest(got.Parameters))
	assert.Equal(t, dropped(DropValueTooLong, DropValueTooLong), got.Dropped)
}

func TestLengthsCanBeInUnitsOfUTF16(t *testing.T) {
	record := attributes(withID(map[string]any{
		"profile.value": "😀😀", "profile." + strings.Repeat("😀", 64): "n", "profile." + strings.Repeat("😀", 64) + "x": "n", "profile.long": "😀😀😀",
	}))
	cfg := defaultConfig()
	cfg.MaxValueLength = 4
	assert.Zero(t, update(t, cfg, record).Dropped)
	cfg.UTF16 = true
	got := update(t, cfg, record)
	assert.Equal(t, map[string]string{"value": "😀😀", strings.Repeat("😀", 64): "n"}, latest(got.Parameters))
	assert.Equal(t, dropped(DropValueTooLong, DropNameTooLong), got.Dropped)
}

func TestAParameterMayFillACallToTheLastByte(t *testing.T) {
	for _, limit := range []int{profile.MaxBody, 7_900} {
		cfg := defaultConfig()
		cfg.MaxCall = limit
		room := limit - len("mbox3rdPartyId=c-1&profile.a=")
		value := strings.Repeat("x", room-3) + "&"
		got := update(t, cfg, attributes(withID(map[string]any{"profile.a": value})))
		require.Len(t, got.Parameters, 1)
		form, n := profile.AppendForm(nil, got.Visitor, got.Parameters, limit)
		assert.Equal(t, 1, n)
		assert.Len(t, form, limit)

		got = update(t, cfg, attributes(withID(map[string]any{"profile.a": value + "x", "profile.b": "1"})))
		assert.Equal(t, map[string]string{"b": "1"}, latest(got.Parameters))
		assert.Equal(t, dropped(DropTooLarge), got.Dropped)
	}
}
