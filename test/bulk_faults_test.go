// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startUploading starts a collector with a persistent queue that makes uploads by these settings, and
// further settings of the exporter, each line indented by four spaces.
func startUploading(t *testing.T, target *adobe, bulk, exporter string) *guarded {
	t.Helper()
	port := freePort(t)
	config := strings.Replace(storageConfig(port, t.TempDir(), target.url), "    rate_limit: {enabled: false}\n",
		"    route: bulk\n    rate_limit: {enabled: false}\n    bulk: {"+bulk+"}\n"+exporter, 1)
	return &guarded{visits: newVisits(port, 10), collector: startCollector(t, config)}
}

// elsewhere is a server that is not Target, and counts what comes.
func elsewhere(t *testing.T) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL, calls
}

// TestAnUploadThatCannotBeFollowedEndsUnconfirmed counts its records as delivered, with that reason.
func TestAnUploadThatCannotBeFollowedEndsUnconfirmed(t *testing.T) {
	t.Parallel()
	forgotten := []map[string]any{{"kind": "status", "status": 404, "route": "bulk_status"}}
	followed := map[string]*unfollowed{
		"it never completes":      startUnfollowed(t, nil),
		"Target has forgotten it": startUnfollowed(t, forgotten),
	}
	foreign, calls := elsewhere(t)
	target := startTarget(t, "--token", "SECRET-token")
	target.set(t, "faults", []map[string]any{{"kind": "foreign", "location": foreign + "/m2/acme/profile/batchStatus?batchId=SECRET"}})
	onAnotherHost := startTalkative(t, t.TempDir(), target.url, strings.Replace(quickSecretUploads, "timeout: 1m", "timeout: 4s", 1))
	for name, c := range followed {
		c.settled(t, len(c.taken))
		assert.Equal(t, len(c.taken), c.metric("otelcol_adobe_target_records", `outcome="delivered"`, `reason="unconfirmed"`), name)
		assert.Equal(t, len(c.target.uploads(t)), c.metric("otelcol_adobe_target_uploads", `outcome="unconfirmed"`), name)
		assert.Equal(t, c.target.stats(t).Statuses, c.metric("otelcol_adobe_target_calls", `route="bulk_status"`), name)
		assert.Zero(t, c.drained(t, patience), name)
		c.end(t)
	}
	assert.Positive(t, followed["it never completes"].target.stats(t).Statuses)
	assert.Positive(t, followed["Target has forgotten it"].target.stats(t).Faulted)

	onAnotherHost.settled(t, len(onAnotherHost.taken))
	assert.Zero(t, target.stats(t).Statuses+int(calls.Load()), "another host is never asked")
	onAnotherHost.says(t, "Uploads are taken and cannot be followed", `reason="unconfirmed"`)
}

// unfollowed is a collector whose uploads are never complete.
type unfollowed struct {
	*guarded
	target *adobe
}

func startUnfollowed(t *testing.T, faults []map[string]any) *unfollowed {
	t.Helper()
	target := startTarget(t, "--bulk-processing", "1h")
	target.set(t, "faults", append([]map[string]any{}, faults...))
	c := startUploading(t, target, strings.Replace(quickUploads, "timeout: 1m", "timeout: 3s", 1), "")
	c.ready(t)
	c.send(t, 10)
	return &unfollowed{c, target}
}

// TestTheRowsThatSpoilAnUploadAreFound has one row that uploads get stuck of, one that fails each time, and one
// that fails once.
func TestTheRowsThatSpoilAnUploadAreFound(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{
		{"kind": "stuck", "visitor": "v103"},
		{"kind": "fail_rows", "visitor": "v105"},
		{"kind": "fail_rows", "visitor": "v106", "count": 1},
	})
	c := startUploading(t, target, quickUploads+", max_rows: 16", "")
	c.ready(t)
	c.next = 100
	c.send(t, 9)
	c.settled(t, len(c.taken)-2)
	assert.Equal(t, len(c.taken)-2, c.metric("otelcol_adobe_target_records", `outcome="delivered"`), "those two are tried for a day")
	target.assertUploads(t)
	assert.Positive(t, c.metric("otelcol_adobe_target_upload_rows", `outcome="failed"`))
	assert.Positive(t, c.metric("otelcol_adobe_target_uploads", `outcome="stuck"`))
	delete(c.taken, "v103")
	delete(c.taken, "v105")
	c.arrive(t, target)
	c.end(t)
}

// TestA503PausesUploadsAndStatuses looks at the beginning of the pause, and in a soak at its end.
func TestA503PausesUploadsAndStatuses(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	target.set(t, "bulk", map[string]any{"processing": "1h"})
	c := startUploading(t, target, strings.Replace(quickUploads, "timeout: 1m", "timeout: 1h", 1), "")
	c.ready(t)
	require.Eventually(t, func() bool { return target.stats(t).Statuses > 0 }, patience, tick, "there is a status to ask for")
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503, "count": 1, "route": "bulk"}})
	c.send(t, 10)
	require.Eventually(t, func() bool { return target.stats(t).Faulted == 1 }, patience, tick)
	time.Sleep(500 * time.Millisecond) // for a status that was under way
	before := target.stats(t)
	time.Sleep(3 * time.Second) // in which a status would be asked for
	after := target.stats(t)
	assert.Equal(t, []int{before.Uploads, before.Statuses}, []int{after.Uploads, after.Statuses}, "calls during the pause")
	assert.Positive(t, c.metric("otelcol_adobe_target_outbox_visitors"), "they wait")
	if *soakTime > 0 {
		target.set(t, "bulk", map[string]any{}) // the first upload keeps its hour
		require.Eventually(t, func() bool { return target.stats(t).Visitors == 10 }, 2*patience, tick)
	}
	c.end(t)
}

// TestNoMinuteHasMoreCallsThanAdobeAllows makes an upload of each visitor, and is killed meanwhile.
func TestNoMinuteHasMoreCallsThanAdobeAllows(t *testing.T) {
	t.Parallel()
	target := startSequenced(t)
	s := newSetup(t, target)
	s.exporter = strings.Replace(quickBulk, "interval: 1s", "interval: 1s, max_rows: 1", 1)
	sender := newSender(overHTTP(s.port), 95)
	sender.plain = true
	c := s.start(t)
	for range 10 {
		sender.send(t.Context())
	}
	require.Eventually(t, func() bool { return target.stats(t).Uploads > 15 }, patience, tick)
	c.kill(t)
	c = s.start(t)
	require.Eventually(t, func() bool { return target.stats(t).MaxInMinute >= 48 }, patience, tick)
	time.Sleep(2 * time.Second)
	stats := target.stats(t)
	t.Logf("%d uploads, %d statuses, %d in a minute", stats.Uploads, stats.Statuses, stats.MaxInMinute)
	assert.LessOrEqual(t, stats.MaxInMinute, 50)
	assert.Zero(t, stats.OverRate)
	c.end(t)
}
