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

// overflowQuota is the quota of the scenarios in which most updates are over it.
const overflowQuota = 100

// overflowing are settings of an exporter whose quota of calls in a window is used up soon.
func overflowing(to, window, settings string) string {
	return fmt.Sprintf(`    concurrency: 4
    rate_limit: {enabled: false}
    quota: {calls: %d, window: %s, storage: file_storage/quota, reservation: 3}
    overflow: %s
    overflow_after: 1s
%s`, overflowQuota, window, to, settings)
}

// setupOverflow starts an emulator with that quota too.
func setupOverflow(t *testing.T, window string, args ...string) (setup, *adobe, *sender) {
	t.Helper()
	target := startSequenced(t, append(args, "--quota", strconv.Itoa(overflowQuota), "--quota-window", window)...)
	s := newSetup(t, target)
	sender := newSender(overHTTP(s.port), 97)
	sender.visitors, sender.perRequest, sender.pause, sender.plain = 1000, 50, 50*time.Millisecond, true
	return s, target, sender
}

// TestWhatIsOverTheQuotaGoesByUploadsUntilItFrees sends a thousand visitors' updates with a quota of a
// hundred, and kills and ends the distribution meanwhile. When the window frees, updates go by single
// calls again.
func TestWhatIsOverTheQuotaGoesByUploadsUntilItFrees(t *testing.T) {
	t.Parallel()
	r := begin(t, "overflow into uploads: kill -9, shutdowns, and back")
	s, target, sender := setupOverflow(t, "1m", "--bulk-processing", "1s")
	s.exporter = overflowing("bulk", "1m", "    bulk: {"+quickUploads+"}\n")
	stop := sender.start(t)
	defer stop()
	a, c := r.account(target), s.start(t)
	for r.restarts < 6 {
		enough := target.stats(t).Uploads + 1
		require.Eventually(t, func() bool { return target.stats(t).Uploads > enough }, patience, 5*time.Millisecond)
		time.Sleep(time.Duration(r.restarts) * 200 * time.Millisecond)
		c.assertBalance(t, sender.perRequest)
		if r.restarts%3 == 1 {
			a.end(t, c)
		} else {
			a.kill(t, c)
		}
		c = s.start(t)
		r.restarts++
	}
	stop()
	sender.pause = time.Second
	stopSlowly := sender.start(t)
	defer stopSlowly()
	require.Eventually(t, func() bool { return target.stats(t).Attempts > overflowQuota }, 2*patience, tick, "single calls, once the window frees")
	stopSlowly()
	a.close(t, c, sender.taken())

	stats := target.stats(t)
	assert.LessOrEqual(t, stats.MaxInWindow, overflowQuota)
	assert.Greater(t, stats.MaxInWindow, overflowQuota*8/10, "but for what kill -9 had reserved")
	assert.Greater(t, stats.Rows, 9*overflowQuota, "most visitors go by uploads")
	t.Logf("%d single calls, %d uploads of %d rows", stats.Attempts, stats.Uploads, stats.Rows)
}

// TestWhatIsOverTheQuotaGoesByDelivery does the same with calls that are billed.
func TestWhatIsOverTheQuotaGoesByDelivery(t *testing.T) {
	t.Parallel()
	r := begin(t, "overflow into Delivery calls: kill -9 and shutdowns")
	s, target, sender := setupOverflow(t, "1h", "--token", "secret-token", "--latency", "1ms", "--jitter", "5ms")
	s.exporter = overflowing("delivery", "1h", "    headers: {Authorization: Bearer secret-token}\n    delivery: {calls_per_second: 200}\n")
	r.crash(t, s, target, sender, crashes{
		seed: 17, least: 4, lasts: lasts(0, 0.05), calls: 150, spread: 300, gracefulEvery: 2,
	})
	stats := target.stats(t)
	assert.LessOrEqual(t, stats.Attempts, overflowQuota)
	assert.Greater(t, stats.Attempts, overflowQuota*8/10, "but for what kill -9 had reserved")
	assert.Equal(t, stats.Deliveries, stats.Billed)
	assert.Zero(t, stats.Unauthorized, "single calls have the token")
	assert.Empty(t, stats.Malformed, "and those to Delivery have none, which it would refuse")
	assert.LessOrEqual(t, stats.Sessions, sender.visitors)
}

// TestBilledCallsAreThoseThatMetricsSay overflows in one run, so that its metrics are of all calls.
func TestBilledCallsAreThoseThatMetricsSay(t *testing.T) {
	t.Parallel()
	s, target, sender := setupOverflow(t, "1h")
	s.exporter = overflowing("delivery", "1h", "    delivery: {calls_per_second: 200}\n")
	c := s.start(t)
	sender.sendAll(t.Context(), 20, 0)
	all := sender.taken()
	c.settled(t, all.records)

	stats := target.stats(t)
	assert.Equal(t, overflowQuota, stats.Attempts)
	assert.Equal(t, overflowQuota, c.metric("otelcol_adobe_target_calls", `route="single"`))
	assert.Equal(t, stats.Billed, c.metric("otelcol_adobe_target_calls", `route="delivery"`, `outcome="delivered"`))
	assert.GreaterOrEqual(t, stats.Billed, len(all.model)-overflowQuota, "visitors over the quota")
	byDelivery := c.metric("otelcol_adobe_target_records", `outcome="delivered"`, `route="delivery"`)
	assert.Positive(t, byDelivery)
	assert.Equal(t, all.records-all.withoutVisitor, byDelivery+c.metric("otelcol_adobe_target_records", `outcome="delivered"`, `route="single"`))
	assert.Equal(t, all.model, target.profiles(t))
	c.end(t)
}
