// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// sale is a record that has something for every path.
func sale() fixture {
	return fixture{
		resource: map[string]any{"service.name": "till", "store.id": 17},
		scope:    map[string]any{"lib": "pos"},
		record: withID(map[string]any{
			"list": []any{"b", 1, true}, "map": map[string]any{"x": "1", "y": map[string]any{"z": 2}}, "bytes": []byte{0xfb, 0xff},
			"text": "a,b,c", "n": 7, "d": 2.5, "flag": true, "empty": nil,
		}),
		body: map[string]any{"order": map[string]any{"items": []any{"socks", "hat"}, "total": 19.5}},
		set: func(r plog.LogRecord) {
			r.SetTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 3, 4, 5, 6, 7, 800, time.UTC)))
			r.SetTraceID(pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
			r.SetSpanID(pcommon.SpanID{0xfe, 2, 3, 4, 5, 6, 7, 8})
			r.SetSeverityNumber(plog.SeverityNumberWarn)
			r.SetSeverityText("WARN")
			r.SetEventName("sale")
		},
	}
}

func TestWhatAnExpressionGivesHasAText(t *testing.T) {
	p := func(value string) map[string]string { return map[string]string{"p": value} }
	for expression, want := range map[Expression]map[string]string{
		// literals
		`"fixed"`:                            p("fixed"),
		`17`:                                 p("17"),
		`-1.5`:                               p("-1.5"),
		`true`:                               p("true"),
		`0xfbff`:                             p("+/8="),
		`nil`:                                {},
		`6 * 7`:                              p("42"),
		`SEVERITY_NUMBER_WARN`:               p("13"),
		`["a", 1, 2.5, true, nil, "", 0xff]`: p("a,1,2.5,true,/w=="),
		`[]`:                                 {},
		`{"a": 1, "b": {"c": "d"}}`:          {"p.a": "1", "p.b.c": "d"},
		`{}`:                                 {},
		// paths
		`log.attributes["text"]`:          p("a,b,c"),
		`log.attributes["n"]`:             p("7"),
		`log.attributes["d"]`:             p("2.5"),
		`log.attributes["flag"]`:          p("true"),
		`log.attributes["bytes"]`:         p("+/8="),
		`log.attributes["list"]`:          p("b,1,true"),
		`log.attributes["list"][1]`:       p("1"),
		`log.attributes["map"]`:           {"p.x": "1", "p.y.z": "2"},
		`log.attributes["map"]["y"]["z"]`: p("2"),
		`log.attributes["empty"]`:         {},
		`log.attributes["nowhere"]`:       {},
		`log.cache["x"]`:                  {},
		`log.cache`:                       {},
		`log.body["order"]["items"][1]`:   p("hat"),
		`log.body["order"]`:               {"p.items": "socks,hat", "p.total": "19.5"},
		`log.body.string`:                 p(`{"order":{"items":["socks","hat"],"total":19.5}}`),
		`log.time`:                        p("2026-03-04T05:06:07.0000008Z"),
		`log.time_unix_nano`:              p("1772600767000000800"),
		`log.severity_number`:             p("13"),
		`log.severity_text`:               p("WARN"),
		`log.event_name`:                  p("sale"),
		`log.trace_id`:                    p("0102030405060708090a0b0c0d0e0f10"),
		`log.span_id.string`:              p("fe02030405060708"),
		`log.span_id`:                     p("fe02030405060708"),
		`resource.attributes["store.id"]`: p("17"),
		`resource.attributes`:             {"p.service.name": "till", "p.store.id": "17"},
		`scope.attributes["lib"]`:         p("pos"),
		// converters
		`Concat(["store", resource.attributes["store.id"]], "-")`: p("store-17"),
		`Time("2026-01-02", "%Y-%m-%d")`:                          p("2026-01-02T00:00:00Z"),
		`Time("2026-01-02", "%Y-%m-%d", "Asia/Tokyo")`:            p("2026-01-02T00:00:00+09:00"),
		`FormatTime(log.time, "%d.%m.%Y")`:                        p("04.03.2026"),
		`Duration("90m")`:                                         p("1h30m0s"),
		`log.time - Unix(1772600767)`:                             p("800ns"),
		`Hours(Duration("90m"))`:                                  p("1.5"),
		`Month(log.time)`:                                         p("3"),
		`TraceID(0x0102030405060708090a0b0c0d0e0f10)`:             p("0102030405060708090a0b0c0d0e0f10"),
		`SpanID(0x0102030405060708)`:                              p("0102030405060708"),
		`Split(log.attributes["text"], ",")`:                      p("a,b,c"),
		`Sort(Split("c;a;b", ";"))`:                               p("a,b,c"),
		`Split("1", ",")[0]`:                                      p("1"),
		`Values({"a": "1"})`:                                      p("1"),
		`Keys(log.body)`:                                          p("order"),
		`Len(log.attributes["list"])`:                             p("3"),
		`Int("42")`:                                               p("42"),
		`Double("1e3")`:                                           p("1000"),
		`IsMatch(log.severity_text, "W")`:                         p("true"),
		`Decode("Z29sZA==", "base64")`:                            p("gold"),
		`ParseJSON("{\"a\": 1, \"b\": [1, {\"c\": null}], \"d\": {\"e\": 1e15}, \"f\": null}")`: {
			"p.a": "1", "p.b": `1,{"c":null}`, "p.d.e": "1000000000000000",
		},
		`ParseJSON("[1,\"x\"]")`:                      p("1,x"),
		`ParseKeyValue("a=1 b=2")`:                    {"p.a": "1", "p.b": "2"},
		`ParseCSV("1,2", "a,b")`:                      {"p.a": "1", "p.b": "2"},
		`ExtractPatterns("id:42", "id:(?P<id>\\d+)")`: {"p.id": "42"},
		`URL("https://a.example/c?x=1")["url.path"]`:  p("/c"),
		// lists of what is no literal
		`[log.attributes["map"]["y"], log.attributes["list"]]`: p(`{"z":2},b,1,true`),
		`[log.time, Duration("1s"), log.span_id]`:              p("2026-03-04T05:06:07.0000008Z,1s,fe02030405060708"),
		`[Split("a,b", ","), [1, [2]]]`:                        p("a,b,1,2"),
		`{"a": [1, 2], "b": log.attributes["map"]}`:            {"p.a": "1,2", "p.b.x": "1", "p.b.y.z": "2"},
	} {
		t.Run(string(expression), func(t *testing.T) {
			require.NoError(t, expression.Validate())
			got := update(t, profileConfig(ProfileEntry{Parameter: "p", Value: expression}), sale())
			assert.Equal(t, want, latest(got.Parameters))
		})
	}
}

func TestResultValueOfGoTypes(t *testing.T) {
	aValue := pcommon.NewValueStr("v")
	for name, tt := range map[string]struct {
		result any
		text   string
		reason Drop
	}{
		"a list of integers":     {[]int64{1, 2}, "1,2", kept},
		"a list of doubles":      {[]float64{1, 0.5}, "1,0.5", kept},
		"a list of booleans":     {[]bool{true, false}, "true,false", kept},
		"a list of pdata":        {[]pcommon.Value{aValue, pcommon.NewValueInt(1)}, "v,1", kept},
		"a list of byte strings": {[]any{[]byte{1}, []byte{2}}, "AQ==,Ag==", kept},
		"a list that is nil":     {[]string(nil), "", DropEmpty},
		"pdata":                  {aValue, "v", kept},
		"an int":                 {17, "17", kept},
		"a uint32":               {uint32(17), "17", kept},
		"a month, a Stringer":    {time.March, "March", kept},
		"a channel":              {make(chan int), "", DropUnsupported},
		"a list with a channel":  {[]any{"a", make(chan int)}, "", DropUnsupported},
		"a complex number":       {complex(1, 2), "", DropUnsupported},
		"a pointer":              {new(string), "", DropUnsupported},
		"a time in its own zone": {time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), "2026-01-02T03:04:05+01:00", kept},
	} {
		t.Run(name, func(t *testing.T) {
			value, reason := resultValue(tt.result)
			text := ""
			if reason == kept {
				text, reason = scalarText(value)
			}
			assert.Equal(t, tt.reason, reason)
			assert.Equal(t, tt.text, text)
		})
	}
}

func TestAValueWithoutParameterGivesOneForEachKey(t *testing.T) {
	cfg := profileConfig(ProfileEntry{Value: `log.body["profile"]`}, ProfileEntry{Value: `ParseJSON(log.attributes["more"])`})
	got := update(t, cfg, fixture{
		record: withID(map[string]any{"more": `{"tier":"silver","age":30,"user":{"x":1}}`}),
		body:   map[string]any{"profile": map[string]any{"tier": "gold", "address": map[string]any{"city": "Bern"}}},
	})
	assert.Equal(t, map[string]string{"tier": "silver", "age": "30", "address.city": "Bern"}, latest(got.Parameters))
	assert.Equal(t, dropped(DropReservedName), got.Dropped)
}

func TestExpressionsDoNotParse(t *testing.T) {
	for expression, message := range map[Expression]string{
		`[`:                                 "expression has invalid syntax",
		`Nope()`:                            `undefined function "Nope"`,
		`attributes["a"]`:                   `missing context name for path "attributes[a]"`,
		`span.name`:                         `context "span" from path "span.name" is not valid`,
		`log.nope`:                          `segment "nope" from path "log.nope" is not a valid path`,
		`set(log.body, "x")`:                "converter names must start with an uppercase letter",
		`Concat(["a"])`:                     "incorrect number of arguments",
		`log.body == "x"`:                   "expression has invalid syntax",
		Expression(strings.Repeat("(", 50)): "expression has invalid syntax",
		// what belongs to a request, and not to the record
		`otelcol.client.addr`:                      "paths that begin with otelcol",
		`Concat(["a", otelcol.client.addr], "\"")`: "paths that begin with otelcol",
	} {
		require.ErrorContains(t, expression.Validate(), message, "%s", expression)
	}
	require.NoError(t, Expression("").Validate(), "an entry without a value")
	require.NoError(t, Expression(`log.attributes["otelcol.client.addr \" otelcol."]`).Validate())
	require.ErrorContains(t, Condition(`otelcol.client.metadata["x"] != nil`).Validate(), "paths that begin with otelcol")
	require.NoError(t, Condition(`log.attributes["otelcol"] != nil`).Validate())
}
