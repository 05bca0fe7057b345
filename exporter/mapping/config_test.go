// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// settings are the keys of the exporter's YAML that this package owns.
type settings struct {
	Visitor    []VisitorEntry `mapstructure:"visitor"`
	Profile    []ProfileEntry `mapstructure:"profile"`
	Conditions []Condition    `mapstructure:"conditions"`
}

func parseYAML(t *testing.T, yaml string) settings {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	var s settings
	require.NoError(t, conf.Unmarshal(&s))
	return s
}

func TestConfigIsRefused(t *testing.T) {
	long := strings.Repeat("n", 129)
	tests := map[string]struct {
		yaml string
		want []string // each has to be said
	}{
		"a visitor entry without a source": {
			"visitor: [{parameter: mboxPC}]",
			[]string{"visitor::0: set exactly one of attribute, value, got none"},
		},
		"a visitor entry with two sources": {
			"visitor: [{parameter: mboxPC, attribute: a, value: log.body}]",
			[]string{"visitor::0: set exactly one of attribute, value, got attribute and value"},
		},
		"a visitor entry without a parameter": {
			"visitor: [{attribute: a}]",
			[]string{"visitor::0::parameter: required, one of mboxPC, mbox3rdPartyId"},
		},
		"an unknown visitor parameter": {
			"visitor: [{parameter: mboxPC, attribute: a}, {parameter: mboxMCGVID, attribute: a}]",
			[]string{`visitor::1::parameter: "mboxMCGVID" is not a visitor parameter, use one of mboxPC, mbox3rdPartyId`},
		},
		"a visitor value that does not parse": {
			"visitor: [{parameter: mboxPC, value: 'log.body['}]",
			[]string{"visitor::0::value: ", "expression has invalid syntax", "1:10"},
		},
		"a profile entry without a source": {
			"profile: [{prefix: a}, {parameter: p}]",
			[]string{"profile::1: set exactly one of attribute, value, prefix, got none"},
		},
		"an empty profile entry": {
			"profile: [{}]",
			[]string{"profile::0: set exactly one of attribute, value, prefix, got none"},
		},
		"a profile entry with attribute and value": {
			"profile: [{parameter: p, attribute: a, value: log.body}]",
			[]string{"profile::0: set exactly one of attribute, value, prefix, got attribute and value"},
		},
		"a profile entry with attribute and prefix": {
			"profile: [{parameter: p, attribute: a, prefix: b}]",
			[]string{"profile::0: set exactly one of attribute, value, prefix, got attribute and prefix"},
		},
		"a profile entry with all three": {
			"profile: [{parameter: p, attribute: a, prefix: b, value: log.body}]",
			[]string{"profile::0: set exactly one of attribute, value, prefix, got attribute and value and prefix"},
		},
		"an attribute without a parameter": {
			"profile: [{attribute: a}]",
			[]string{"profile::0: parameter: required beside attribute"},
		},
		"a prefix with a parameter": {
			"profile: [{parameter: p, prefix: a}]",
			[]string{"profile::0: parameter: not allowed beside prefix"},
		},
		"a parameter of the namespace of profile scripts": {
			"profile: [{parameter: user.x, attribute: a}]",
			[]string{`profile::0::parameter: "user.x" is reserved by Target`, "user.*, mbox*, geolocation.*, mobile.*, browserTime, sessionCount and averageDaysBetweenVisits"},
		},
		"a visitor id as profile parameter": {
			"profile: [{parameter: mboxPC, attribute: a}]",
			[]string{`profile::0::parameter: "mboxPC" is reserved by Target`},
		},
		"a built-in attribute": {
			"profile: [{parameter: geolocation.city, value: log.body}]",
			[]string{`profile::0::parameter: "geolocation.city" is reserved by Target`},
		},
		"a parameter of 129 characters": {
			"profile: [{parameter: " + long + ", attribute: a}]",
			[]string{"profile::0::parameter: ", long, "too long, at most 128 characters are allowed"},
		},
		"a parameter written with its prefix": {
			"profile: [{parameter: profile.tier, attribute: a}]",
			[]string{`profile::0::parameter: "profile.tier": write it without "profile."`},
		},
		"a profile value that does not parse": {
			"profile: [{prefix: a}, {parameter: p, value: 'Concat([\"a\"'}]",
			[]string{"profile::1::value: ", "expression has invalid syntax"},
		},
		"an unknown converter": {
			"profile: [{parameter: p, value: 'Concatenate(log.body)'}]",
			[]string{"profile::0::value: ", `undefined function "Concatenate"`},
		},
		"an editor in place of a converter": {
			"profile: [{parameter: p, value: 'set(log.body, 1)'}]",
			[]string{"profile::0::value: "},
		},
		"a path without its context": {
			"profile: [{parameter: p, value: 'attributes[\"a\"]'}]",
			[]string{"profile::0::value: ", `missing context name for path "attributes[a]"`, `"log.attributes[a]"`},
		},
		"a default without a parameter": {
			"profile: [{value: log.body, default: x}]",
			[]string{"profile::0: default: needs a parameter"},
		},
		"a default beside a prefix": {
			"profile: [{prefix: a, default: x}]",
			[]string{"profile::0: default: needs a parameter"},
		},
		"an empty default": {
			"profile: [{parameter: p, attribute: a, default: ''}]",
			[]string{`profile::0: default: must be a string, number or boolean`, "not empty", `got ""`},
		},
		"a list as default": {
			"profile: [{parameter: p, attribute: a, default: [1]}]",
			[]string{"profile::0: default: must be a string, number or boolean", "got []interface {}{1}"},
		},
		"a map as default": {
			"profile: [{parameter: p, attribute: a, default: {b: c}}]",
			[]string{"profile::0: default: must be a string, number or boolean", `"b":"c"`},
		},
		"a default that is no number": {
			"profile: [{parameter: p, attribute: a, default: .nan}]",
			[]string{"profile::0: default: must be a string, number or boolean", "got NaN"},
		},
		"an infinite default": {
			"profile: [{parameter: p, attribute: a, default: .inf}]",
			[]string{"profile::0: default: must be a string, number or boolean", "got +Inf"},
		},
		"a date as default, which YAML does not take for a string": {
			"profile: [{parameter: p, attribute: a, default: 2026-01-02}]",
			[]string{"profile::0: default: must be a string, number or boolean", "time.Date(2026"},
		},
		"a default that was rounded": {
			"profile: [{parameter: p, attribute: a, default: 63311019999900160230}]",
			[]string{"profile::0: default: 6.3311019999900164e+19 was rounded, write a number that large in quotes"},
		},
		"a condition that does not parse": {
			"conditions: ['true', 'log.body ==']",
			[]string{"conditions::1: ", "condition has invalid syntax", "1:12"},
		},
		"a condition that is a value": {
			"conditions: ['log.body']",
			[]string{"conditions::0: "},
		},
		"an empty condition": {
			"conditions: ['']",
			[]string{"conditions::0: the condition is empty"},
		},
		"several faults, each at its place": {
			"{visitor: [{parameter: x, attribute: a}], profile: [{}, {parameter: user.x, value: '['}], conditions: ['[']}",
			[]string{"visitor::0::parameter: ", "profile::0: ", "profile::1::parameter: ", "profile::1::value: ", "conditions::0: "},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := parseYAML(t, tt.yaml)
			err := confmap.Validate(&s)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestConfigIsTaken(t *testing.T) {
	for name, yaml := range map[string]string{
		"the example of the design": `
visitor:
  - {parameter: mbox3rdPartyId, attribute: customer.id}
  - {parameter: mboxPC, value: 'log.body["target"]["pcId"]'}
profile:
  - prefix: profile.
  - {parameter: loyaltyTier, attribute: loyalty.tier}
  - {parameter: lastStore, value: 'Concat(["store", resource.attributes["store.id"]], "-")', default: none}
  - value: log.body["profile"]
conditions:
  - log.attributes["channel"] == "offline"`,
		"a parameter of 128 characters": "profile: [{parameter: " + strings.Repeat("ü", 128) + ", attribute: a}]",
		"one value for all parameters":  "profile: [{value: 'ParseJSON(log.body)'}]",
		"a parameter for a whole map":   "profile: [{parameter: address, value: 'log.body'}]",
		"a null default is none":        "profile: [{value: log.body, default: }]",
		"nothing":                       "{}",
	} {
		t.Run(name, func(t *testing.T) {
			s := parseYAML(t, yaml)
			require.NoError(t, confmap.Validate(&s))
			cfg := defaultConfig()
			cfg.Visitor, cfg.Profile, cfg.Conditions = s.Visitor, s.Profile, s.Conditions
			_, err := New(cfg)
			assert.NoError(t, err)
		})
	}
}

func TestAKeyOfAnEntryThatIsNotKnownIsRefused(t *testing.T) {
	conf := confmap.NewFromStringMap(map[string]any{"profile": []any{map[string]any{"parameter": "p", "attribute": "a", "fallback": "x"}}})
	var s settings
	require.ErrorContains(t, conf.Unmarshal(&s), "fallback")
}

func TestAPrefixEndsInAPoint(t *testing.T) {
	for prefix, want := range map[string]bool{
		"profile": true, "profilé": true, "p1": true, "profile.": false, "profile_": false, "profile/": false, "my~": false, "": false,
	} {
		assert.Equal(t, want, ProfileEntry{Prefix: prefix}.Undotted(), prefix)
	}
}

func TestDefaultEntriesAreValid(t *testing.T) {
	s := settings{Visitor: DefaultVisitor(), Profile: DefaultProfile()}
	require.NoError(t, confmap.Validate(&s))
	s.Visitor[0].Attribute = "changed"
	assert.NotEqual(t, s.Visitor, DefaultVisitor(), "each caller gets entries of its own")
}

func TestNewNamesThePlaceOfWhatDoesNotParse(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"visitor::1::value: ": func(cfg *Config) { cfg.Visitor[1] = VisitorEntry{Parameter: profile.MboxPC, Value: "["} },
		"profile::0::value: ": func(cfg *Config) { cfg.Profile[0] = ProfileEntry{Parameter: "p", Value: "["} },
		"conditions::1: ":     func(cfg *Config) { cfg.Conditions = []Condition{"true", "["} },
	} {
		cfg := defaultConfig()
		change(&cfg)
		_, err := New(cfg)
		assert.ErrorContains(t, err, want)
	}
}
