// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package schema // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"

import (
	"fmt"
	"slices"
	"strings"
)

const (
	durationType = "time.Duration"
	// durationPattern is what time.ParseDuration reads.
	durationPattern = `[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*`
	// expansion is what the Collector puts a value in the place of, as in ${env:NAME}.
	expansion = `\$\{`
)

// Standalone returns a resolved schema as a JSON Schema of what may stand in a YAML file. Wherever
// a value may stand, ${env:NAME} may; unknown keys may not.
func Standalone(resolved map[string]any) map[string]any {
	out := make(map[string]any)
	for key, value := range resolved {
		if !strings.HasPrefix(key, "x-") {
			out[key] = value
		}
	}
	tell(out, resolved)
	switch types := typesOf(resolved); {
	case resolved["x-customType"] == durationType:
		duration(out)
	case isMapList(resolved):
		mapList(out)
	case slices.Contains(types, "object"):
		object(out, resolved)
	case slices.Contains(types, "array"):
		array(out, sub(resolved, "items"))
	case resolved["enum"] != nil:
		enum(out)
	case slices.Contains(types, "string"):
		if pattern, ok := resolved["pattern"].(string); ok {
			out["pattern"] = pattern + "|" + expansion
		}
	case len(types) > 0:
		expandable(out, types[0])
	}
	return out
}

// tell says what editors show in words of their own keys.
func tell(out, resolved map[string]any) {
	if resolved["deprecated"] == true {
		out["deprecationMessage"] = resolved["description"]
	}
	if message, is := resolved["x-patternErrorMessage"]; is {
		out["patternErrorMessage"] = message
	}
	switch value := resolved["default"].(type) {
	case string, bool, int, float64:
		out["description"] = fmt.Sprintf("%s\n\nDefault: %v", resolved["description"], value)
	}
}

func typesOf(schema map[string]any) []string {
	switch t := schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		types := make([]string, len(t))
		for i, name := range t {
			types[i] = name.(string)
		}
		return types
	}
	return nil
}

// duration is a number with a unit, or 0.
func duration(out map[string]any) {
	delete(out, "format") // JSON Schema means another one
	out["type"] = []string{"string", "integer"}
	out["pattern"] = "^(" + durationPattern + "|0)$|" + expansion
	out["patternErrorMessage"] = "Write a number with a unit, such as 30s."
	out["minimum"], out["maximum"] = 0, 0 // any other number alone would be nanoseconds
}

// isMapList reports whether it is a list of names and values, which may be a map as well.
func isMapList(schema map[string]any) bool {
	properties := sub(sub(schema, "items"), "properties")
	return len(properties) == 2 && properties["name"] != nil && properties["value"] != nil
}

func mapList(out map[string]any) {
	out["type"] = []string{"object", "array", "null", "string"}
	out["pattern"] = expansion
	out["additionalProperties"] = map[string]any{"type": "string"}
	out["items"] = map[string]any{
		"type":                 "object",
		"properties":           map[string]any{"name": map[string]any{"type": "string"}, "value": map[string]any{"type": "string"}},
		"additionalProperties": false,
	}
}

// array may come whole from elsewhere. One of plain strings may be a string with commas.
func array(out, items map[string]any) {
	out["type"] = []string{"array", "null", "string"}
	item := Standalone(items)
	if slices.Contains(typesOf(items), "object") {
		item["type"] = "object" // no section, so neither empty nor from elsewhere
		delete(item, "pattern")
		delete(item, "patternErrorMessage")
	}
	out["items"] = item
	if !slices.Equal(typesOf(items), []string{"string"}) || items["pattern"] != nil {
		out["pattern"] = expansion
		out["patternErrorMessage"] = "Write a list."
	}
}

// object is a section, which may be empty or come whole from elsewhere.
func object(out, resolved map[string]any) {
	properties := make(map[string]any)
	for name, property := range sub(resolved, "properties") {
		properties[name] = Standalone(property.(map[string]any))
	}
	out["type"] = []string{"object", "null", "string"}
	out["pattern"] = expansion
	out["patternErrorMessage"] = "Write keys and values below it."
	out["properties"] = properties
	out["additionalProperties"] = false
}

// enum allows one of the words, or what is expanded.
func enum(out map[string]any) {
	words := map[string]any{"enum": out["enum"]}
	delete(out, "enum")
	delete(out, "type")
	out["anyOf"] = []any{words, map[string]any{"type": "string", "pattern": expansion}}
}

// expandable is a number or boolean, or what is expanded.
func expandable(out map[string]any, typ string) {
	out["type"] = []string{typ, "string"}
	out["pattern"] = expansion
	out["patternErrorMessage"] = "Write " + map[string]string{"integer": "a whole number", "number": "a number", "boolean": "true or false"}[typ] + "."
}
