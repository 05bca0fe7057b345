// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// shortestDuration is the shortest that can be meant: what is shorter was written without a unit.
const shortestDuration = time.Millisecond

// readsItself is a type that reads itself out of a text.
var readsItself = reflect.TypeFor[encoding.TextUnmarshaler]()

// given looks at what the YAML gives beside the types that it is decoded into, ours and those of
// the Collector alike. It finds what decodes into something else than was meant.
type given struct {
	errs []error
}

// misread returns an error for each key that nothing reads, each duration without a unit and each
// size that is none.
func misread(section map[string]any) error {
	var g given
	g.section("", keysOf(reflect.TypeFor[Config]()), section)
	g.redis(section)
	return errors.Join(g.errs...)
}

func (g *given) refuse(place, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if place != "" {
		err = fmt.Errorf("%s: %w", place, err)
	}
	g.errs = append(g.errs, err)
}

// value looks at what is decoded into a type.
func (g *given) value(place string, t reflect.Type, value any) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	inner := meant(t)
	switch v := value.(type) {
	case map[string]any:
		switch {
		case reflect.PointerTo(inner).Implements(readsItself) && len(v) > 0: // print-config writes an empty one for some
			g.refuse(place, "must be a text, not a map")
		case inner.Kind() == reflect.Struct:
			g.section(place, keysOf(t), v)
		}
	case []any:
		if inner.Kind() == reflect.Slice {
			for i, element := range v {
				g.value(place+"::"+strconv.Itoa(i), inner.Elem(), element)
			}
		}
	default:
		switch inner {
		case reflect.TypeFor[time.Duration]():
			g.duration(place, value)
		case reflect.TypeFor[route.Size]():
			g.size(place, value)
		default:
			g.number(place, inner, value)
		}
	}
}

// number refuses one with decimal places where a whole one is meant: they would be cut off.
func (g *given) number(place string, t reflect.Type, value any) {
	number, isFloat := value.(float64)
	if isFloat && number != math.Trunc(number) && (reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint()) {
		g.refuse(place, "must be a whole number, got %v", number)
	}
}

// redis refuses an endpoint without a value, as of an environment variable that is not set: with an account
// of its own each process would make as many calls as all of them may.
func (g *given) redis(section map[string]any) {
	quota, _ := section["quota"].(map[string]any)
	redis, _ := quota["redis"].(map[string]any)
	if endpoint, has := redis["endpoint"]; has && endpoint == nil {
		g.refuse("quota::redis::endpoint", "is empty, write host:port, such as redis:6379, or leave the key out")
	}
}

// section looks at a map that is decoded into a struct of these keys.
func (g *given) section(place string, keys map[string]reflect.Type, section map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(section)) {
		t, known := keys[key]
		if !known {
			g.refuse(place, "unknown key %q; allowed: %s", key, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
			continue
		}
		g.value(strings.TrimPrefix(place+"::"+key, "::"), t, section[key])
	}
}

// duration refuses one of nanoseconds, which is what a number without a unit is.
func (g *given) duration(place string, value any) {
	text := fmt.Sprint(value)
	d, err := time.ParseDuration(text)
	_, notANumber := strconv.ParseFloat(text, 64)
	switch {
	case value == nil:
		g.refuse(place, "is empty, write a duration such as 30s or leave the key out")
	case err == nil && (d == 0 || d.Abs() >= shortestDuration):
	case err == nil:
		g.refuse(place, "%s is shorter than %s, write a number with the unit that is meant, such as 30s", text, shortestDuration)
	case notANumber == nil:
		g.refuse(place, "%s has no unit, write %ss if seconds are meant", text, text)
	default:
		g.refuse(place, "%q is no duration, write a number with a unit, such as 30s", text)
	}
}

// size refuses what is no number of bytes.
func (g *given) size(place string, value any) {
	var size route.Size
	if value == nil {
		g.refuse(place, "is empty, write a size such as 10MB or leave the key out")
	} else if err := size.UnmarshalText([]byte(fmt.Sprint(value))); err != nil {
		g.refuse(place, "%w", err)
	}
}

// keysOf returns the keys of a section, with the types of what they hold.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := make(map[string]reflect.Type)
	if inner := meant(t); inner != t {
		keys["enabled"] = reflect.TypeFor[bool]()
		t = inner
	}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case !field.IsExported() || name == "-":
		case strings.Contains(options, "squash"):
			maps.Copy(keys, keysOf(field.Type))
		default:
			keys[name] = field.Type
		}
	}
	return keys
}

// meant returns what is in a configoptional.Optional, or the type itself.
func meant(t reflect.Type) reflect.Type {
	if insert, ok := reflect.PointerTo(t).MethodByName("GetOrInsertDefault"); ok {
		return insert.Type.Out(0).Elem()
	}
	return t
}
