// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quickSecretUploads are bulk settings for startTalkative.
const quickSecretUploads = "    route: bulk\n    bulk: {interval: 1s, calls_per_minute: 50, timeout: 1s, " +
	"status: {initial_delay: 1s, max_interval: 1s, timeout: 1m}}\n"

// TestOddAnswersToUploadsAndStatusesHoldTheData lets each kind of answer that says nothing come, or
// none: the upload goes again as it was, the status is asked for again. Of marked ids, values and a
// token nothing is said.
func TestOddAnswersToUploadsAndStatusesHoldTheData(t *testing.T) {
	t.Parallel()
	foreign, calls := elsewhere(t)
	target := startTarget(t, "--token", "SECRET-token", "--bulk-processing", "500ms")
	faults := []map[string]any{
		{"kind": "refuse", "route": "bulk"},
		{"kind": "status", "status": 400, "route": "bulk"},
		{"kind": "status", "status": 401, "route": "bulk"},
		{"kind": "garbage", "route": "bulk"},
		{"kind": "silent", "route": "bulk"},
		{"kind": "redirect", "status": 307, "location": foreign + "/SECRET?a=SECRET", "route": "bulk"},
		{"kind": "status", "status": 200, "route": "bulk"},
		{"kind": "status", "status": 500, "route": "bulk", "applied": true},
		{"kind": "truncate", "route": "bulk", "applied": true},
		{"kind": "hang", "route": "bulk", "applied": true},
		{"kind": "entity", "route": "bulk"},
		{"kind": "redirect", "status": 302, "location": foreign + "/SECRET?a=SECRET", "route": "bulk_status"},
		{"kind": "garbage", "route": "bulk_status"},
		{"kind": "status", "status": 200, "route": "bulk_status"},
		{"kind": "hang", "route": "bulk_status"},
		{"kind": "large", "route": "bulk_status"},
	}
	for _, f := range faults {
		f["count"] = 1
	}
	// Three uploads are taken without a good answer. The fourth is stuck, of the fifth all rows fail.
	target.set(t, "faults", append(faults, map[string]any{"kind": "stuck", "count": 4}, map[string]any{"kind": "fail_rows", "count": 5}))
	c := startTalkative(t, t.TempDir(), target.url, quickSecretUploads)
	c.settled(t, len(c.taken))
	c.arrive(t, target)

	stats := target.assertUploads(t)
	assert.Equal(t, len(faults), stats.Faulted, "every fault of an answer was acted out")
	assert.Equal(t, 4, stats.Stuck)
	assert.Positive(t, stats.FailedRows)
	assert.Zero(t, calls.Load(), "no other host gets the token")
	assert.Equal(t, len(c.taken), c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	assert.Zero(t, c.metric("otelcol_adobe_target_uploads", `outcome="unconfirmed"`))
	c.says(t, "adobe_target/upload", "adobe_target/status", `route="bulk_status"`, "An upload is stuck")
}

// TestNoSecretIsSaidOfAnOverflow lets the few calls of a quota leave, and the rest by the other route.
// Delivery would refuse a token.
func TestNoSecretIsSaidOfAnOverflow(t *testing.T) {
	for to, settings := range map[string]string{
		"bulk":     strings.TrimPrefix(quickSecretUploads, "    route: bulk\n"),
		"delivery": "    delivery: {property_token: SECRET-property, session_key: SECRET-key}\n",
	} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			target := startTarget(t, "--token", "SECRET-token")
			target.set(t, "faults", []map[string]any{
				{"kind": "reset", "count": 1, "route": to},
				{"kind": "garbage", "count": 1, "route": to},
				{"kind": "status", "status": 500, "count": 1, "route": to},
			})
			c := startTalkative(t, t.TempDir(), target.url, "    quota: {calls: 3, window: 1h}\n    overflow: "+to+"\n    overflow_after: 1s\n"+settings)
			c.send(t, 10)
			c.settled(t, len(c.taken))
			stats := target.stats(t)
			assert.Equal(t, 3, stats.Attempts)
			assert.Positive(t, stats.Rows+stats.Billed)
			assert.Zero(t, stats.Unauthorized)
			assert.Empty(t, stats.Malformed, "a call to Delivery with a token is")
			c.says(t, "The quota is used up: updates go by route "+to)
		})
	}
}

// TestADryRunOfUploadsShowsThemAndMakesNone says the ids and values, as it is for that.
func TestADryRunOfUploadsShowsThemAndMakesNone(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	c := startUploading(t, target, quickUploads, "    dry_run: true\n")
	c.ready(t)
	c.next = 100
	c.send(t, 10)
	c.settled(t, len(c.taken))
	assert.Equal(t, len(c.taken), c.metric("otelcol_adobe_target_records", `outcome="skipped"`, `reason="dry_run"`))
	stats := target.stats(t)
	assert.Zero(t, stats.Uploads+stats.Statuses+stats.Attempts)
	assert.Zero(t, c.metric("otelcol_adobe_target_calls"))
	assert.Zero(t, c.drained(t, patience))
	c.end(t)
	said := c.output.String()
	require.Contains(t, said, "Dry run, not sent: upload 1")
	assert.Contains(t, said, "v105,"+c.value("v105"))
	assert.Contains(t, said, "batch=thirdPartyId,n")
}
