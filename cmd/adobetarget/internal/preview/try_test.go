// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTry_ShowsTheCallsOfSettingsThatAreTyped(t *testing.T) {
	result, err := Try(t.Context(), Typed{
		Config:  "visitor: [{parameter: mbox3rdPartyId, attribute: id}]\nprofile: [{parameter: tier, attribute: tier}]",
		Records: `{"id":"customer-1","tier":"gold"}` + "\n" + `{"tier":"silver"}` + "\n" + `{"id":"customer-1","tier":"bronze"}`,
	})

	require.NoError(t, err)
	assert.Equal(t, []Record{
		{Record: 1, Outcome: "call", Call: 1},
		{Record: 2, Outcome: "skipped", Reason: "no_visitor", Place: "exporters::adobe_target::visitor"},
		{Record: 3, Outcome: "call", Call: 1},
	}, result.Records)
	assert.Equal(t, []*Call{{
		Call: 1, Route: "single", Method: "POST", Path: "/m2/demo/profile/update", Bytes: 45,
		Row: &Row{
			Visitor:    map[string]string{"mbox3rdPartyId": "cu…#1"},
			Parameters: map[string]string{"profile.tier": "bronze"},
			Records:    []int{1, 3},
		},
	}}, result.Calls)
	assert.Equal(t, Totals{
		Exporter: "adobe_target", Route: "single", As: "attributes", Merged: true, Records: 3, Visitors: 1, Calls: 1,
		Skipped: map[string]int{"no_visitor": 1}, Dropped: map[string]int{},
	}, result.Totals)
}

func TestTry_SaysWhatIsWrongAndWhere(t *testing.T) {
	t.Setenv("SECRET_OF_THE_MACHINE", "do-not-tell")
	const record = `{"mboxPC":"secret-id","profile.a":1}`
	for _, test := range []struct {
		name  string
		typed Typed
		says  []string
	}{
		{"nothing is typed", Typed{}, []string{"config: write the settings"}},
		{"no YAML", Typed{Config: "visitor: ["}, []string{"config: yaml: line 1"}},
		{"an unknown setting", Typed{Config: "vistor: []"}, []string{`config: exporters::adobe_target: unknown key "vistor"`}},
		{"an entry without a source", Typed{Config: "visitor: [{parameter: mboxPC}]"}, []string{"exporters::adobe_target::visitor::0: set exactly one of"}},
		{"an expression that does not parse", Typed{Config: "conditions: ['log.body ==']"}, []string{"exporters::adobe_target::conditions::0"}},
		{"an environment variable", Typed{Config: "client_code: acme\nendpoint: ${env:SECRET_OF_THE_MACHINE}"}, []string{"line 2: ${…} is not looked up here"}},
		{"one without a scheme", Typed{Config: "client_code: acme${SECRET_OF_THE_MACHINE}"}, []string{"line 1: ${…}"}},
		{"a file in a key", Typed{Config: "exporters:\n  adobe_target:\n    ${file:/etc/passwd}: x"}, []string{"line 3: ${…}"}},
		{"several exporters", Typed{Config: "exporters: {adobe_target: , adobe_target/b: }"}, []string{"choose one with --exporter: adobe_target, adobe_target/b"}},
		{"none that is meant", Typed{Config: "exporters: {adobe_target: }", Exporter: "adobe_target/c"}, []string{`no exporter "adobe_target/c", it has adobe_target`}},
		{"none at all", Typed{Config: "exporters: {debug: }"}, []string{"the configuration has no exporter adobe_target"}},
		{"a broken record", Typed{Config: "dry_run: true", Records: record + "\n\n" + `{"mboxPC":"secret-id",` + "\n" + record}, []string{"records: line 3: is no JSON"}},
		{"a list", Typed{Config: "dry_run: true", Records: "[" + record + "]"}, []string{"records: line 1: is JSON and no object"}},
		{"another form", Typed{Config: "dry_run: true", Records: record, As: "csv"}, []string{`records: "csv" is unknown`}},
		{"no record", Typed{Config: "dry_run: true", Records: record, As: AsRecord}, []string{"records: line 1: a record has the keys attributes, body"}},
		{"uploads of each", Typed{Config: "route: bulk", Records: record, Options: Options{Each: true}}, []string{"config: route bulk merges"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Try(t.Context(), test.typed)

			for _, says := range test.says {
				require.ErrorContains(t, err, says)
			}
			assert.NotContains(t, err.Error(), "secret-id")
			assert.NotContains(t, err.Error(), "do-not-tell")
		})
	}
}

func TestLoadText_KeepsADollarThatIsWrittenTwice(t *testing.T) {
	e, err := LoadText(t.Context(), "profile: [{parameter: a, attribute: a, default: '$${env:HOME}'}]", "")

	require.NoError(t, err)
	assert.Equal(t, "${env:HOME}", e.Config.Profile[0].Default)
	assert.Equal(t, "demo", e.Config.ClientCode)
}
