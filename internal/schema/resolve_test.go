// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package schema_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"
)

// resolve reads a schema that refers to this repository's modules.
func resolve(t *testing.T, text string) (map[string]any, error) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.schema.yaml"), []byte(text), 0o600))
	return schema.Resolve(folder, schema.NewModules(filepath.Join("..", "..", "go.mod")))
}

func TestResolve_PutsDefinitionsInThePlaceOfReferences(t *testing.T) {
	got, err := resolve(t, `
$defs:
  pace: {type: object, description: theirs, properties: {calls: {type: integer, description: theirs}}}
  base: {type: object, properties: {timeout: {type: string}}}
type: object
properties:
  pace: {$ref: pace, x-optional: true, properties: {calls: {description: ours, default: 5}}}
  list: {type: array, items: {$ref: base}}
allOf: [{$ref: base}]
`)
	require.NoError(t, err)
	properties := got["properties"].(map[string]any)
	assert.Equal(t, map[string]any{"type": "string"}, properties["timeout"], "of allOf")

	pace := properties["pace"].(map[string]any)
	assert.Equal(t, "theirs", pace["description"])
	calls := pace["properties"].(map[string]any)["calls"]
	assert.Equal(t, map[string]any{"type": "integer", "description": "ours", "default": 5}, calls, "what stands beside a reference wins")
	enabled := pace["properties"].(map[string]any)["enabled"].(map[string]any)
	assert.Equal(t, "boolean", enabled["type"], "what is optional can be switched off")

	items := properties["list"].(map[string]any)["items"].(map[string]any)
	assert.Contains(t, items["properties"], "timeout", "of the entries of a list")
}

func TestResolve_SaysWhichReferenceLeadsNowhere(t *testing.T) {
	for name, row := range map[string]struct{ ref, says string }{
		"a definition that the file does not have":    {"nothing", "pace: $ref nothing: no such definition"},
		"a definition that a package does not have":   {"go.opentelemetry.io/collector/config/configretry.nothing", "no such definition"},
		"a package that is not among the modules":     {"example.com/none.config", "go list example.com/none"},
		"a package of the Collector that has no such": {"/config/confignone.config", "confignone"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolve(t, "properties: {pace: {$ref: "+row.ref+"}}")
			assert.ErrorContains(t, err, row.says)
		})
	}
}

func TestResolve_FollowsReferencesOfOtherPackages(t *testing.T) {
	got, err := resolve(t, "properties: {queue: {$ref: go.opentelemetry.io/collector/exporter/exporterhelper.queue_batch_config}}")
	require.NoError(t, err)
	queue := got["properties"].(map[string]any)["queue"].(map[string]any)
	batch := queue["properties"].(map[string]any)["batch"].(map[string]any)
	assert.Contains(t, batch["properties"], "flush_timeout", "of a package below that one, and of its own file")
}
