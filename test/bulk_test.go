// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// quickUploads are bulk settings without a long wait, and as many calls as Adobe allows.
const quickUploads = "interval: 1s, calls_per_minute: 50, status: {initial_delay: 1s, max_interval: 2s, timeout: 1m}"

// quickBulk is a route that waits for no pace but that of uploads.
const quickBulk = "    route: bulk\n    rate_limit: {enabled: false}\n    bulk: {" + quickUploads + "}\n"

// uploads returns the batches that the emulator took.
func (a *adobe) uploads(t *testing.T) (all []emulator.Upload) {
	t.Helper()
	a.read(t, "/_emulator/uploads", &all)
	return all
}

// remade returns the rows of uploads that look like one before that was not complete. Who is told
// that an upload was taken and killed before that is written makes it again.
func (a *adobe) remade(t *testing.T) (rows int) {
	t.Helper()
	all := a.uploads(t)
	for i, u := range all {
		for _, earlier := range all[:i] {
			open := earlier.CompletedAt.IsZero() || earlier.CompletedAt.After(u.SubmittedAt)
			if open && earlier.Parameter == u.Parameter && earlier.Bytes == u.Bytes && assert.ObjectsAreEqual(earlier.Names, u.Names) {
				rows += u.Rows
				break
			}
		}
	}
	return rows
}

// assertUploads looks at what no run may do, whatever happens.
func (a *adobe) assertUploads(t *testing.T) emulator.Stats {
	t.Helper()
	stats := a.stats(t)
	assert.Zero(t, stats.Overlaps, "visitors who were sent while they stood in an upload")
	assert.Zero(t, stats.OverRate, "calls over those of a minute")
	assert.Zero(t, stats.Disorders, "older values after newer ones")
	assert.Empty(t, stats.Malformed)
	return stats
}

// TestFilesBecomeUploadsAndProfiles lets all lines be read before the upload leaves: it waits for as
// many visitors as there are, and the last one comes in a file of its own.
func TestFilesBecomeUploadsAndProfiles(t *testing.T) {
	t.Parallel()
	const records = 5000
	dir, last := t.TempDir(), map[string]map[string]string{}
	writeActions(t, dir, records, 800, "", last)
	target := startTarget(t, "--sequence", "seq", "--bulk-processing", "1s")
	c := startCollector(t, filesConfig(dir, target.url, fmt.Sprintf(`
    route: bulk
    bulk: {interval: 1h, max_rows: %d, status: {initial_delay: 1s, max_interval: 2s}}
    outbox: {merge_window: 100ms}
    sending_queue: {storage: file_storage/queue}
extensions:
  file_storage/queue: {directory: %s}`, len(last)+1, t.TempDir()), "  extensions: [file_storage/queue]"), inOrder).running(t)
	c.rests(t, records)
	assert.Zero(t, target.stats(t).Uploads, "an upload that waits for one more visitor")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "more.jsonl"), []byte(`{"customer.id":"the last","profile.seq":"1"}`+"\n"), 0o600))
	last["the last"] = map[string]string{"seq": "1"}
	c.settled(t, records+1)

	stats := target.assertUploads(t)
	assert.Equal(t, last, target.profiles(t))
	assert.Equal(t, 1, stats.Uploads)
	assert.Equal(t, len(last), stats.Rows, "a row a visitor")
	inRows := 0
	for _, values := range last {
		if strings.ContainsAny(values["note"], ",\n") {
			inRows++
		}
	}
	assert.Equal(t, inRows, stats.Attempts, "a single call for each value that a row cannot carry")
	assert.Equal(t, stats.Rows, c.metric("otelcol_adobe_target_upload_rows", `outcome="updated"`))
	assert.Equal(t, 1, c.metric("otelcol_adobe_target_uploads", `outcome="complete"`))
	assert.Equal(t, records+1, c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	assert.Equal(t, records+1, c.metric("otelcol_adobe_target_call_records_sum"), "every record went with a call")
	assert.Zero(t, c.metric("otelcol_adobe_target_uploads_open"))
	c.end(t)
}

// ofKinds are visitors by both parameters, with values that have to arrive as they are.
var ofKinds = []struct {
	parameter, id string
	values        map[string]string
	single        bool
}{
	{emulator.Mbox3rdPartyID, "plain-1", map[string]string{"tier": "gold"}, false},
	{emulator.Mbox3rdPartyID, "Zoë 東京 &=%2C", map[string]string{"tier": "R&D #1 50% 🏦", "city": " Ørsta "}, false},
	{emulator.Mbox3rdPartyID, "a,b", map[string]string{"tier": "gold"}, true},
	{emulator.Mbox3rdPartyID, "mixed", map[string]string{"tier": "gold", "list": "a,b", "lines": "a\r\nb", "quoted": `"a";'b'`}, true},
	{emulator.MboxPC, "1234-abc.28_0", map[string]string{"tier": "gold", "plus": "a+b c"}, false},
	{emulator.MboxPC, "5678-abc.28_0", map[string]string{"tier": "x\ny"}, true},
}

func TestEveryKindOfIDAndValueArrivesAsItIs(t *testing.T) {
	t.Parallel()
	target := startTarget(t, "--known", knownVisitors(t), "--bulk-processing", "1s")
	dir, want, single := t.TempDir(), map[string]map[string]string{}, 0
	var lines strings.Builder
	for _, of := range ofKinds {
		line := map[string]string{of.parameter: of.id}
		for name, value := range of.values {
			line["profile."+name] = value
		}
		text, err := json.Marshal(line)
		require.NoError(t, err)
		lines.Write(append(text, '\n'))
		id := of.id
		if of.parameter == emulator.MboxPC {
			id = emulator.MboxPC + " " + id
		}
		want[id] = of.values
		if of.single {
			single++
		}
	}
	lines.WriteString(`{"mbox3rdPartyId":"new","profile.tier":"gold"}` + "\n" + `{"mboxPC":"9999-new.28_0","profile.tier":"gold"}` + "\n")
	want["new"] = map[string]string{"tier": "gold"}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "actions.jsonl"), []byte(lines.String()), 0o600))
	config := strings.Replace(filesConfig(dir, target.url, "    route: bulk\n    outbox: {merge_window: 100ms}\n    bulk: {"+quickUploads+"}", ""),
		"    visitor: [{parameter: mbox3rdPartyId, attribute: customer.id}]\n", "", 1)
	c := startCollector(t, config, inOrder)
	c.settled(t, len(ofKinds)+2)

	stats := target.assertUploads(t)
	assert.Equal(t, want, target.profiles(t), "v2 creates a profile, v1 does not")
	assert.Equal(t, single, stats.Attempts)
	versions := map[string]string{}
	for _, u := range target.uploads(t) {
		versions[u.Parameter] = u.Version
	}
	assert.Equal(t, map[string]string{emulator.MboxPC: "v1", emulator.Mbox3rdPartyID: "v2"}, versions)
	assert.Equal(t, 1, c.metric("otelcol_adobe_target_upload_rows", `outcome="not_found"`))
	assert.Equal(t, len(ofKinds)+2, c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	c.end(t)
}

// knownVisitors writes a file of those who have a profile.
func knownVisitors(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, of := range ofKinds {
		fmt.Fprintf(&text, "%s=%s\n", of.parameter, of.id)
	}
	path := filepath.Join(t.TempDir(), "known")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// TestTheBooksBalanceWhileUploadsAreFollowed looks at them again and again while records come in.
func TestTheBooksBalanceWhileUploadsAreFollowed(t *testing.T) {
	t.Parallel()
	r := begin(t, "uploads under load")
	target := startSequenced(t, "--bulk-processing", "1500ms")
	s := newSetup(t, target)
	s.exporter = quickBulk
	sender := newSender(overHTTP(s.port), 81)
	sender.plain, sender.pause = true, 20*time.Millisecond
	c := s.start(t)
	stop := sender.start(t)
	defer stop()
	for end := time.Now().Add(lasts(5*time.Second, 0.05)); time.Now().Before(end); time.Sleep(2 * tick) {
		c.assertBalance(t, sender.perRequest)
	}
	stop()
	r.account(target).close(t, c, sender.taken())
	stats := target.assertUploads(t)
	assert.Zero(t, stats.Attempts, "nothing needs a single call")
	assert.Greater(t, sender.sent().records, stats.Rows, "records of a visitor merge into a row")
}
