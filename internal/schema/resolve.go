// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package schema // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fileName is the name of a package's schema, in its folder.
const fileName = "config.schema.yaml"

// collectorModule is what a reference of the Collector's own begins with where it begins with a slash.
const collectorModule = "go.opentelemetry.io/collector"

// document is the schema of one package.
type document struct {
	modules *Modules
	pkg     string
	root    map[string]any
}

// Resolve reads the schema in a folder, and puts what it refers to in the place of the references.
// What stands beside a reference wins over what it refers to.
func Resolve(folder string, modules *Modules) (map[string]any, error) {
	doc, err := read(folder, "", modules)
	if err != nil {
		return nil, err
	}
	return doc.resolve(doc.root)
}

func read(folder, pkg string, modules *Modules) (*document, error) {
	text, err := os.ReadFile(filepath.Join(folder, fileName)) //nolint:gosec // of a module, or the one asked for
	if err != nil {
		return nil, err
	}
	doc := &document{modules: modules, pkg: pkg}
	if err := yaml.Unmarshal(text, &doc.root); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, fileName), err)
	}
	return doc, nil
}

// resolve returns a schema without references and without definitions.
func (d *document) resolve(schema map[string]any) (map[string]any, error) {
	resolved := make(map[string]any)
	if ref, ok := schema["$ref"].(string); ok {
		referred, err := d.refer(ref)
		if err != nil {
			return nil, err
		}
		overlay(resolved, referred)
	}
	parts, _ := schema["allOf"].([]any)
	for _, part := range parts {
		inherited, err := d.resolve(part.(map[string]any))
		if err != nil {
			return nil, err
		}
		overlay(resolved, inherited)
	}
	own, err := d.own(schema)
	overlay(resolved, own)
	switchable(resolved)
	return resolved, err
}

// switchable gives an optional section the key that every such section has. The Collector writes
// optional in two ways.
func switchable(section map[string]any) {
	if section["x-optional"] != true && section["optional"] != true {
		return
	}
	delete(section, "optional")
	section["x-optional"] = true
	enabled := map[string]any{"description": "`false` switches the section off.", "type": "boolean", "default": true}
	overlay(enabled, sub(sub(section, "properties"), "enabled"))
	overlay(section, map[string]any{"properties": map[string]any{"enabled": enabled}})
}

func sub(schema map[string]any, key string) map[string]any {
	inner, _ := schema[key].(map[string]any)
	return inner
}

// own returns what a schema says itself, with all that is in it resolved.
func (d *document) own(schema map[string]any) (own map[string]any, err error) {
	own = maps.Clone(schema)
	for _, key := range []string{"$ref", "allOf", "$defs"} {
		delete(own, key)
	}
	if items := sub(schema, "items"); items != nil {
		if own["items"], err = d.resolve(items); err != nil {
			return nil, err
		}
	}
	properties := sub(schema, "properties")
	if properties == nil {
		return own, nil
	}
	resolved := make(map[string]any, len(properties))
	for name, property := range properties {
		if resolved[name], err = d.resolve(property.(map[string]any)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	own["properties"] = resolved
	return own, nil
}

// refer returns what a reference names: a definition of the same file, or package.definition, where
// the package is named from this one or from the Collector's root.
func (d *document) refer(ref string) (map[string]any, error) {
	pkg, name := "", ref
	if slash := strings.LastIndex(ref, "/"); slash >= 0 {
		dot := slash + strings.Index(ref[slash:], ".")
		pkg, name = ref[:max(dot, 0)], ref[dot+1:]
	}
	of := d
	if pkg != "" {
		var err error
		if of, err = d.other(pkg); err != nil {
			return nil, fmt.Errorf("$ref %s: %w", ref, err)
		}
	}
	definition := sub(sub(of.root, "$defs"), name)
	if definition == nil {
		return nil, fmt.Errorf("$ref %s: no such definition", ref)
	}
	return of.resolve(definition)
}

func (d *document) other(pkg string) (*document, error) {
	switch {
	case strings.HasPrefix(pkg, "./"):
		pkg = path.Join(d.pkg, pkg)
	case strings.HasPrefix(pkg, "/"):
		pkg = collectorModule + pkg
	}
	folder, err := d.modules.folder(pkg)
	if err != nil {
		return nil, err
	}
	return read(folder, pkg, d.modules)
}

// overlay lays one schema over another. Both stay schemas of the same thing, so what is in them is
// laid over each other too.
func overlay(under, over map[string]any) {
	for key, value := range over {
		below, isMap := under[key].(map[string]any)
		if above, ok := value.(map[string]any); ok && isMap {
			overlay(below, above)
			continue
		}
		under[key] = value
	}
}
