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

	const module, image = `gomod: github\.com/otelcol-adobetarget/adobetargetexporter v(\S+)`, `/otelcol-adobetarget:(\d\S*)`
	for file, places := range map[string][]string{
		"builder-config.yaml":                          {module},
		"README.md":                                    {module},
		"cmd/adobetarget/main.go":                      {`const version = "(.+)"`},
		"SECURITY.md":                                  {`refs/tags/v(\S+)`, image},
		"docs/service.md":                              {`otelcol-adobetarget_(\S+)_amd64\.deb`, `otelcol-adobetarget-(\S+)-1\.x86_64\.rpm`},
		"docs/kubernetes.md":                           {image},
		"deploy/kubernetes/values.yaml":                {`tag: (\d\S*)`},
		"deploy/kubernetes/manifests/statefulset.yaml": {image},
	} {
		text, err := os.ReadFile(file) //nolint:gosec // one of those above
		require.NoError(t, err)
		for _, place := range places {
			found := regexp.MustCompile(place).FindAllStringSubmatch(string(text), -1)
			require.NotEmpty(t, found, "%s names no version: %s", file, place)
			for _, named := range found {
				assert.Equal(t, manifest.Dist.Version, named[1], "%s: %s", file, named[0])
			}
		}
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
