// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// readYAML reads a file of the repository into what it is read as.
func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

// TestRelease_HasOneVersion looks at the places that a release changes. The tag is compared with them when it is there.
func TestRelease_HasOneVersion(t *testing.T) {
	var manifest struct{ Dist struct{ Version string } }
	readYAML(t, "builder-config.yaml", &manifest)
	require.Regexp(t, `^\d+\.\d+\.\d+(-rc\.\d+)?$`, manifest.Dist.Version)

	for file, place := range map[string]string{
		"builder-config.yaml":     `gomod: github\.com/otelcol-adobetarget/adobetargetexporter v(\S+)`,
		"README.md":               `gomod: github\.com/otelcol-adobetarget/adobetargetexporter v(\S+)`,
		"cmd/adobetarget/main.go": `const version = "(.+)"`,
	} {
		text, err := os.ReadFile(file) //nolint:gosec // one of those above
		require.NoError(t, err)
		found := regexp.MustCompile(place).FindStringSubmatch(string(text))
		require.NotNil(t, found, "%s names no version: %s", file, place)
		assert.Equal(t, manifest.Dist.Version, found[1], file)
	}
}

// TestRelease_NotesCanNameTheExporter looks whether an entry of the changelog may name the component that metadata.yaml has.
func TestRelease_NotesCanNameTheExporter(t *testing.T) {
	var metadata struct {
		Type   string
		Status struct{ Class string }
	}
	readYAML(t, "metadata.yaml", &metadata)
	var changelog struct{ Components []string }
	readYAML(t, ".chloggen/config.yaml", &changelog)
	assert.Contains(t, changelog.Components, metadata.Status.Class+"/"+metadata.Type)
}
