// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// skipOf returns why a record with that id gives no update.
func skipOf(t *testing.T, cfg Config, id any) Skip {
	t.Helper()
	return update(t, cfg, attributes(map[string]any{"mboxPC": id, "profile.a": "1"})).Skip
}

func TestPlaceholdersAreNoID(t *testing.T) {
	for _, placeholder := range DefaultPlaceholders() {
		text := string(placeholder)
		for _, id := range []string{text, strings.ToUpper(text), strings.ToLower(text), "  " + text + " "} {
			assert.Equal(t, SkipInvalidVisitor, skipOf(t, defaultConfig(), id), "%q", id)
		}
	}
	for _, id := range []string{
		"Nandini", "null-island@example.com", "nullnull", "nonesuch", "unknown-17", "na-1", "--", "0", "n", "ñ",
		"00000000-0000-0000-0000-000000000001",
	} {
		assert.Equal(t, NotSkipped, skipOf(t, defaultConfig(), id), "%q", id)
	}
}

func TestAPartThatIsMissingMakesNoID(t *testing.T) {
	const concat = `Concat(["store", log.attributes["customer"]], "-")`
	for name, cfg := range map[string]Config{
		"as Concat gives it":        visitorConfig(concat),
		"in capitals":               visitorConfig(`ToUpperCase(` + concat + `)`),
		"where no text is refused":  withPlaceholders(visitorConfig(concat)),
		"in a hash":                 visitorConfig(`SHA256(` + concat + `)`),
		"in a hash of a lower case": visitorConfig(`SHA256(ToLowerCase(Trim(` + concat + `)))`),
		"in a part of it":           visitorConfig(`Substring(MD5(` + concat + `), 0, 8)`),
		"in a list":                 visitorConfig(`[1, ` + concat + `]`),
		"as Format gives it":        visitorConfig(`SHA1(Format("%v-%s", ["store", log.attributes["customer"]]))`),
		"made by a processor":       visitorConfig(`"store-<nil>"`),
		"after an entry of nothing": visitorConfig(`log.attributes["customer"]`, concat),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, SkipInvalidVisitor, update(t, cfg, attributes(map[string]any{"profile.a": "1"})).Skip)
			got := update(t, visitorConfig(concat), attributes(map[string]any{"profile.a": "1", "customer": "17"}))
			assert.Equal(t, profile.Visitor{Parameter: profile.MboxPC, ID: "store-17"}, got.Visitor)
		})
	}
}

// withPlaceholders returns the configuration with these texts in place of the default.
func withPlaceholders(cfg Config, texts ...Placeholder) Config {
	cfg.Placeholders = texts
	return cfg
}

func TestAHashOfNothingIsNoID(t *testing.T) {
	for _, hash := range []string{"MD5", "SHA1", "SHA256", "SHA512"} {
		cfg := visitorConfig(Expression(hash + `(log.attributes["mail"])`))
		assert.Equal(t, SkipInvalidVisitor, update(t, cfg, attributes(map[string]any{"mail": "", "profile.a": "1"})).Skip, hash)
		assert.Equal(t, NotSkipped, update(t, cfg, attributes(map[string]any{"mail": "jo@example.com", "profile.a": "1"})).Skip, hash)
	}
}

func TestPlaceholdersAreTheUsers(t *testing.T) {
	cfg := withPlaceholders(defaultConfig(), "Gäste", "ẞ", "kiosk")
	for _, id := range []string{"GÄSTE", " gäste", "ß", "KIOSK", "\u212Aiosk"} {
		assert.Equal(t, SkipInvalidVisitor, skipOf(t, cfg, id), "%q", id)
	}
	for _, id := range []string{"null", "g", "Gäste-1"} {
		assert.Equal(t, NotSkipped, skipOf(t, cfg, id), "%q", id)
	}
	assert.Equal(t, NotSkipped, skipOf(t, withPlaceholders(defaultConfig()), "null"), "an empty list refuses none")
	assert.Equal(t, SkipInvalidVisitor, skipOf(t, withPlaceholders(defaultConfig()), "  "))
	assert.Equal(t, SkipInvalidVisitor, skipOf(t, withPlaceholders(defaultConfig(), "4711"), 4711), "a number too")
}

func TestAnEntryIsAskedForPlaceholdersAgain(t *testing.T) {
	m := newMapper(t, defaultConfig())
	assert.False(t, m.Sendable(profile.Visitor{Parameter: profile.MboxPC, ID: "NULL"}))
	assert.True(t, m.Sendable(profile.Visitor{Parameter: profile.MboxPC, ID: "Nandini"}))
}

func TestABlankPlaceholderIsRefused(t *testing.T) {
	for yaml, want := range map[string]string{
		"placeholders: [none, null]": "placeholders::1: must not be blank",
		"placeholders: [' ']":        "placeholders::0: must not be blank",
		"placeholders: []":           "",
		"placeholders: ['null']":     "",
	} {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		var s struct {
			Placeholders []Placeholder `mapstructure:"placeholders"`
		}
		require.NoError(t, conf.Unmarshal(&s))
		if err = confmap.Validate(&s); want == "" {
			require.NoError(t, err, yaml)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	s := struct{ Placeholders []Placeholder }{DefaultPlaceholders()}
	require.NoError(t, confmap.Validate(&s))
}

func TestTheDefaultListIsTheDocumentedOne(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "mapping.md"))
	require.NoError(t, err)
	for _, placeholder := range DefaultPlaceholders() {
		if hash := regexp.MustCompile("^[0-9a-f]{32,}$"); !hash.MatchString(string(placeholder)) {
			assert.Contains(t, string(text), "`"+string(placeholder)+"`")
		}
	}
}
