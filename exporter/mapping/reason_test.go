// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// reasonCase is a configuration and a record that bring one reason about.
type reasonCase struct {
	cfg     Config
	fixture fixture
}

func conditions(c ...Condition) Config {
	cfg := defaultConfig()
	cfg.Conditions = c
	return cfg
}

// visitorConfig returns a configuration with these ids of a visitor.
func visitorConfig(values ...Expression) Config {
	cfg := defaultConfig()
	cfg.Visitor = nil
	for _, value := range values {
		cfg.Visitor = append(cfg.Visitor, VisitorEntry{Parameter: profile.MboxPC, Value: value})
	}
	cfg.Visitor = append(cfg.Visitor, VisitorEntry{Parameter: profile.Mbox3rdPartyID, Attribute: "mbox3rdPartyId"})
	return cfg
}

func skipCases() map[Skip]map[string]reasonCase {
	tier := map[string]any{"profile.tier": "gold"}
	return map[Skip]map[string]reasonCase{
		NotSkipped: {
			"an id and a parameter": {defaultConfig(), attributes(withID(tier))},
			"a condition is met":    {conditions("true"), attributes(withID(tier))},
		},
		SkipCondition: {
			"the only condition is not met": {conditions("false"), attributes(withID(tier))},
			"none of several is met":        {conditions("false", `log.attributes["a"] == 1`), attributes(withID(tier))},
			"nor has the record an id":      {conditions("false"), attributes(tier)},
		},
		SkipConditionFailed: {
			"the only condition fails":           {conditions(`log.body["a"] == 1`), attributes(withID(tier))},
			"one fails and the next is not met":  {conditions(`log.body["a"] == 1`, "false"), attributes(withID(tier))},
			"one is not met and the next fails":  {conditions("false", `log.body["a"] == 1`), attributes(withID(tier))},
			"a converter cannot read its target": {conditions(`ParseJSON(log.body) == nil`), fixture{record: withID(tier), body: "{"}},
		},
		SkipNoVisitor: {
			"no attribute has an id":         {defaultConfig(), attributes(tier)},
			"the id is empty":                {defaultConfig(), attributes(map[string]any{"mboxPC": "", "profile.tier": "gold"})},
			"the id is null":                 {defaultConfig(), attributes(map[string]any{"mboxPC": nil, "profile.tier": "gold"})},
			"there is nothing on the record": {defaultConfig(), fixture{}},
		},
		SkipVisitorFailed: {
			"the only entry fails":                 {visitorConfig(`log.body["id"]`), fixture{record: tier, body: "text"}},
			"the first fails, the second has none": {visitorConfig(`log.body["id"]`, `log.attributes["id"]`), fixture{record: tier, body: "text"}},
			"the first has none, the second fails": {visitorConfig(`log.attributes["id"]`, `ParseJSON(log.body)["id"]`), fixture{record: tier, body: "{"}},
			"a hash of what is not there":          {visitorConfig(`SHA256(log.attributes["mail"])`), attributes(tier)},
		},
		SkipInvalidVisitor: {
			"a plus in a third-party id": {defaultConfig(), attributes(map[string]any{"mbox3rdPartyId": "a+b", "profile.tier": "gold"})},
			"a slash":                    {defaultConfig(), attributes(map[string]any{"mbox3rdPartyId": "a/b", "profile.tier": "gold"})},
			"129 characters":             {defaultConfig(), attributes(map[string]any{"mboxPC": strings.Repeat("1", 129), "profile.tier": "gold"})},
			"only spaces":                {defaultConfig(), attributes(map[string]any{"mboxPC": "  ", "profile.tier": "gold"})},
			"one fails, one is unusable": {visitorConfig(`log.body["id"]`, `"null"`), fixture{record: tier, body: "text"}},
			"one is empty, one unusable": {defaultConfig(), attributes(map[string]any{"mbox3rdPartyId": "a/b", "mboxPC": "", "profile.tier": "gold"})},
		},
		SkipNoParameters: {
			"no attribute has the prefix": {defaultConfig(), attributes(withID(nil))},
			"all were left out":           {defaultConfig(), attributes(withID(map[string]any{"profile.a": nil, "profile.user.x": "1"}))},
		},
		SkipTooLarge: {
			"the only parameter is over a call":        {defaultConfig(), attributes(withID(map[string]any{"profile.a": strings.Repeat("x", 60_000)}))},
			"the others were left out for their value": {defaultConfig(), attributes(withID(map[string]any{"profile.a": strings.Repeat("x", 60_000), "profile.b": nil}))},
		},
	}
}

func TestEachSkipHasItsRecords(t *testing.T) {
	cases := skipCases()
	for skip := range skips {
		require.NotEmpty(t, cases[skip], "a reason without a case: %s", skip)
		for name, tt := range cases[skip] {
			t.Run(skip.String()+"/"+name, func(t *testing.T) {
				neighbor := attributes(map[string]any{"mbox3rdPartyId": "neighbor", "profile.n": "1"})
				if tt.cfg.Conditions != nil {
					tt.cfg.Conditions = append(tt.cfg.Conditions, `log.attributes["mbox3rdPartyId"] == "neighbor"`)
				}
				all := updates(t, newMapper(t, tt.cfg), logsOf(t, neighbor, tt.fixture, neighbor))
				assert.Equal(t, skip, all[1].Skip)
				for _, n := range []int{0, 2} {
					assert.Equal(t, NotSkipped, all[n].Skip, "the neighbor")
					assert.Equal(t, map[string]string{"n": "1"}, latest(all[n].Parameters), "the neighbor's parameters")
				}
			})
		}
	}
}

func dropCases() map[Drop]map[string]reasonCase {
	value := func(e Expression) Config { return profileConfig(ProfileEntry{Parameter: "p", Value: e}) }
	attribute := profileConfig(ProfileEntry{Parameter: "p", Attribute: "a"})
	asMap := profileConfig(ProfileEntry{Value: "log.body"})
	shortValues := defaultConfig()
	shortValues.MaxValueLength = 5
	profileAttribute := func(name string, v any) reasonCase {
		return reasonCase{defaultConfig(), attributes(withID(map[string]any{"profile." + name: v}))}
	}
	return map[Drop]map[string]reasonCase{
		DropNull: {
			"an attribute":             {attribute, attributes(withID(map[string]any{"a": nil}))},
			"an attribute by prefix":   profileAttribute("a", nil),
			"a leaf of a map":          profileAttribute("a", map[string]any{"b": nil}),
			"a path that is not there": {value(`log.body["x"]`), fixture{record: withID(nil), body: map[string]any{"y": 1}}},
			"the whole body":           {asMap, fixture{record: withID(nil)}},
			"a time that is not set":   {value(`log.time`), attributes(withID(nil))},
			"a day of no time":         {value(`FormatTime(log.time, "%Y-%m-%d")`), attributes(withID(nil))},
			"nanoseconds of no time":   {value(`log.time_unix_nano`), attributes(withID(nil))},
			"no time of observation":   {value(`Concat(["seen", Year(log.observed_time)], " ")`), attributes(withID(nil))},
		},
		DropEmpty: {
			"a string":                  profileAttribute("a", ""),
			"a list":                    profileAttribute("a", []any{}),
			"a list of nothing":         profileAttribute("a", []any{nil, "", []any{}}),
			"a map":                     profileAttribute("a", map[string]any{}),
			"a map in a map":            profileAttribute("a", map[string]any{"b": map[string]any{}}),
			"bytes":                     profileAttribute("a", []byte{}),
			"a value":                   {value(`Trim(log.body)`), fixture{record: withID(nil), body: "  "}},
			"a map without a name":      {asMap, fixture{record: withID(nil), body: map[string]any{}}},
			"a span id that is not set": {value(`log.span_id`), attributes(withID(nil))},
		},
		DropNotFinite: {
			"NaN":                     profileAttribute("a", math.NaN()),
			"plus infinity":           profileAttribute("a", math.Inf(1)),
			"minus infinity":          profileAttribute("a", math.Inf(-1)),
			"in a list":               profileAttribute("a", []any{1.5, math.NaN()}),
			"in a map of a list":      profileAttribute("a", []any{map[string]any{"b": math.Inf(1)}}),
			"what a converter gave":   {value(`Double("NaN")`), attributes(withID(nil))},
			"in a list of OTTL's own": {value(`[1, Double("Inf")]`), attributes(withID(nil))},
		},
		DropRounded: {
			"2^53":                       profileAttribute("a", 9007199254740992.0),
			"minus 2^53":                 profileAttribute("a", -9007199254740992.0),
			"the largest double":         profileAttribute("a", math.MaxFloat64),
			"a leaf of a map":            profileAttribute("a", map[string]any{"b": 6331101999990016023.0}),
			"in a list":                  profileAttribute("a", []any{"x", 1e21}),
			"in a list of maps":          profileAttribute("a", []any{map[string]any{"b": []any{1.5, 1e21}}}),
			"a number of ParseJSON":      {value(`ParseJSON(log.body)["card"]`), fixture{record: withID(nil), body: `{"card": 6331101999990016023}`}},
			"a leaf of ParseJSON":        {profileConfig(ProfileEntry{Value: `ParseJSON(log.body)`}), fixture{record: withID(nil), body: `{"card": 6331101999990016023}`}},
			"what a converter gave":      {value(`Double("6331101999990016023")`), attributes(withID(nil))},
			"in a list of a converter's": {value(`[1, Double("1e21")]`), attributes(withID(nil))},
		},
		DropNotAMap: {
			"a string body": {asMap, fixture{record: withID(nil), body: `{"a":1}`}},
			"a list body":   {asMap, fixture{record: withID(nil), body: []any{map[string]any{"a": 1}}}},
			"a number":      {asMap, fixture{record: withID(nil), body: 17}},
			"an empty body": {asMap, fixture{record: withID(nil), body: ""}},
		},
		DropExpressionFailed: {
			"a string body where a map is expected": {value(`log.body["profile"]`), fixture{record: withID(nil), body: "text"}},
			"an index past the list":                {value(`log.body[3]`), fixture{record: withID(nil), body: []any{1}}},
			"text that is no JSON":                  {value(`ParseJSON(log.body)`), fixture{record: withID(nil), body: "{"}},
			"a division by zero":                    {value(`1 / Len(log.body)`), fixture{record: withID(nil), body: ""}},
		},
		DropUnsupported: {
			"what has no text": {value(unsupportedValue), attributes(withID(nil))},
		},
		DropTooDeep: {
			"maps":               profileAttribute("a", nested(maxDepth+1, "1")),
			"maps in a list":     profileAttribute("a", []any{nested(maxDepth, "1")}),
			"by way of a spread": {asMap, fixture{record: withID(nil), body: map[string]any{"a": nested(maxDepth, "1")}}},
		},
		DropEmptyName: {
			"the attribute is the prefix": profileAttribute("", "x"),
			"a key of a map":              {asMap, fixture{record: withID(nil), body: map[string]any{"": "x"}}},
		},
		DropReservedName: {
			"a profile script":     profileAttribute("user.x", "1"),
			"a visitor id":         profileAttribute("mboxPC", "1"),
			"a built-in attribute": profileAttribute("geolocation.city", "1"),
			"by way of a map":      profileAttribute("user", map[string]any{"x": "1"}),
			"deep in a map":        {asMap, fixture{record: withID(nil), body: map[string]any{"geolocation": map[string]any{"city": "x"}}}},
		},
		DropMalformedName: {
			"a null character":        profileAttribute("a\x00b", "1"),
			"a line feed":             profileAttribute("a\n", "1"),
			"a delete":                profileAttribute("\x7f", "1"),
			"a control of the C1 set": profileAttribute("a\u0085b", "1"),
			"in a key of a map":       {asMap, fixture{record: withID(nil), body: map[string]any{"a\tb": "x"}}},
		},
		DropNameTooLong: {
			"129 characters":             profileAttribute(strings.Repeat("n", 129), "1"),
			"by way of maps":             profileAttribute("a", nested(64, "1")),
			"a map of that name":         profileAttribute(strings.Repeat("n", 128), map[string]any{"a": "1"}),
			"even if it is null":         profileAttribute(strings.Repeat("n", 128), map[string]any{"a": nil}),
			"even if it is an empty map": profileAttribute(strings.Repeat("n", 128), map[string]any{"a": map[string]any{}}),
			"10,000 levels":              profileAttribute("a", nested(10_000, "1")),
		},
		DropValueTooLong: {
			"a string":           {shortValues, attributes(withID(map[string]any{"profile.a": "123456"}))},
			"six runes":          {shortValues, attributes(withID(map[string]any{"profile.a": "日本日本日本"}))},
			"a number":           {shortValues, attributes(withID(map[string]any{"profile.a": 123456}))},
			"a list when joined": {shortValues, attributes(withID(map[string]any{"profile.a": []any{"12", "345"}}))},
			"a value of 100 KB":  {shortValues, attributes(withID(map[string]any{"profile.a": strings.Repeat("x", 100_000)}))},
		},
		DropTooLarge: {
			"a value of 100 KB":          profileAttribute("a", strings.Repeat("x", 100_000)),
			"a value that grows past it": profileAttribute("a", strings.Repeat("日", 10_000)),
			"a body of invalid UTF-8":    profileAttribute("a", strings.Repeat("\xff.", 10_000)),
			"a list when joined":         profileAttribute("a", []any{strings.Repeat("x", 40_000), strings.Repeat("x", 40_000)}),
		},
		DropTooMany: {
			"leaves of an attribute": profileAttribute("a", manyLeaves(11, 59_000)),
			"leaves of a body":       {asMap, fixture{record: withID(nil), body: manyLeaves(11, 59_000)}},
		},
	}
}

func TestEachDropHasItsValues(t *testing.T) {
	cases := dropCases()
	for drop := range drops {
		require.NotEmpty(t, cases[drop], "a reason without a case: %s", drop)
		for name, tt := range cases[drop] {
			t.Run(drop.String()+"/"+name, func(t *testing.T) {
				tt.cfg.Profile = append([]ProfileEntry{{Parameter: "neighbor", Attribute: "mbox3rdPartyId"}}, tt.cfg.Profile...)
				m := newMapperWithUnsupported(t, tt.cfg)
				got := updates(t, m, logsOf(t, tt.fixture))[0]
				assert.Equal(t, dropped(drop), got.Dropped)
				assert.Equal(t, NotSkipped, got.Skip)
				if drop == DropTooMany {
					assert.Len(t, got.Parameters, 11)
					got.Parameters = got.Parameters[:1]
				}
				assert.Equal(t, map[string]string{"neighbor": "c-1"}, latest(got.Parameters), "the neighbor")
			})
		}
	}
}

func TestReasonsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{"": true}
	for _, skip := range Skips() {
		assert.False(t, seen["skip "+skip.String()] || skip.String() == "", "skip %d", skip)
		seen["skip "+skip.String()] = true
	}
	for drop := range drops {
		assert.False(t, seen["drop "+drop.String()] || drop.String() == "", "drop %d", drop)
		seen["drop "+drop.String()] = true
	}
	assert.Empty(t, NotSkipped.String())
}

func TestDropsAdd(t *testing.T) {
	d := dropped(DropNull, DropTooLarge)
	other := dropped(DropNull, DropNull, DropEmpty)
	d.Add(&other)
	assert.Equal(t, dropped(DropNull, DropNull, DropNull, DropTooLarge, DropEmpty), d)
	assert.Equal(t, dropped(DropNull, DropNull, DropEmpty), other)
}
