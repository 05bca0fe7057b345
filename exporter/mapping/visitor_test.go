// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestTheFirstUsableIDNamesTheVisitor(t *testing.T) {
	pc := func(id string) profile.Visitor { return profile.Visitor{Parameter: profile.MboxPC, ID: id} }
	thirdParty := func(id string) profile.Visitor {
		return profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: id}
	}
	byValue := []VisitorEntry{
		{Parameter: profile.Mbox3rdPartyID, Value: `log.body["customer"]["id"]`},
		{Parameter: profile.MboxPC, Value: `ParseJSON(log.body)["pc"]`},
		{Parameter: profile.MboxPC, Attribute: "fallback"},
	}
	nestedID := []VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Attribute: "customer.id"}}
	tests := map[string]struct {
		entries []VisitorEntry
		fixture fixture
		want    profile.Visitor
		skip    Skip
	}{
		"both are there":                  {fixture: attributes(map[string]any{"mbox3rdPartyId": "c", "mboxPC": "p"}), want: thirdParty("c")},
		"only the second":                 {fixture: attributes(map[string]any{"mboxPC": "p"}), want: pc("p")},
		"the first is empty":              {fixture: attributes(map[string]any{"mbox3rdPartyId": "", "mboxPC": "p"}), want: pc("p")},
		"the first is null":               {fixture: attributes(map[string]any{"mbox3rdPartyId": nil, "mboxPC": "p"}), want: pc("p")},
		"the first has a slash":           {fixture: attributes(map[string]any{"mbox3rdPartyId": "c/1", "mboxPC": "p"}), want: pc("p")},
		"the first has 129 characters":    {fixture: attributes(map[string]any{"mbox3rdPartyId": strings.Repeat("c", 129), "mboxPC": "p"}), want: pc("p")},
		"the first is a list":             {fixture: attributes(map[string]any{"mbox3rdPartyId": []any{"c"}, "mboxPC": "p"}), want: pc("p")},
		"spaces belong to the id":         {fixture: attributes(map[string]any{"mbox3rdPartyId": " c 1 "}), want: thirdParty(" c 1 ")},
		"form syntax is text":             {fixture: attributes(map[string]any{"mbox3rdPartyId": "c&mboxPC=p"}), want: thirdParty("c&mboxPC=p")},
		"on the scope":                    {fixture: fixture{scope: map[string]any{"mbox3rdPartyId": "c"}}, want: thirdParty("c")},
		"on the resource":                 {fixture: fixture{resource: map[string]any{"mbox3rdPartyId": "c"}}, want: thirdParty("c")},
		"the record before scope and all": {fixture: fixture{resource: map[string]any{"mboxPC": "r"}, scope: map[string]any{"mboxPC": "s"}, record: map[string]any{"mboxPC": "l"}}, want: pc("l")},

		"in nested maps":                  {entries: nestedID, fixture: attributes(map[string]any{"customer": map[string]any{"id": "c"}}), want: thirdParty("c")},
		"a nested null is none":           {entries: nestedID, fixture: attributes(map[string]any{"customer": map[string]any{"id": nil}}), skip: SkipNoVisitor},
		"an attribute before nested maps": {entries: nestedID, fixture: fixture{resource: map[string]any{"customer.id": "r"}, record: map[string]any{"customer": map[string]any{"id": "c"}}}, want: thirdParty("r")},
		"another name in nested maps":     {entries: nestedID, fixture: attributes(map[string]any{"customer": map[string]any{"ID": "c"}}), skip: SkipNoVisitor},

		"an integer":                            {fixture: attributes(map[string]any{"mboxPC": 4711}), want: pc("4711")},
		"the smallest integer":                  {fixture: attributes(map[string]any{"mboxPC": math.MinInt64}), want: pc("-9223372036854775808")},
		"a zero":                                {fixture: attributes(map[string]any{"mboxPC": 0}), want: pc("0")},
		"a double, as JSON's numbers are":       {fixture: attributes(map[string]any{"mboxPC": 1368007744041.0}), want: pc("1368007744041")},
		"a double just before 2^53":             {fixture: attributes(map[string]any{"mboxPC": 9007199254740991.0}), want: pc("9007199254740991")},
		"a double of 2^53 may be two numbers":   {fixture: attributes(map[string]any{"mboxPC": 9007199254740992.0}), skip: SkipInvalidVisitor},
		"a negative one too":                    {fixture: attributes(map[string]any{"mboxPC": -9007199254740992.0}), skip: SkipInvalidVisitor},
		"a double of 1.10 and 1.1 are one":      {fixture: attributes(map[string]any{"mboxPC": 1.10}), skip: SkipInvalidVisitor},
		"a large integer":                       {fixture: attributes(map[string]any{"mboxPC": 6331101999990016023}), want: pc("6331101999990016023")},
		"a rounded one, then a good one":        {fixture: attributes(map[string]any{"mbox3rdPartyId": 6331101999990016023.0, "mboxPC": "p"}), want: pc("p")},
		"a double that is no number":            {fixture: attributes(map[string]any{"mboxPC": math.NaN()}), skip: SkipInvalidVisitor},
		"a double that never ends":              {fixture: attributes(map[string]any{"mboxPC": math.Inf(-1)}), skip: SkipInvalidVisitor},
		"a boolean is none":                     {fixture: attributes(map[string]any{"mboxPC": true}), skip: SkipInvalidVisitor},
		"bytes are none":                        {fixture: attributes(map[string]any{"mboxPC": []byte("p")}), skip: SkipInvalidVisitor},
		"a map is none":                         {fixture: attributes(map[string]any{"mboxPC": map[string]any{"id": "p"}}), skip: SkipInvalidVisitor},
		"what stands for broken bytes is none":  {fixture: attributes(map[string]any{"mboxPC": "M\uFFFDller-1"}), skip: SkipInvalidVisitor},
		"invalid UTF-8 is none":                 {fixture: attributes(map[string]any{"mboxPC": "p\xff"}), skip: SkipInvalidVisitor},
		"an unusable id and then none":          {fixture: attributes(map[string]any{"mbox3rdPartyId": "a+b"}), skip: SkipInvalidVisitor},
		"a record's empty id hides the scope's": {fixture: fixture{scope: map[string]any{"mboxPC": "s"}, record: map[string]any{"mboxPC": ""}}, skip: SkipNoVisitor},
		"another case is another attribute":     {fixture: attributes(map[string]any{"mboxpc": "p"}), skip: SkipNoVisitor},

		"a value":                        {entries: byValue, fixture: fixture{body: map[string]any{"customer": map[string]any{"id": "c"}}}, want: thirdParty("c")},
		"a value that fails, then one":   {entries: byValue, fixture: fixture{body: `{"pc": 17}`}, want: pc("17")},
		"two values that fail, then one": {entries: byValue, fixture: fixture{body: "text", record: map[string]any{"fallback": "f"}}, want: pc("f")},
		"a value that gives null":        {entries: byValue, fixture: fixture{body: map[string]any{}, record: map[string]any{"fallback": "f"}}, want: pc("f")},
		"values that all fail":           {entries: byValue, fixture: fixture{body: "text"}, skip: SkipVisitorFailed},
		"a rounded number of ParseJSON":  {entries: byValue, fixture: fixture{body: `{"pc": 6331101999990016023}`}, skip: SkipInvalidVisitor},
		"a large number found as text":   {entries: []VisitorEntry{{Parameter: profile.MboxPC, Value: `ExtractPatterns(log.body, "\"pc\":\\s*(?P<pc>\\d+)")["pc"]`}}, fixture: fixture{body: `{"pc": 6331101999990016023}`}, want: pc("6331101999990016023")},
		"a time that is not set":         {entries: []VisitorEntry{{Parameter: profile.MboxPC, Value: `log.time_unix_nano`}}, skip: SkipNoVisitor},
		"a value that gives a map":       {entries: byValue, fixture: fixture{body: map[string]any{"customer": map[string]any{"id": map[string]any{}}}}, skip: SkipInvalidVisitor},
		"a hash of what is personal":     {entries: []VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Value: `MD5(log.attributes["mail"])`}}, fixture: attributes(map[string]any{"mail": "a@b"}), want: thirdParty("a1ca0ed6e42a23f4758e8a3f6b54de58")},
		"a trace id":                     {entries: []VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Value: `TraceID(0x0102030405060708090a0b0c0d0e0f10)`}}, want: thirdParty("0102030405060708090a0b0c0d0e0f10")},
		"a trace id that is not set":     {entries: []VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Value: `log.trace_id`}}, skip: SkipNoVisitor},
		"no entry":                       {entries: []VisitorEntry{}, fixture: attributes(withID(nil)), skip: SkipNoVisitor},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := profileConfig(ProfileEntry{Parameter: "p", Value: `"v"`})
			if tt.entries != nil {
				cfg.Visitor = tt.entries
			}
			got := update(t, cfg, tt.fixture)
			assert.Equal(t, tt.skip, got.Skip)
			assert.Equal(t, tt.want, got.Visitor)
		})
	}
}

func TestTheFirstExpressionThatFailsIsNamed(t *testing.T) {
	const fails, none = `ParseJSON(log.body)["id"]`, `log.attributes["id"]`
	text := fixture{record: map[string]any{"profile.a": "1"}, body: "text"}
	for name, tt := range map[string]struct {
		cfg  Config
		want Update
	}{
		"of the visitor":            {visitorConfig(none, fails, fails), Update{Skip: SkipVisitorFailed, Failed: "visitor::1::value"}},
		"of the conditions":         {conditions("false", `log.body["x"] == 1`, `log.body["y"] == 1`), Update{Skip: SkipConditionFailed, Failed: "conditions::1"}},
		"none when an id was found": {visitorConfig(fails, `"null"`), Update{Skip: SkipInvalidVisitor}},
		"none when none failed":     {visitorConfig(none), Update{Skip: SkipNoVisitor}},
	} {
		t.Run(name, func(t *testing.T) {
			good := attributes(withID(map[string]any{"profile.a": "1"}))
			got := updates(t, newMapper(t, tt.cfg), logsOf(t, text, good))
			assert.Equal(t, tt.want, got[0])
		})
	}
}

func TestAVisitorThatIsFoundHidesWhatFailed(t *testing.T) {
	cfg := visitorConfig(`log.body["id"]`)
	cfg.Conditions = []Condition{`log.body["x"] == 1`, "true"}
	got := update(t, cfg, fixture{record: withID(map[string]any{"profile.a": "1"}), body: "text"})
	assert.Equal(t, NotSkipped, got.Skip)
	assert.Empty(t, got.Failed)
}

func TestTheLimitOfAThirdPartyIDIsTheUsers(t *testing.T) {
	cfg := defaultConfig()
	cfg.MaxThirdPartyIDLength = 256
	f := attributes(map[string]any{"mbox3rdPartyId": strings.Repeat("ü", 256), "profile.a": "1"})
	assert.Equal(t, NotSkipped, update(t, cfg, f).Skip)
	cfg.MaxThirdPartyIDLength = 255
	assert.Equal(t, SkipInvalidVisitor, update(t, cfg, f).Skip)
}

func TestARecordNeedsToMeetOneConditionOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		conditions []Condition
		skip       Skip
	}{
		"none are given":                {nil, NotSkipped},
		"the first is met":              {[]Condition{`log.attributes["channel"] == "store"`, "false"}, NotSkipped},
		"the last is met":               {[]Condition{"false", "false", "true"}, NotSkipped},
		"one fails and another is met":  {[]Condition{`log.body["x"] == 1`, "true"}, NotSkipped},
		"one is met before one fails":   {[]Condition{"true", `log.body["x"] == 1`}, NotSkipped},
		"by resource":                   {[]Condition{`resource.attributes["service.name"] == "till"`}, NotSkipped},
		"by scope":                      {[]Condition{`scope.attributes["v"] == 2 and scope.name == ""`}, NotSkipped},
		"by severity":                   {[]Condition{`log.severity_number >= SEVERITY_NUMBER_INFO`}, SkipCondition},
		"by an attribute it lacks":      {[]Condition{`log.attributes["nowhere"] != nil`}, SkipCondition},
		"by a converter":                {[]Condition{`IsMatch(log.body, "^te.t$")`}, NotSkipped},
		"none is met and one fails":     {[]Condition{"false", `log.body["x"] == 1`, "false"}, SkipConditionFailed},
		"types that are not comparable": {[]Condition{`log.body > 3`}, SkipCondition},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := conditions(tt.conditions...)
			got := update(t, cfg, fixture{
				resource: map[string]any{"service.name": "till"},
				scope:    map[string]any{"v": 2},
				record:   withID(map[string]any{"channel": "store", "profile.a": "1"}),
				body:     "text",
			})
			assert.Equal(t, tt.skip, got.Skip)
		})
	}
}
