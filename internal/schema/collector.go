// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package schema // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"

// draft is the version of JSON Schema that editors read.
const draft = "http://json-schema.org/draft-07/schema#"

// OfCollector returns the JSON Schema of a whole configuration of a Collector of which only one kind
// of exporter is described. All else in it is free.
func OfCollector(kind string, exporter map[string]any) map[string]any {
	named := map[string]any{"$ref": "#/definitions/" + kind}
	return map[string]any{
		"$schema": draft,
		"type":    "object",
		"properties": map[string]any{
			"exporters": map[string]any{
				"type":              []string{"object", "null"},
				"properties":        map[string]any{kind: named},
				"patternProperties": map[string]any{"^" + kind + "/.+$": named},
			},
		},
		"definitions": map[string]any{kind: exporter},
	}
}
