// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// validated returns what the distribution says of a configuration without running it.
func validated(t *testing.T, exporters string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:4318"}}}
exporters:
`+exporters+`
service:
  pipelines:
    logs/a: {receivers: [otlp], exporters: [adobe_target]}
    logs/b: {receivers: [otlp], exporters: [adobe_target/b]}
`), 0o600))
	p := run(t, "otelcol-adobetarget", "validate", "--config", file)
	<-p.done
	assert.NotZero(t, p.cmd.ProcessState.ExitCode())
	return p.output.String()
}

func TestValidateSaysInALineWhatIsWrongAndWhere(t *testing.T) {
	const other = "\n  adobe_target/b: {client_code: globex}"
	for name, tt := range map[string]struct{ exporters, want string }{
		"a duration without a unit": {
			"  adobe_target: {client_code: acme, retry_on_failure: {initial_interval: 5}}" + other,
			"Error: exporters::adobe_target: retry_on_failure::initial_interval: 5 has no unit, write 5s if seconds are meant",
		},
		"an unknown key": {
			"  adobe_target: {client_code: acme, sending_queue: {batchx: {}}}" + other,
			`Error: exporters::adobe_target: sending_queue: unknown key "batchx"; allowed: batch, block_on_overflow, `,
		},
		"the API's URL": {
			"  adobe_target: {client_code: acme, endpoint: https://acme.tt.omtrdc.net/m2/acme/profile/update}" + other,
			"Error: exporters::adobe_target: endpoint: takes scheme and host",
		},
		"a proxy with a password": {
			"  adobe_target: {client_code: acme, proxy_url: http://user:secret-token@proxy.example}" + other,
			"Error: exporters::adobe_target: proxy_url: must not carry a password",
		},
		"other limits of one account": {
			"  adobe_target: {client_code: acme}\n  adobe_target/b: {client_code: acme, quota: {calls: 5}}",
			"with other limits (quota::calls is ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			output := validated(t, tt.exporters)
			assert.Contains(t, output, tt.want)
			assert.Equal(t, 1, strings.Count(strings.TrimSpace(output), "\n")+1, output)
			assert.NotContains(t, output, "secret-token")
			assert.Less(t, len(output), 600, output)
		})
	}
}

func TestAStorageThatDoesNotRunIsNamedAtStart(t *testing.T) {
	config := storageConfig(freePort(t), t.TempDir(), "http://127.0.0.1:1")
	c := startCollector(t, strings.Replace(config, "{storage: file_storage/queue}", "{storage: file_storage/q}", 1))
	assertDoesNotStart(t, c, `sending_queue::storage: "file_storage/q" is not configured under extensions, or not listed in service::extensions; `+
		"storages that are: file_storage/queue")
}

// leftBehind returns the configuration of a collector that was killed with much in its queue
// and outbox, and the file that they are in.
func leftBehind(t *testing.T, target *adobe) (config, file string, left *visits) {
	t.Helper()
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	port, folder := freePort(t), t.TempDir()
	config = storageConfig(port, folder, target.url)
	c := startCollector(t, config)
	left = newVisits(port, 200)
	left.ready(t)
	for range 40 {
		left.send(t, 50)
	}
	require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_outbox_records") == len(left.taken) }, patience, tick)
	c.kill(t)
	return config, filepath.Join(folder, "exporter_adobe_target__logs"), left
}

// TestADamagedQueueIsAnErrorAtStart damages the file of a collector that was killed.
func TestADamagedQueueIsAnErrorAtStart(t *testing.T) {
	target := startTarget(t)
	config, file, left := leftBehind(t, target)
	whole, err := os.ReadFile(file) //nolint:gosec // in a folder of the test
	require.NoError(t, err)
	page := os.Getpagesize()
	require.Greater(t, len(whole), 80*page)
	for name, tt := range map[string]struct {
		damage func(file []byte) []byte
		want   string
	}{
		"emptied":             {func([]byte) []byte { return nil }, file + " is empty or new, though an earlier run has left log records there or was killed"},
		"cut in half":         {func(b []byte) []byte { return b[:len(b)/2] }, file + " is damaged"},
		"cut in a mapping":    {func(b []byte) []byte { return b[:68*page] }, file + " is damaged"},
		"overwritten by 0":    {func(b []byte) []byte { return make([]byte, len(b)) }, file + " is damaged"},
		"scribbled over":      {func(b []byte) []byte { clear(b[8*page : 60*page]); return b }, file + " is damaged"},
		"of another database": {func([]byte) []byte { return []byte(strings.Repeat("SQLite ", 10_000)) }, file + " is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, tt.damage(append([]byte(nil), whole...)), 0o600))
			assertDoesNotStart(t, startCollector(t, config), "sending_queue::storage: ")
			c := startCollector(t, config)
			assertDoesNotStart(t, c, tt.want)
			assert.NotContains(t, c.output.String(), "starting with new")
		})
	}

	require.NoError(t, os.WriteFile(file, whole, 0o600))
	target.set(t, "faults", []map[string]any{})
	c := startCollector(t, config).running(t)
	left.arrive(t, target)
	c.end(t)
}

func TestAFileThatAnotherCollectorHasOpenIsNamed(t *testing.T) {
	folder, port := t.TempDir(), freePort(t)
	startCollector(t, storageConfig(port, folder, "http://127.0.0.1:1")).running(t)
	second := startCollector(t, storageConfig(freePort(t), folder, "http://127.0.0.1:1"))
	assertDoesNotStart(t, second, "sending_queue::storage: "+filepath.Join(folder, "exporter_adobe_target__logs")+" is in use by another process")
}

func TestWhatWaitsForAnAccountIsNotSentToAnother(t *testing.T) {
	target, other := startTarget(t), startTarget(t)
	config, _, left := leftBehind(t, target)
	for _, changed := range []string{
		strings.Replace(config, target.url, other.url, 1),
		strings.Replace(config, "client_code: acme", "client_code: globex", 1),
	} {
		c := startCollector(t, changed)
		assertDoesNotStart(t, c, " log records wait there for acme at ")
		assert.Contains(t, c.output.String(), "set client_code and endpoint back until they are sent")
	}
	target.set(t, "faults", []map[string]any{})
	c := startCollector(t, config).running(t)
	left.arrive(t, target)
	require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_outbox_records") == 0 }, patience, tick)
	c.end(t)

	c = startCollector(t, strings.Replace(config, target.url, other.url, 1))
	left.ready(t)
	require.Eventually(t, func() bool { return other.stats(t).Accepted > 0 }, patience, tick, "nothing waits any more")
	c.end(t)
}
