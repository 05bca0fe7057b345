// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// action is a line of the files that the tests read.
type action struct {
	Customer string            `json:"customer.id"`
	Seq      string            `json:"profile.seq"`
	Note     string            `json:"profile.note"`
	Profile  map[string]string `json:"offline"`
}

// notes are values that a connector without encoding would spoil.
var notes = []string{
	"R&D #1 50%", "a=b&mbox3rdPartyId=other", "plus + and space ", " Zoë Ælfgar 東京 🏦", "line\nbreak \"quoted\"", "%41;semi", "comma, separated",
}

// writeActions writes so many actions of visitors drawn with a skew, adds the last
// values of each visitor to last. With a prefix each action has a receipt too.
func writeActions(t *testing.T, dir string, records, visitors int, receipts string, last map[string]map[string]string) {
	t.Helper()
	random := rand.New(rand.NewPCG(0, 1))
	file, err := os.Create(filepath.Join(dir, "actions.jsonl")) //nolint:gosec // in a folder of the test
	require.NoError(t, err)
	defer file.Close()
	lines := json.NewEncoder(file)
	for n := range records {
		visitor := fmt.Sprintf("cust %d", int(float64(visitors)*random.Float64()*random.Float64()))
		a := action{Customer: visitor, Seq: strconv.Itoa(n + 1), Note: notes[random.IntN(len(notes))], Profile: map[string]string{}}
		if random.IntN(3) == 0 {
			a.Profile["store"] = strconv.Itoa(random.IntN(100))
		}
		if receipts != "" {
			a.Profile[receipts+a.Seq] = "1"
		}
		require.NoError(t, lines.Encode(a))
		if last[visitor] == nil {
			last[visitor] = make(map[string]string)
		}
		last[visitor]["seq"], last[visitor]["note"] = a.Seq, a.Note
		if store, ok := a.Profile["store"]; ok {
			last[visitor]["offline.store"] = store
		}
	}
}

// filesConfig reads the files of a folder into the exporter, whose further
// settings stand in exporter, each line indented by four spaces.
func filesConfig(files, endpoint, exporter, rest string) string {
	return fmt.Sprintf(`
receivers:
  file_log:
    include: ["%s/*.jsonl"]
    start_at: beginning
    max_concurrent_files: 1
    poll_interval: 50ms
    operators:
      - {type: json_parser, parse_to: attributes}
exporters:
  adobe_target:
    client_code: acme
    endpoint: %s
    visitor: [{parameter: mbox3rdPartyId, attribute: customer.id}]
    profile:
      - prefix: profile.
      - {parameter: offline, attribute: offline}
    rate_limit: {enabled: false}
%s
service:
  pipelines:
    logs: {receivers: [file_log], exporters: [adobe_target]}
%s`, files, endpoint, exporter, rest)
}

// inOrder keeps the file receiver from handing on a later batch before an earlier one.
const inOrder = "--feature-gates=stanza.synchronousLogEmitter"

func TestTwentyThousandLinesLeaveEveryVisitorsLastValues(t *testing.T) {
	dir, last := t.TempDir(), map[string]map[string]string{}
	writeActions(t, dir, 20_000, 3_000, "", last)
	target := startTarget(t, "--sequence", "seq")
	c := startCollector(t, filesConfig(dir, target.url, "    outbox: {merge_window: 1s}", ""), inOrder)
	c.settled(t, 20_000)

	stats := target.stats(t)
	t.Logf("20000 records, %d visitors, %d calls, %d connections", stats.Visitors, stats.Attempts, stats.ConnectionsOpened)
	assert.Equal(t, last, target.profiles(t))
	assert.Equal(t, stats.Accepted, stats.Attempts, "every call was taken")
	assert.LessOrEqual(t, stats.Attempts, 4*len(last), "records of a visitor go together")
	assert.Zero(t, stats.Disorders)
	assert.LessOrEqual(t, stats.MaxConcurrent, 16)
	assert.Equal(t, 20_000, c.metric("otelcol_adobe_target_records", `outcome="delivered"`, `exporter="adobe_target"`))
	assert.Equal(t, 20_000, c.metric("otelcol_adobe_target_call_records_sum"), "every record went with a call")
	assert.Equal(t, stats.Attempts, c.metric("otelcol_adobe_target_call_records_count"), "each visitor's update took one call")
	assert.Equal(t, stats.Attempts, c.metric("otelcol_adobe_target_calls", `outcome="delivered"`, `http_response_status_code="200"`))
	c.end(t)
}

func TestEveryWayOfMakingACallArrives(t *testing.T) {
	for name, api := range map[string]string{
		"POST with a body":        "{method: POST}",
		"POST with a query":       "{method: POST, parameters: query}",
		"GET":                     "{method: GET}",
		"the literal client path": "{path: /m2/client/profile/update}",
	} {
		t.Run(name, func(t *testing.T) {
			dir, last := t.TempDir(), map[string]map[string]string{}
			writeActions(t, dir, 300, 50, "", last)
			target := startTarget(t, "--plain")
			c := startCollector(t, filesConfig(dir, target.url, "    outbox: {merge_window: 200ms}\n    api: "+api, ""), inOrder)
			c.settled(t, 300)
			assert.Equal(t, last, target.profiles(t))
			c.end(t)
		})
	}
}

func TestAPersistentQueueBringsAnOutageOverARestart(t *testing.T) {
	dir, last := t.TempDir(), map[string]map[string]string{}
	storage := t.TempDir()
	config := func(target *adobe) string {
		return filesConfig(dir, target.url, fmt.Sprintf(`
    sending_queue: {storage: file_storage/queue}
    outbox: {merge_window: 200ms}
    retry_on_failure: {initial_interval: 100ms, max_interval: 200ms}
extensions:
  file_storage/queue: {directory: %s, create_directory: true}
  file_storage/checkpoints: {directory: %s, create_directory: true}`, storage+"/q", storage+"/c"),
			"  extensions: [file_storage/queue, file_storage/checkpoints]\n") +
			"\n" // the receiver's checkpoints are set on the command line
	}
	checkpoints := "--set=receivers.file_log.storage=file_storage/checkpoints"
	target := startTarget(t, "--sequence", "seq")
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	writeActions(t, dir, 3000, 200, "", last)

	c := startCollector(t, config(target), inOrder, checkpoints)
	require.Eventually(t, func() bool {
		return c.metric("otelcol_receiver_accepted_log_records") == 3000 && target.stats(t).Faulted > 3
	}, patience, tick)
	c.end(t)
	assert.Zero(t, target.stats(t).Accepted)

	target.set(t, "faults", []map[string]any{})
	c = startCollector(t, config(target), inOrder, checkpoints)
	c.settled(t, 3000)
	assert.Equal(t, last, target.profiles(t))
	c.end(t)
}
