// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// onDisk are files by their paths in a folder, with their permissions.
func onDisk(t *testing.T, folder string) map[string]fs.FileMode {
	t.Helper()
	found := make(map[string]fs.FileMode)
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		info, err := entry.Info()
		found[strings.TrimPrefix(path, folder+"/")] = info.Mode()
		return err
	}))
	return found
}

// keysOf returns the keys of a file of file_storage, which no process has open, numbers as #.
func keysOf(t *testing.T, path string) map[string]int {
	t.Helper()
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true})
	require.NoError(t, err)
	defer db.Close()
	keys := make(map[string]int)
	number := regexp.MustCompile(`\d+$`)
	require.NoError(t, db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("default")).ForEach(func(key, _ []byte) error {
			text := string(key)
			if text != "qmv0" {
				text = number.ReplaceAllString(text, "#")
			}
			keys[text]++
			return nil
		})
	}))
	return keys
}

// diskConfig keeps queue, outbox, quota and checkpoints each in a folder of their own.
func diskConfig(state, actions, compaction string) string {
	return fmt.Sprintf(`
extensions:
  file_storage/queue: {directory: %[1]s/queue, create_directory: true%[3]s}
  file_storage/quota: {directory: %[1]s/quota, create_directory: true}
  file_storage/checkpoints: {directory: %[1]s/checkpoints, create_directory: true}
receivers:
  file_log:
    include: ["%[2]s"]
    start_at: beginning
    storage: file_storage/checkpoints
    poll_interval: 50ms
    operators:
      - {type: json_parser, parse_to: attributes, parse_ints: true}
exporters:
  adobe_target:
    client_code: acme
    visitor: [{parameter: mbox3rdPartyId, attribute: customer.id}]
    quota: {calls: 1000000, window: 24h, storage: file_storage/quota}
    sending_queue: {storage: file_storage/queue}
service:
  extensions: [file_storage/queue, file_storage/quota, file_storage/checkpoints]
  pipelines:
    logs: {receivers: [file_log], exporters: [adobe_target]}
`, state, actions, compaction)
}

// TestWhatIsOnDiskIsWhatTheDocumentationSays looks at the files of an outage, moves them, and lets another
// collector go on from there. It is what docs/storage.md says.
func TestWhatIsOnDiskIsWhatTheDocumentationSays(t *testing.T) {
	target := inAnOutage(t)
	state, actions := filepath.Join(t.TempDir(), "state"), filepath.Join(t.TempDir(), "actions.jsonl")
	appendTo(t, actions, lines(0, 20))
	c := startRecipe(t, diskConfig(state, actions, ""), target)
	require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_outbox_records") == 20 }, patience, tick)
	c.end(t)

	const folder, file = fs.ModeDir | 0o750, 0o600
	found := onDisk(t, state)
	for path, mode := range found {
		if strings.HasPrefix(path, "quota/exporter_adobe_target_quota_quota_acme_") {
			assert.Equal(t, fs.FileMode(file), mode)
			assert.Subset(t, map[string]int{"account": 1}, keysOf(t, filepath.Join(state, path)), path)
			delete(found, path)
		}
	}
	assert.Equal(t, map[string]fs.FileMode{
		"queue": folder, "quota": folder, "checkpoints": folder,
		"queue/exporter_adobe_target__logs":  file,
		"queue/exporter_adobe_target__begun": file,
		"checkpoints/receiver_filelog_":      file,
	}, found)
	queue := filepath.Join(state, "queue", "exporter_adobe_target__logs")
	assert.Equal(t, map[string]int{"account": 1, "outbox": 1, "outbox#": 2, "qmv0": 1}, keysOf(t, queue))
	assert.Equal(t, map[string]int{"begun": 1}, keysOf(t, filepath.Join(state, "queue", "exporter_adobe_target__begun")))
	for _, path := range []string{queue, filepath.Join(state, "checkpoints", "receiver_filelog_")} {
		text, err := os.ReadFile(path) //nolint:gosec // in a folder of the test
		require.NoError(t, err)
		assert.Contains(t, string(text), "c7", "ids are in the clear")
	}

	moved := filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.CopyFS(moved, os.DirFS(state)))
	target.set(t, "faults", []map[string]any{})
	c = startRecipe(t, diskConfig(moved, actions, ""), target)
	c.settled(t, 20)
	assert.Len(t, target.profiles(t), 20)
	assert.Zero(t, c.metric("otelcol_adobe_target_records_received"), "the lines are not read again")
	c.end(t)
	assert.Empty(t, keysOf(t, filepath.Join(moved, "queue", "exporter_adobe_target__begun")), "nothing was left")
}

// TestTheFileOfTheQueueShrinksWhenAllIsSent has file_storage compact it at smaller sizes than by default.
func TestTheFileOfTheQueueShrinksWhenAllIsSent(t *testing.T) {
	const visitors, mib = 50_000, 1 << 20
	target := inAnOutage(t)
	state, actions := t.TempDir(), filepath.Join(t.TempDir(), "actions.jsonl")
	appendTo(t, actions, lines(0, visitors))
	compaction := ", compaction: {on_rebound: true, directory: " + state + "/queue, rebound_needed_threshold_mib: 2, " +
		"rebound_trigger_threshold_mib: 1, check_interval: 500ms}"
	c := startRecipe(t, diskConfig(state, actions, compaction), target)
	require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_outbox_records") == visitors }, patience, tick)
	size := func() int64 {
		info, err := os.Stat(filepath.Join(state, "queue", "exporter_adobe_target__logs"))
		require.NoError(t, err)
		return info.Size()
	}
	full := size()
	t.Logf("%d bytes for %d visitors", full, visitors)
	assert.Greater(t, full, int64(2*mib))
	target.set(t, "faults", []map[string]any{})
	c.settled(t, visitors)
	// It is compacted once what it holds is below the trigger, and grows by what comes meanwhile.
	require.Eventually(t, func() bool { return size() < full }, patience, tick)
	c.end(t)
}
