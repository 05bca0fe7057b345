// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secrets are the marks, and what stands in URLs of calls.
var secrets = []string{"SECRET", "profile/update", "v1/delivery", "profile/batch", "batchId", "m2Node"}

// assertNoSecret looks for those in what was said.
func assertNoSecret(t *testing.T, said string) {
	t.Helper()
	for line := range strings.Lines(said) {
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(line, secret) }) {
			assert.Fail(t, "a secret is said", line)
		}
	}
}

// TestNoSecretIsSaid sends marked ids and values through every kind of failure,
// with GET so that they stand in URLs, and looks for the marks in all that the
// distribution says: logs at debug level, spans, and metrics at their most detailed.
func TestNoSecretIsSaid(t *testing.T) {
	const token = "SECRET-token-7f3a" //nolint:gosec // a mark to look for
	dir := t.TempDir()
	var lines strings.Builder
	for i := range 60 {
		fmt.Fprintf(&lines, `{"customer.id":"SECRET-id-%d","profile.a":"SECRET-value-%d","profile.user.x":"SECRET-value","profile.c":""}`+"\n", i, i)
	}
	lines.WriteString(`{"customer.id":"SECRET-id/with-slash","profile.a":"SECRET-value"}` + "\n")
	lines.WriteString(`{"profile.a":"SECRET-value"}` + "\n")
	lines.WriteString(`{"customer.id":"SECRET-id-large","profile.a":"SECRET-value-` + strings.Repeat("x", 100_000) + `"}` + "\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "actions.jsonl"), []byte(lines.String()), 0o600))
	tokenFile := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(tokenFile, []byte(token), 0o600))

	target := startTarget(t, "--token", "SECRET-not-yet")
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 503, "count": 2},
		{"kind": "status", "status": 429, "retry_after": "1s", "count": 1},
		{"kind": "reset", "count": 2},
		{"kind": "truncate", "count": 2},
		{"kind": "redirect", "status": 307, "count": 1},
		{"kind": "garbage", "count": 2},
		{"kind": "refuse", "count": 2},
		{"kind": "status", "status": 400, "count": 2},
		{"kind": "hang", "count": 1},
	})
	c := startCollector(t, filesConfig(dir, target.url, `
    api: {method: GET}
    timeout: 500ms
    auth: {authenticator: bearertokenauth}
    headers: {X-Secret: SECRET-header}
    conditions: ['log.attributes["profile.a"] != "x"', 'ParseJSON(log.attributes["profile.a"])["a"] == 1']
    outbox: {merge_window: 200ms}
    retry_on_failure: {initial_interval: 100ms, max_interval: 200ms}
extensions:
  bearertokenauth: {filename: `+tokenFile+`}`, `
  extensions: [bearertokenauth]
  telemetry:
    logs: {level: debug}
    traces: {processors: [{simple: {exporter: {console: {}}}}]}
`), inOrder)
	require.Eventually(t, func() bool { return target.stats(t).Unauthorized > 2 }, patience, tick)
	target.set(t, "token", map[string]string{"token": token})
	c.settled(t, 63)

	page, err := get(c.metricsURL)
	require.NoError(t, err)
	c.end(t)
	said := c.output.String() + page
	for _, expected := range []string{"adobe_target", `"Name"`, "debug", "status_400", "otelcol_adobe_target_calls"} {
		assert.Contains(t, said, expected, "the test looks where something is said")
	}
	assertNoSecret(t, said)
	stats := target.stats(t)
	assert.Equal(t, 15, stats.Faulted, "every fault was acted out")
	t.Logf("%d calls, %d faulted, %d unauthorized, %d accepted; %d bytes said", stats.Attempts, stats.Faulted, stats.Unauthorized, stats.Accepted, len(said))
}
