// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// talkative is a collector with a persistent queue that says all it can, and gets
// records with marked ids and values.
type talkative struct {
	*visits
	*collector
}

func startTalkative(t *testing.T, folder, endpoint, exporter string) *talkative {
	t.Helper()
	port := freePort(t)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("SECRET-token"), 0o600))
	config := storageConfig(port, folder, endpoint)
	config = strings.Replace(config, "    client_code: acme\n", `    client_code: acme
    auth: {authenticator: bearertokenauth}
    headers: {X-Secret: SECRET-header}
    timeout: 500ms
`+exporter, 1)
	config = strings.Replace(config, "extensions:\n", "extensions:\n  bearertokenauth: {filename: "+token+"}\n", 1)
	config = strings.Replace(config, "extensions: [", "extensions: [bearertokenauth, ", 1)
	config += "  telemetry: {logs: {level: debug}, traces: {processors: [{simple: {exporter: {console: {}}}}]}}\n"
	c := &talkative{newVisits(port, 0), startCollector(t, config)}
	c.prefix, c.mark = "SECRET-id-", "SECRET-value"
	c.ready(t)
	c.send(t, 10)
	return c
}

// calls waits until calls have failed with an error of that type.
func (c *talkative) calls(t *testing.T, errorType string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return c.metric("otelcol_adobe_target_calls", fmt.Sprintf("error_type=%q", errorType)) > 2
	}, patience, tick, errorType)
}

// says ends the collector and looks for the marks in all that it said.
func (c *talkative) says(t *testing.T, expected ...string) {
	t.Helper()
	page, err := get(c.metricsURL)
	require.NoError(t, err)
	c.end(t)
	said := c.output.String() + page
	for _, part := range append(expected, `"Name"`, "debug", "otelcol_adobe_target_calls") {
		assert.Contains(t, said, part, "the test looks where something is said")
	}
	assertNoSecret(t, said)
}

// TestNoSecretIsSaidOfAnyFault puts marked ids, values, tokens and proxies through
// the faults of a set-up, of the network and of the storage.
func TestNoSecretIsSaidOfAnyFault(t *testing.T) {
	for name, api := range map[string]string{"POST": "    api: {method: POST}\n", "GET": "    api: {method: GET}\n"} {
		t.Run(name, func(t *testing.T) {
			t.Run("a token that Target does not know, then a restart", func(t *testing.T) { unknownToken(t, api) })
			t.Run("answers", func(t *testing.T) { badAnswers(t, api) })
			t.Run("a certificate that is unknown", func(t *testing.T) { unknownCertificate(t, api) })
			t.Run("nobody at the endpoint", func(t *testing.T) {
				c := startTalkative(t, t.TempDir(), fmt.Sprintf("http://127.0.0.1:%d", freePort(t)), api)
				c.calls(t, "connection_refused")
				c.says(t)
			})
			t.Run("a host that does not exist", func(t *testing.T) {
				c := startTalkative(t, t.TempDir(), "http://target.does-not-exist.invalid", api)
				c.calls(t, "dns")
				c.says(t)
			})
			t.Run("a proxy that is down", func(t *testing.T) {
				proxy := fmt.Sprintf("    proxy_url: http://SECRET-user@127.0.0.1:%d\n", freePort(t))
				c := startTalkative(t, t.TempDir(), "http://target.example", api+proxy)
				c.calls(t, "connection_refused")
				c.says(t)
			})
			t.Run("a proxy that opens no tunnel", func(t *testing.T) { noTunnel(t, api) })
			t.Run("a disk that is full", func(t *testing.T) { fullDisk(t, api) })
		})
	}
}

func unknownToken(t *testing.T, api string) {
	target := startTarget(t, "--token", "SECRET-other")
	folder := t.TempDir()
	c := startTalkative(t, folder, target.url, api)
	c.calls(t, "403")
	c.says(t, faultBegins)

	target.set(t, "token", map[string]string{"token": "SECRET-token"})
	again := startTalkative(t, folder, target.url, api)
	require.Eventually(t, func() bool { return again.metric("otelcol_adobe_target_records_recovered") >= len(c.taken) }, patience, tick)
	again.says(t)
}

func badAnswers(t *testing.T, api string) {
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 401, "count": 4},
		{"kind": "redirect", "status": 307, "location": "http://SECRET-elsewhere.example/SECRET?a=SECRET", "count": 4},
		{"kind": "status", "status": 407, "count": 4},
		{"kind": "reset", "count": 4},
		{"kind": "truncate", "count": 4},
		{"kind": "hang", "count": 3},
		{"kind": "status", "status": 400, "count": 1},
		{"kind": "garbage", "count": 1},
		{"kind": "refuse", "count": 1},
	})
	c := startTalkative(t, t.TempDir(), target.url, api)
	c.settled(t, len(c.taken))
	assert.Equal(t, 26, target.stats(t).Faulted, "every fault was acted out")
	c.says(t, `"Value": "401"`, `"Value": "307"`, `"Value": "407"`, "timeout", "refused", faultBegins, faultEnds)
}

func unknownCertificate(t *testing.T, api string) {
	cert, key := certificate(t)
	target := startTarget(t, "--tls-cert", cert, "--tls-key", key)
	c := startTalkative(t, t.TempDir(), target.url, api)
	c.calls(t, "tls")
	c.says(t, faultBegins)
}

// noTunnel asks the emulator for a tunnel, which it does not give.
func noTunnel(t *testing.T, api string) {
	proxy := startTarget(t)
	address := strings.TrimPrefix(proxy.url, "http://")
	c := startTalkative(t, t.TempDir(), "https://target.example", api+"    proxy_url: http://SECRET-user@"+address+"\n")
	require.Eventually(t, func() bool {
		return c.metric("otelcol_adobe_target_calls", `outcome="not_now"`)+c.metric("otelcol_adobe_target_calls", `outcome="setup_fault"`) > 2
	}, patience, tick)
	c.says(t)
}

func fullDisk(t *testing.T, api string) {
	disk, _ := tinyDisk(t)
	ballast(t, disk, "ballast", 8<<20)
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	c := startTalkative(t, disk, target.url, api)
	c.padding = 5000
	fill(t, c.visits, disk)
	target.set(t, "faults", []map[string]any{})
	unfill(t, disk)
	require.Eventually(t, func() bool { return target.stats(t).Visitors >= len(c.taken) }, patience, tick)
	c.says(t, "no space left on device")
}
