// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lines are records of so many visitors, each of its own, from a number on.
func lines(first, count int) string {
	var text strings.Builder
	for n := first; n < first+count; n++ {
		fmt.Fprintf(&text, "{\"customer.id\": \"c%d\", \"profile\": {\"n\": %d}}\n", n, n)
	}
	return text.String()
}

// appendTo writes text at the end of a file.
func appendTo(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // in a folder of the test
	require.NoError(t, err)
	defer file.Close()
	_, err = file.WriteString(text)
	require.NoError(t, err)
}

// readsFiles has the recipe read the actions of a folder, rotated ones too.
func readsFiles(t *testing.T) (text, actions string) {
	t.Helper()
	actions = filepath.Join(t.TempDir(), "actions.jsonl")
	t.Setenv("ACTIONS_FILES", actions+"*")
	t.Setenv("STATE_DIR", t.TempDir())
	return recipe(t, "Files"), actions
}

// TestAFileThatIsRotatedWhileNobodyReadsIsReadOn writes to a file and renames it while the
// collector is down. Each line is read once.
func TestAFileThatIsRotatedWhileNobodyReadsIsReadOn(t *testing.T) {
	text, actions := readsFiles(t)
	target := startTarget(t)
	appendTo(t, actions, lines(0, 100))
	c := startRecipe(t, text, target)
	c.settled(t, 100)
	c.end(t)

	appendTo(t, actions, lines(100, 50))
	require.NoError(t, os.Rename(actions, actions+".1"))
	appendTo(t, actions, lines(150, 50))
	c = startRecipe(t, text, target)
	c.settled(t, 100)
	appendTo(t, actions, lines(200, 1))
	c.settled(t, 101)
	assert.Len(t, target.profiles(t), 201)
	c.end(t)
}

// TestACollectorThatIsKilledReadsAFileAgain kills the collector in the middle of a file, in its first
// poll. Nothing is lost, and the file is read from its beginning.
func TestACollectorThatIsKilledReadsAFileAgain(t *testing.T) {
	const count = 2000
	text, actions := readsFiles(t)
	target := inAnOutage(t)
	appendTo(t, actions, lines(0, count))
	c := startRecipe(t, text, target, full...)
	require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_records_received") >= 200 }, patience, tick)
	c.kill(t)

	target.set(t, "faults", []map[string]any{})
	c = startRecipe(t, text, target, full...)
	require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_records_received") == count }, patience, tick)
	assert.Zero(t, c.drained(t, patience))
	profiles := target.profiles(t)
	assert.Len(t, profiles, count)
	for n := range count {
		require.Equal(t, map[string]string{"n": strconv.Itoa(n)}, profiles[fmt.Sprintf("c%d", n)])
	}
	c.end(t)
}

// TestALineThatIsWrittenInPartsIsOneRecord tells why the recipe sets force_flush_period.
func TestALineThatIsWrittenInPartsIsOneRecord(t *testing.T) {
	for name, tt := range map[string]struct {
		period  string
		records int
	}{
		"it waits for the end of the line":         {"0s", 1},
		"by default a part is taken for the whole": {"500ms", 2},
	} {
		t.Run(name, func(t *testing.T) {
			text, actions := readsFiles(t)
			target := startTarget(t)
			c := startRecipe(t, text, target, "--set=receivers.file_log.force_flush_period="+tt.period)
			first, second, _ := strings.Cut(lines(7, 1), "profile")
			appendTo(t, actions, lines(0, 1))
			c.settled(t, 1)
			appendTo(t, actions, first)
			if tt.records > 1 {
				c.settled(t, 2)
			} else {
				assert.Never(t, func() bool { return c.metric("otelcol_adobe_target_records") > 1 }, 20*tick, tick)
			}
			appendTo(t, actions, "profile"+second)
			c.settled(t, 1+tt.records)
			assert.Equal(t, tt.records == 1, target.profiles(t)["c7"] != nil)
			c.end(t)
		})
	}
}
