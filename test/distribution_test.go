// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// kinds are those of components, as manifest and distribution call them.
var kinds = []string{"receivers", "processors", "exporters", "connectors", "extensions"}

// components are those of a manifest, or those that a distribution says it has: of each kind a
// list in which each has its module, and in a distribution its name.
type components map[string][]map[string]any

func readComponents(t *testing.T, text []byte) components {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	require.NoError(t, err)
	all, err := retrieved.AsConf()
	require.NoError(t, err)
	found := make(components)
	for _, kind := range kinds {
		for _, item := range all.Get(kind).([]any) {
			found[kind] = append(found[kind], item.(map[string]any))
		}
	}
	return found
}

// values returns what the components of a kind have under a key.
func (c components) values(kind, key string) []any {
	values := make([]any, 0, len(c[kind]))
	for _, item := range c[kind] {
		values = append(values, item[key])
	}
	return values
}

// ours are the components of the built distribution.
func ours(t *testing.T) components {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), binary(t, "otelcol-adobetarget"), "components").Output() //nolint:gosec // a program that make built
	require.NoError(t, err)
	return readComponents(t, output)
}

func TestTheDistributionHoldsWhatItsManifestLists(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join("..", "builder-config.yaml"))
	require.NoError(t, err)
	listed, held := readComponents(t, manifest), ours(t)
	for _, kind := range kinds {
		assert.ElementsMatch(t, listed.values(kind, "gomod"), held.values(kind, "module"), kind)
	}
}

// TestEveryComponentOfTheDistributionCanBeConfigured loads a configuration that has each of
// them in use.
func TestEveryComponentOfTheDistributionCanBeConfigured(t *testing.T) {
	file := filepath.Join("..", "testdata", "every-component.yaml")
	text, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	require.NoError(t, err)
	config, err := retrieved.AsConf()
	require.NoError(t, err)
	for kind, held := range ours(t) {
		configured := config.Get(kind)
		for _, item := range held {
			assert.Contains(t, configured, item["name"], "%s of %s", kind, file)
		}
	}
	output, err := validate(t, surroundings(t), file)
	require.NoError(t, err, output)
}

// assertManifestResolves lets the builder make sources and find modules of a manifest that
// stands in a folder beside a checkout.
func assertManifestResolves(t *testing.T, manifest string) {
	t.Helper()
	builder, err := filepath.Abs(filepath.Join("..", ".tools", "builder"))
	require.NoError(t, err)
	require.FileExists(t, builder, "run 'make build' first")
	checkout, err := filepath.Abs("..")
	require.NoError(t, err)
	beside := t.TempDir()
	require.NoError(t, os.Symlink(checkout, filepath.Join(beside, "adobetargetexporter")))
	folder := filepath.Join(beside, "collector")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "builder-config.yaml"), []byte(manifest), 0o600))
	cmd := exec.CommandContext(t.Context(), builder, "--config", "builder-config.yaml", "--skip-compilation") //nolint:gosec // a program that make built
	cmd.Dir = folder
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	sources, err := filepath.Glob(filepath.Join(folder, "*", "components.go"))
	require.NoError(t, err)
	require.Len(t, sources, 1)
	text, err := os.ReadFile(sources[0])
	require.NoError(t, err)
	assert.Contains(t, string(text), `"github.com/otelcol-adobetarget/adobetargetexporter"`)
}
