// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startExample starts the distribution with an example and a target.
func startExample(t *testing.T, name string, args ...string) (*collector, *adobe) {
	t.Helper()
	example, err := os.ReadFile(filepath.Join("..", "examples", name)) //nolint:gosec // one of the examples
	require.NoError(t, err)
	t.Setenv("STATE_DIR", t.TempDir())
	target := startTarget(t)
	args = append(args, "--set=exporters.adobe_target.endpoint="+target.url,
		"--set=exporters.adobe_target.outbox.merge_window=100ms", "--feature-gates=stanza.synchronousLogEmitter")
	return startCollector(t, string(example), args...), target
}

// syslogMessages are of logger and of rsyslog, which begins a message with a space.
var syslogMessages = []string{
	`[timeQuality tzKnown="1"][offline@32473 customer.id="0017" profile.tier="göld" profile.said="a\"b\]"] card used`,
	`- {"customer": {"id": "0018"}, "profile": {"card": 6331101999990016023, "store": {"id": "017"}}}`,
	`-  {"customer": {"id": "0019"}, "profile": {"tier": "gold"}}`,
	`- {"customer": {"id": "a-secret"}, "profile": {"tier`,
	`- card used`,
}

func TestTheSyslogExampleReadsStructuredDataAndJSON(t *testing.T) {
	endpoint := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	t.Setenv("SYSLOG_ENDPOINT", endpoint)
	c, target := startExample(t, "syslog-to-target.yaml")
	c.running(t)

	var dialer net.Dialer
	till, err := dialer.DialContext(t.Context(), "tcp", endpoint)
	require.NoError(t, err)
	for _, message := range syslogMessages {
		_, err = fmt.Fprintf(till, "<13>1 2026-01-05T08:00:04.129Z store-17 till - - %s\n", message)
		require.NoError(t, err)
	}
	_, err = fmt.Fprintln(till, "no syslog, but a-secret")
	require.NoError(t, err)
	require.NoError(t, till.Close())

	c.settled(t, len(syslogMessages)+1)
	assert.Equal(t, map[string]map[string]string{
		"0017": {"tier": "göld", "said": `a"b]`, "lastOfflineSource": "till"},
		"0018": {"card": "6331101999990016023", "store.id": "017", "lastOfflineSource": "till"},
		"0019": {"tier": "gold", "lastOfflineSource": "till"},
	}, target.profiles(t))
	assert.Equal(t, 3, c.metric("otelcol_adobe_target_records", `outcome="skipped"`, `reason="no_visitor"`))
	c.end(t)
	assert.NotContains(t, c.output.String(), "a-secret")
}

func TestTheFilesExampleSaysNothingOfWhatItCannotParse(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions.jsonl")
	t.Setenv("ACTIONS_FILES", actions)
	lines := []string{
		`{"time": "2026-01-05T08:00:04.129Z", "channel": "offline", "customer.id": "a-secret", "profile": {"n": "a-sec`,
		`{"time": "yesterday", "channel": "offline", "customer.id": "a-secret-1", "profile": {"n": 1}}`,
		`{"channel": "offline", "customer.id": "a-secret-2", "profile": {"n": 2}}`,
	}
	require.NoError(t, os.WriteFile(actions, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	c, target := startExample(t, "files-to-target.yaml",
		fmt.Sprintf("--set=extensions.health_check.endpoint=127.0.0.1:%d", freePort(t)))

	c.settled(t, len(lines))
	assert.Equal(t, map[string]map[string]string{"a-secret-1": {"n": "1"}, "a-secret-2": {"n": "2"}}, target.profiles(t))
	c.end(t)
	assert.NotContains(t, c.output.String(), "a-secret")
}
