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

// validate loads configurations with the built distribution.
func validate(t *testing.T, env []string, files ...string) (string, error) {
	t.Helper()
	args := []string{"validate"}
	for _, file := range files {
		args = append(args, "--config", file)
	}
	cmd := exec.CommandContext(t.Context(), binary(t, "otelcol-adobetarget"), args...) //nolint:gosec // a program that make built
	cmd.Env = append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// surroundings are what the examples expect of the machine they run on.
func surroundings(t *testing.T) []string {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("a-token"), 0o600))
	return []string{"TARGET_TOKEN_FILE=" + token, "STATE_DIR=" + t.TempDir()}
}

func TestEveryExampleIsValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "examples", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			output, err := validate(t, surroundings(t), file)
			assert.NoError(t, err, output)
		})
	}
}

// wrapper makes a whole configuration of a fragment that holds only exporters.
const wrapper = `
extensions:
  bearertokenauth: {token: a-token}
  file_storage/queue: {directory: .}
receivers:
  otlp: {protocols: {http: {endpoint: 127.0.0.1:4318}}}
service:
  extensions: [bearertokenauth, file_storage/queue]
  pipelines:
    logs: {receivers: [otlp], exporters: [EXPORTERS]}
`

func TestEveryYAMLInTheDocumentationIsValid(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	require.NoError(t, err)
	documents = append(documents, filepath.Join("..", "README.md"))
	loaded := 0
	for _, document := range documents {
		text, err := os.ReadFile(document) //nolint:gosec // a document of the repository
		require.NoError(t, err)
		for i, block := range yamlBlocks(string(text)) {
			t.Run(filepath.Base(document)+" "+strings.TrimSpace(firstLine(block)), func(t *testing.T) {
				if strings.HasPrefix(block, "# builder-config.yaml") {
					assertManifestResolves(t, block)
					return
				}
				file := filepath.Join(t.TempDir(), "block.yaml")
				require.NoError(t, os.WriteFile(file, []byte(whole(block)), 0o600))
				output, err := validate(t, surroundings(t), file)
				assert.NoError(t, err, "block %d:\n%s\n%s", i, block, output)
			})
			loaded++
		}
	}
	assert.Positive(t, loaded)
}

// yamlBlocks returns what stands between fences that are marked as yaml.
func yamlBlocks(text string) []string {
	var blocks []string
	var block strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		switch {
		case !inside:
			inside = strings.TrimSpace(line) == "```yaml"
		case strings.TrimSpace(line) == "```":
			blocks = append(blocks, block.String())
			block.Reset()
			inside = false
		default:
			block.WriteString(line)
		}
	}
	return blocks
}

func firstLine(block string) string {
	line, _, _ := strings.Cut(block, "\n")
	return line
}

// whole returns the block as a whole configuration.
func whole(block string) string {
	if strings.Contains("\n"+block, "\nservice:") {
		return block
	}
	var ids []string
	for line := range strings.Lines(block) {
		if id, found := strings.CutPrefix(line, "  adobe_target"); found {
			ids = append(ids, "adobe_target"+strings.TrimRight(strings.SplitN(id, ":", 2)[0], " "))
		}
	}
	return block + strings.ReplaceAll(wrapper, "EXPORTERS", strings.Join(ids, ", "))
}

func TestAMistakeIsNamedWithItsPlaceByValidate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	config := filesConfig("/var/log", "https://acme.example", "    quota: {window: 1s}\n    conditions: ['nonsense(']", "")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	output, err := validate(t, nil, file)
	require.Error(t, err)
	assert.Contains(t, output, "exporters::adobe_target::quota: window: must be at least 1m0s, got 1s")
	assert.Contains(t, output, "exporters::adobe_target::conditions::0: ")
}

func TestTheDemoShowsWhatArrived(t *testing.T) {
	for route, lines := range map[string][]string{
		"single":   {"400", "no_visitor", "invalid_visitor", "condition", "103 seen by the emulator"},
		"delivery": {"400", "no_visitor", "invalid_visitor", "condition", "103 seen by the emulator", "billed", "value_too_long"},
		"bulk":     {"400", "no_visitor", "invalid_visitor", "condition", "uploads", "rows in all", "single updates"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", "run", "./cmd/demo", "-once", "-listen", "127.0.0.1:0", "-route", route) //nolint:gosec // one of those above
		cmd.Dir = ".."
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, string(output))
		for _, line := range lines {
			assert.Contains(t, string(output), line, route)
		}
	}
}
