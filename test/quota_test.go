// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheQuotaHoldsOverCrashesAndExporters lets two exporters of one client code
// send far more than the quota, and kills the distribution again and again. The
// emulator counts every attempt in the same window.
func TestTheQuotaHoldsOverCrashesAndExporters(t *testing.T) {
	const limit, reservation, enough = 300, 2, 200
	dir, last := t.TempDir(), map[string]map[string]string{}
	writeActions(t, dir, 4000, 2000, last)
	target := startTarget(t, "-quota", strconv.Itoa(limit), "-quota-window", "1m")
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503, "probability": 0.05}})
	state := t.TempDir()
	exporter := fmt.Sprintf(`
    client_code: acme
    endpoint: %s
    visitor: [{parameter: mbox3rdPartyId, attribute: customer.id}]
    concurrency: 4
    rate_limit: {calls_per_second: 200, burst: 10}
    quota: {calls: %d, window: 1m, storage: file_storage/quota, reservation: %d}
    retry_on_failure: {initial_interval: 20ms, max_interval: 50ms}`, target.url, limit, reservation)
	config := fmt.Sprintf(`
extensions:
  file_storage/quota: {directory: %s, create_directory: true}
  file_storage/queue: {directory: %s, create_directory: true}
receivers:
  file_log:
    include: ["%s/*.jsonl"]
    start_at: beginning
    operators:
      - {type: json_parser, parse_to: attributes}
exporters:
  adobe_target/a:%s
    sending_queue: {storage: file_storage/queue, batch: {flush_timeout: 100ms, min_size: 100}}
  adobe_target/b:%s
    sending_queue: {storage: file_storage/queue, batch: {flush_timeout: 100ms, min_size: 100}}
service:
  extensions: [file_storage/quota, file_storage/queue]
  pipelines:
    logs: {receivers: [file_log], exporters: [adobe_target/a, adobe_target/b]}
`, state+"/quota", state+"/queue", dir, exporter, exporter)

	began := time.Now()
	crashes := 0
	for target.stats(t).Attempts < enough {
		before := target.stats(t).Attempts
		c := startCollector(t, config, inOrder)
		require.Eventually(t, func() bool { return target.stats(t).Attempts >= min(before+50, enough) }, patience, 2*time.Millisecond)
		require.NoError(t, c.cmd.Process.Kill())
		<-c.done
		crashes++
	}
	c := startCollector(t, config, inOrder)
	stats, now := target.stats(t), 0
	require.Eventually(t, func() bool { // until nothing moves for a second
		stats = target.stats(t)
		still := stats.Attempts == now
		now = stats.Attempts
		return still
	}, patience, time.Second)
	t.Logf("%d crashes in %s: %d attempts of %d allowed in a minute, %d at most in any, %d over quota",
		crashes, time.Since(began).Round(time.Millisecond), stats.Attempts, limit, stats.MaxInWindow, stats.OverQuota)
	assert.Zero(t, stats.OverQuota)
	assert.LessOrEqual(t, stats.MaxInWindow, limit)
	assert.GreaterOrEqual(t, stats.Attempts, enough)
	c.end(t)
}
