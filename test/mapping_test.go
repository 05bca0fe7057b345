// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryMappingIsShownAndTested holds the mappings of the documentation against the files
// that are tested.
func TestEveryMappingIsShownAndTested(t *testing.T) {
	const all = 12
	page, err := os.ReadFile(filepath.Join("..", "docs", "mapping.md"))
	require.NoError(t, err)
	tests, err := filepath.Glob(filepath.Join("..", "examples", "mapping", "*.test.yaml"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("..", "examples", "mapping", "*.yaml"))
	require.NoError(t, err)
	require.Len(t, tests, all)
	require.Len(t, files, 2*all, "each has a test beside it")
	blocks := yamlBlocks(string(page))
	for _, test := range tests {
		name := strings.TrimSuffix(test, ".test.yaml") + ".yaml"
		text, err := os.ReadFile(name) //nolint:gosec // one of the examples
		require.NoError(t, err)
		_, mapping, found := strings.Cut(string(text), "\n\nexporters:\n")
		require.True(t, found, name)
		assert.Contains(t, blocks, "exporters:\n"+mapping, name)
		assert.Contains(t, string(page), "(../examples/mapping/"+filepath.Base(name)+")")
		assert.Contains(t, string(page), "(../examples/mapping/"+filepath.Base(test)+")")
	}
}

// TestTheMappingsDoWhatTheirTestsSay runs them as a user does.
func TestTheMappingsDoWhatTheirTestsSay(t *testing.T) {
	tests, err := filepath.Glob(filepath.Join("..", "examples", "mapping", "*.test.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, tests)
	for _, test := range tests {
		t.Run(filepath.Base(test), func(t *testing.T) {
			output, err := exec.CommandContext(t.Context(), binary(t, "adobetarget"), "test", test).CombinedOutput() //nolint:gosec // a program that make built
			require.NoError(t, err, string(output))
			assert.Regexp(t, `[1-9]\d* passed, 0 failed`, string(output))
		})
	}
}
