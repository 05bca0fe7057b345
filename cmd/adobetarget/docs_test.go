// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const document = "../../docs/companion.md"

// blocks returns what stands between fences of a kind in the documentation.
func blocks(t *testing.T, kind string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for i, part := range strings.Split(string(text), "\n```") {
		if block, is := strings.CutPrefix(part, kind+"\n"); is && i%2 == 1 {
			blocks = append(blocks, block+"\n")
		}
	}
	require.NotEmpty(t, blocks)
	return blocks
}

func TestDocs_TestsPass(t *testing.T) {
	at := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(at, "config.yaml"), []byte(blocks(t, "yaml")[0]), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(at, "store.test.yaml"), []byte(blocks(t, "yml")[0]), 0o600))

	code, stdout, stderr := shown(t, "", "test", at)

	assert.Equal(t, exitOK, code, stdout+stderr)
	assert.Contains(t, stdout, "2 tests: 2 passed")
}

func TestDocs_PreviewsExitAsTheySay(t *testing.T) {
	var commands []string
	for _, block := range blocks(t, "sh") {
		for line := range strings.Lines(block) {
			if command, is := strings.CutPrefix(line, "dist/adobetarget "); is {
				commands = append(commands, command)
			}
		}
	}
	require.Len(t, commands, 3)
	t.Chdir("../..")
	for _, command := range commands {
		args, comment, _ := strings.Cut(strings.TrimSpace(command), " # ")
		code, _, stderr := shown(t, "", strings.Fields(args)...)

		assert.Equal(t, strings.Contains(comment, "exits with 1"), code == exitFailure, stderr)
		assert.NotEqual(t, exitUsage, code, stderr)
	}
}

func TestDocs_NameNoFlagThatThereIsNot(t *testing.T) {
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	known := make(map[string]bool)
	for _, command := range newRoot().Commands() {
		command.InitDefaultHelpFlag()
		command.Flags().VisitAll(func(f *pflag.Flag) { known["--"+f.Name] = true })
	}
	before, _, _ := strings.Cut(string(text), "## The page")
	for _, word := range strings.FieldsFunc(before, func(r rune) bool { return !strings.ContainsRune("-abcdefghijklmnopqrstuvwxyz", r) }) {
		if strings.HasPrefix(word, "--") && strings.Trim(word, "-") != "" && word != "--data-binary" {
			assert.True(t, known[word], word)
		}
	}
}

func TestDocs_NameEveryFlag(t *testing.T) {
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for _, command := range newRoot().Commands() {
		command.Flags().VisitAll(func(flag *pflag.Flag) {
			assert.Contains(t, string(text), "--"+flag.Name, "adobetarget %s", command.Name())
		})
	}
}
