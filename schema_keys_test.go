// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// newer are keys of the newest Collector that the oldest one we build with does not have yet.
var newer = []string{
	"dialer_middleware", "sending_queue::batch::partition::cache_size", "sending_queue::batch::partition::idle_timeout",
}

// implied are the defaults of what is empty in Config.
var implied = map[string]any{"api::parameters": route.Body}

// setting is one key of Config, by its full path.
type setting struct {
	path  string
	typ   reflect.Type
	value reflect.Value // what it is by default
}

// settingsOf returns every key below a struct, sections included.
func settingsOf(place string, section reflect.Value) (all []setting) {
	for field, value := range section.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case !field.IsExported() || name == "-":
			continue
		case strings.Contains(options, "squash"):
			all = append(all, settingsOf(place, value)...)
			continue
		}
		path := strings.TrimPrefix(place+"::"+name, "::")
		all = append(all, setting{path, field.Type, value})
		inner := meant(field.Type)
		if inner != field.Type {
			all = append(all, setting{path + "::enabled", reflect.TypeFor[bool](), reflect.ValueOf(true)})
			value = inside(value)
		}
		if inner.Kind() == reflect.Struct && !isText(inner) {
			all = append(all, settingsOf(path, value)...)
		}
	}
	return all
}

func settingsOfConfig() []setting {
	return settingsOf("", reflect.ValueOf(createDefaultConfig()).Elem())
}

// inside returns what is in a configoptional.Optional, its default when it is not set.
func inside(optional reflect.Value) reflect.Value {
	copied := reflect.New(optional.Type())
	copied.Elem().Set(optional)
	return copied.MethodByName("GetOrInsertDefault").Call(nil)[0].Elem()
}

// isText reports whether it is written as a string, whatever it is in Go.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// typeOf returns the type that a setting has in a schema.
func typeOf(t reflect.Type) string {
	switch t = meant(t); {
	case t.Kind() == reflect.Pointer:
		return typeOf(t.Elem())
	case t == reflect.TypeFor[route.Size]():
		return "integer"
	case t == reflect.TypeFor[time.Duration](), isText(t):
		return "string"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "array"
	case reflect.Struct:
		return "object"
	}
	return t.Kind().String()
}

// property returns the schema of a setting, nil when there is none.
func property(schema map[string]any, path string) map[string]any {
	for name := range strings.SplitSeq(path, "::") {
		properties, _ := schema["properties"].(map[string]any)
		schema, _ = properties[name].(map[string]any)
	}
	return schema
}

// TestConfigSchema_HasEveryKeyOfConfig looks from Config to the schema, and back.
func TestConfigSchema_HasEveryKeyOfConfig(t *testing.T) {
	schema, known := settings(t), make(map[string]bool)
	for _, s := range settingsOfConfig() {
		known[s.path] = true
		of := property(schema, s.path)
		if !assert.NotNil(t, of, "config.schema.yaml lacks %s", s.path) {
			continue
		}
		types, ok := of["type"].([]any)
		if !ok {
			types = []any{of["type"]}
		}
		assert.Equal(t, typeOf(s.typ), types[0], s.path)
		assert.NotEmpty(t, of["description"], "%s needs a description", s.path)
		assert.Equal(t, s.typ == reflect.TypeFor[time.Duration](), of["x-customType"] == "time.Duration", s.path)
	}
	for _, path := range paths("", schema) {
		gone := property(schema, path)["deprecated"] == true // with a later Collector
		if !gone && !slices.Contains(newer, path) && !known[path] {
			assert.Fail(t, "config.schema.yaml has a key that nothing reads", path)
		}
	}
}

// paths returns the full paths of all keys of a schema.
func paths(place string, schema map[string]any) (all []string) {
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		path := strings.TrimPrefix(place+"::"+name, "::")
		all = append(all, path)
		if !slices.Contains(newer, path) {
			all = append(all, paths(path, properties[name].(map[string]any))...)
		}
	}
	return all
}

func TestConfigSchema_HasTheKeysOfEntries(t *testing.T) {
	cfg, schema := reflect.TypeFor[Config](), settings(t)
	for _, name := range []string{"Visitor", "Profile"} {
		list, _ := cfg.FieldByName(name)
		items := property(schema, strings.ToLower(name))["items"].(map[string]any)
		assert.ElementsMatch(t, slices.Collect(maps.Keys(keysOf(list.Type.Elem()))),
			slices.Collect(maps.Keys(items["properties"].(map[string]any))), name)
	}
}

// TestConfigSchema_HasTheDefaultsOfConfig wants every default that is not empty, and no other.
func TestConfigSchema_HasTheDefaultsOfConfig(t *testing.T) {
	schema, compared := settings(t), 0
	for _, s := range settingsOfConfig() {
		of := property(schema, s.path)
		if typeOf(s.typ) == "object" || of["deprecated"] == true || strings.HasPrefix(s.path, "cookies::") {
			continue
		}
		if given, is := of["default"]; is {
			assert.Equal(t, fmt.Sprint(defaultOf(s)), readAs(t, s.typ, given), s.path)
			compared++
			continue
		}
		assert.True(t, s.value.IsZero(), "%s: needs its default of %v", s.path, s.value)
	}
	assert.Greater(t, compared, 40)
}

func defaultOf(s setting) any {
	if implied, is := implied[s.path]; is {
		return implied
	}
	return s.value.Interface()
}

// readAs returns a default as the Collector would read it, in words.
func readAs(t *testing.T, typ reflect.Type, given any) string {
	t.Helper()
	// Of a type that has this key alone, decoded as all of a Collector's configuration is.
	holder := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Key", Type: typ, Tag: `mapstructure:"key"`}}))
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"key": given}).Unmarshal(holder.Interface()))
	return fmt.Sprint(holder.Elem().Field(0).Interface())
}
