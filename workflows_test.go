// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	pinned    = regexp.MustCompile(`^(\./\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40})$`)
	ownScript = regexp.MustCompile(`(?m)(?:^|\s)((?:scripts/|\.ci/|deploy/)[\w./-]+)`)
	runMake   = regexp.MustCompile(`(?m)(?:^|[;&|]\s*)make ((?:[a-z][a-z-]* ?)+)`)
)

type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Uses        string
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Steps       []struct{ Uses, Run string }
	}
}

// TestWorkflows_CallWhatThereIs looks for what actionlint does not know: targets of make, files of the repository, and
// that a workflow and what it takes from others can do no more than it has to.
func TestWorkflows_CallWhatThereIs(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	files, err := filepath.Glob(".github/workflows/*.yml")
	require.NoError(t, err)
	require.Len(t, files, 2)

	var actions, targets, scripts int
	for _, file := range files {
		var w workflow
		readYAML(t, file, &w)
		assert.Equal(t, map[string]string{"contents": "read"}, w.Permissions, "%s: what a job may do beyond reading is said by the job", file)
		for name, job := range w.Jobs {
			assert.True(t, job.Timeout > 0 || job.Uses != "", "%s: %s: timeout-minutes is missing", file, name)
			used := []string{job.Uses}
			for _, step := range job.Steps {
				used = append(used, step.Uses)
				for _, named := range runMake.FindAllStringSubmatch(step.Run, -1) {
					for target := range strings.FieldsSeq(named[1]) {
						targets++
						assert.True(t, strings.Contains(string(makefile), "\n"+target+":"), "%s: make %s", file, target) //nolint:testifylint // it would print the Makefile
					}
				}
				for _, named := range ownScript.FindAllStringSubmatch(step.Run, -1) {
					scripts++
					assert.FileExists(t, named[1], file)
				}
			}
			for _, action := range used {
				if action != "" {
					actions++
					assert.Regexp(t, pinned, action, "%s: %s: name the commit, a tag can be moved", file, name)
				}
			}
		}
	}
	assert.Greater(t, actions, 4)
	assert.Positive(t, targets)
	assert.Positive(t, scripts)
}
