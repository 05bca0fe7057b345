// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// storageConfig is an OTLP receiver and a persistent queue in a folder.
func storageConfig(port int, folder, endpoint string) string {
	return fmt.Sprintf(`
extensions:
  file_storage/queue: {directory: %s}
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%d"}}}
exporters:
  adobe_target:
    client_code: acme
    endpoint: %s
    rate_limit: {enabled: false}
    sending_queue: {storage: file_storage/queue}
    outbox: {%s}
    retry_on_failure: %s
service:
  extensions: [file_storage/queue]
  pipelines:
    logs: {receivers: [otlp], exporters: [adobe_target]}
`, folder, port, endpoint, quickOutbox, quickRetry)
}

// visits sends one request after the other, each with records of its own visitors,
// and keeps which were taken.
type visits struct {
	url     string
	prefix  string // of the ids
	mark    string // what each value begins with
	padding int    // characters of it beside the mark
	next    int
	taken   map[string]bool
	refused int
}

func newVisits(port, padding int) *visits {
	return &visits{
		url:     fmt.Sprintf("http://127.0.0.1:%d/v1/logs", port),
		prefix:  "v",
		padding: padding, taken: map[string]bool{},
	}
}

// value is that of a visitor's parameter, which compression can not make much shorter.
func (v *visits) value(id string) string {
	var seed [32]byte
	copy(seed[:], id)
	random := make([]byte, v.padding/2)
	_, _ = rand.NewChaCha8(seed).Read(random) // it never fails
	return v.mark + hex.EncodeToString(random)
}

// send sends a request of some visitors once and tells whether it was taken.
func (v *visits) send(t *testing.T, visitors int) bool {
	t.Helper()
	var records []string
	var ids []string
	for range visitors {
		id := v.prefix + strconv.Itoa(v.next)
		v.next++
		ids = append(ids, id)
		records = append(records, fmt.Sprintf(`{"attributes":[{"key":"mbox3rdPartyId","value":{"stringValue":%q}},`+
			`{"key":"profile.n","value":{"stringValue":%q}}]}`, id, v.value(id)))
	}
	taken := post(t, v.url, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[`+strings.Join(records, ",")+`]}]}]}`)
	if !taken {
		v.refused++
	}
	for _, id := range ids {
		if taken {
			v.taken[id] = true
		}
	}
	return taken
}

// arrive waits until every record that was taken is in a profile.
func (v *visits) arrive(t *testing.T, target *adobe) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		profiles := target.profiles(t)
		missing := 0
		for id := range v.taken {
			if profiles[id]["n"] != v.value(id) {
				missing++
			}
		}
		assert.Zero(c, missing, "taken and not arrived, of %d", len(v.taken))
	}, patience, 10*tick)
}

// ready waits until the receiver takes a request.
func (v *visits) ready(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return v.send(t, 1) }, patience, tick)
	v.refused = 0
}

func TestAFullDiskLosesNothing(t *testing.T) {
	disk, _ := tinyDisk(t)
	ballast(t, disk, "ballast", 8<<20)
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	port := freePort(t)
	c := startCollector(t, storageConfig(port, disk, target.url))
	v := newVisits(port, 10_000)
	v.ready(t)

	fill(t, v, disk)
	page, err := get(c.metricsURL)
	require.NoError(t, err)
	assert.Contains(t, page, "otelcol_exporter_queue_size", "the metrics page does not wait for the disk")

	target.set(t, "faults", []map[string]any{})
	time.Sleep(time.Second) // some deliveries on a full disk
	v.send(t, 10)
	unfill(t, disk)
	require.Eventually(t, func() bool { return v.send(t, 1) }, patience, tick, "with space again records are taken")
	v.arrive(t, target)
	assert.Zero(t, c.drained(t, patience))
	assert.Equal(t, len(v.taken), c.rests(t, len(v.taken)).ended)
	assert.Zero(t, c.metric("otelcol_adobe_target_queue_damaged"))
	c.end(t)
	assert.Contains(t, c.output.String(), "no space left on device")
	// The disk may just have room for the small changes, and then there is nothing to say.
	fails := strings.Count(c.output.String(), "The storage of the sending queue fails")
	assert.LessOrEqual(t, fails, 1)
	assert.LessOrEqual(t, strings.Count(c.output.String(), "The storage of the sending queue works again"), fails)
}

func TestADiskThatGetsFullAndARestartLoseNothing(t *testing.T) {
	disk, _ := tinyDisk(t)
	ballast(t, disk, "ballast", 8<<20)
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	port := freePort(t)
	config := storageConfig(port, disk, target.url)
	c := startCollector(t, config)
	v := newVisits(port, 10_000)
	v.ready(t)
	fill(t, v, disk)
	require.NoError(t, c.cmd.Process.Kill())
	<-c.done

	// On the full disk it starts or does not, and in both cases keeps what it has.
	c = startCollector(t, config)
	select {
	case <-c.done:
		assert.Contains(t, c.output.String(), "sending_queue::storage")
		assert.NotZero(t, c.cmd.ProcessState.ExitCode())
		t.Log("it does not start on the full disk")
	case <-time.After(3 * time.Second):
		t.Log("it starts on the full disk")
		require.NoError(t, c.cmd.Process.Kill())
		<-c.done
	}

	unfill(t, disk)
	target.set(t, "faults", []map[string]any{})
	c = startCollector(t, config).running(t)
	v.arrive(t, target)
	assert.Zero(t, c.drained(t, patience))
	assert.Equal(t, len(v.taken), c.rests(t, 0).recovered)
	assert.Zero(t, c.metric("otelcol_adobe_target_queue_damaged"))
	c.end(t)
}

func TestAReadOnlyFolderIsAnErrorAtStartAndKeepsWhatItHolds(t *testing.T) {
	disk, remount := tinyDisk(t)
	ballast(t, disk, "ballast", 8<<20)
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	port := freePort(t)
	config := storageConfig(port, disk, target.url)
	c := startCollector(t, config)
	v := newVisits(port, 100)
	v.ready(t)
	for range 20 {
		v.send(t, 10)
	}
	c.end(t)

	remount("ro")
	c = startCollector(t, config)
	assertDoesNotStart(t, c, "read-only file system")

	remount("rw")
	target.set(t, "faults", []map[string]any{})
	c = startCollector(t, config)
	v.arrive(t, target)
	c.end(t)
}

func TestACorruptFolderIsAnErrorAtStart(t *testing.T) {
	for name, content := range map[string][]byte{
		"no database":        []byte(strings.Repeat("corrupt ", 10_000)),
		"a shortened header": []byte("short"),
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, "exporter_adobe_target__logs"), content, 0o600))
			c := startCollector(t, storageConfig(freePort(t), folder, "http://127.0.0.1:1"))
			assertDoesNotStart(t, c, "sending_queue::storage")
			after, err := os.ReadFile(filepath.Join(folder, "exporter_adobe_target__logs")) //nolint:gosec // in a folder of the test
			require.NoError(t, err)
			assert.Equal(t, content, after, "it is left for a look")
		})
	}
}
