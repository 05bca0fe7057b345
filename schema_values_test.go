// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// oddValues are put where each setting stands.
var oddValues = []any{
	nil, true, 0, 1, 100, 1e9, -1, 1.5, "", " ", "0", "1", "1s", "90m", "1h30m", ".5s", "1d", "-1s", "none", "single", "bulk", "GET", "v1",
	"items", "10MB", "5 KiB", "/a", "/a?b", "https://acme.example", "http://acme.example/gate", "true", "file_storage/a",
	[]any{},
	[]any{"a"},
	[]any{""},
	[]any{1},
	map[string]any{},
	map[string]any{"a": "b"},
	map[string]any{"enabled": false},
	[]any{map[string]any{"name": "a", "value": "b"}},
	[]any{map[string]any{"parameter": "mboxPC", "attribute": "a"}},
	[]any{map[string]any{"prefix": "a."}},
}

// TestEditorSchema_RefusesNothingThatTheExporterTakes puts many a value where each setting stands.
// An editor may see less than the exporter, and must not see more.
func TestEditorSchema_RefusesNothingThatTheExporterTakes(t *testing.T) {
	j, taken := newJudge(t), 0
	for _, s := range settingsOfConfig() {
		for _, value := range oddValues {
			section := alone(s.path, value)
			if !takes(section) {
				continue
			}
			taken++
			if better(s, value) {
				continue
			}
			require.NoError(t, j.exporter(t, section), "%s: %#v", s.path, value)
		}
	}
	assert.Greater(t, taken, 500)
}

func TestEditorSchema_TakesWhatTheCollectorExpands(t *testing.T) {
	j := newJudge(t)
	for _, s := range settingsOfConfig() {
		assert.NoError(t, j.exporter(t, alone(s.path, "${env:SETTING}")), s.path)
	}
}

func takes(section map[string]any) bool {
	cfg := createDefaultConfig().(*Config)
	return confmap.NewFromStringMap(section).Unmarshal(cfg) == nil && confmap.Validate(cfg) == nil
}

// TestConfigSchema_HasTheBoundsOfConfig has the exporter take what is at a bound, and refuse what is
// past it.
func TestConfigSchema_HasTheBoundsOfConfig(t *testing.T) {
	schema, bounds := settings(t), 0
	for _, s := range settingsOfConfig() {
		of := property(schema, s.path)
		if s.path == "quota::reservation" { // not looked at without a storage
			continue
		}
		for bound, past := range map[string]float64{"minimum": -1, "maximum": 1, "exclusiveMinimum": -1} {
			at, is := of[bound].(int)
			if !is {
				continue
			}
			bounds++
			if bound == "exclusiveMinimum" {
				assert.False(t, takes(alone(s.path, at)), "%s: %d", s.path, at)
			} else {
				assert.True(t, takes(alone(s.path, at)), "%s: %d", s.path, at)
			}
			assert.False(t, takes(alone(s.path, float64(at)+past)), "%s: past %s", s.path, bound)
		}
		words, is := of["enum"].([]any)
		if !is {
			continue
		}
		bounds++
		for _, word := range words {
			assert.True(t, takes(alone(s.path, word)), "%s: %v", s.path, word)
		}
		assert.False(t, takes(alone(s.path, "wrong")), s.path)
	}
	assert.Greater(t, bounds, 30)
}

// better reports whether it is right that an editor refuses what the exporter takes for something else
// than it looks like, or does not look at.
func better(s setting, value any) bool {
	_, isMap := value.(map[string]any)
	switch typ := typeOf(s.typ); {
	case value == nil: // the key was begun
		return typ != "object"
	case typ == "integer" && value == 1.5: // read as 1
		return true
	case typ == "string" && isMap: // read as empty
		return true
	}
	return s.path == "api::parameters" && value == "" || s.path == "quota::reservation"
}

// alone returns a configuration with one setting, and the route that it is for.
func alone(path string, value any) map[string]any {
	names := strings.Split(path, "::")
	section := map[string]any{"client_code": "acme"}
	if names[0] == "bulk" || names[0] == "delivery" {
		section["route"] = names[0]
	}
	inner := section
	if strings.HasPrefix(path, "quota::redis::") && path != "quota::redis::endpoint" {
		section["quota"] = map[string]any{"redis": map[string]any{"endpoint": "redis.example:6379", "password": "a secret"}}
	}
	for _, name := range names[:len(names)-1] {
		next, begun := inner[name].(map[string]any)
		if !begun {
			next = make(map[string]any)
			inner[name] = next
		}
		inner = next
	}
	inner[names[len(names)-1]] = value
	return section
}
