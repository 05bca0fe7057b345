// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUploadsHoldThroughCrashesAndFaults kills the distribution and ends it, before, during and after
// uploads, while Target fails in every way. A visitor may be sent again only with the upload in which
// the visitor stands, as it was.
func TestUploadsHoldThroughCrashesAndFaults(t *testing.T) {
	t.Parallel()
	r := begin(t, "uploads: kill -9, shutdowns and faults under load")
	target := startSequenced(t, "--latency", "1ms", "--jitter", "100ms", "--bulk-processing", "1500ms")
	target.set(t, "faults", []map[string]any{
		{"kind": "reset", "probability": 0.1, "applied": true, "route": "bulk"},
		{"kind": "reset", "probability": 0.05, "route": "bulk"},
		{"kind": "truncate", "probability": 0.1, "applied": true, "route": "bulk"},
		{"kind": "garbage", "probability": 0.1, "route": "bulk_status"},
		{"kind": "status", "status": 500, "probability": 0.1},
		{"kind": "stuck", "probability": 0.05, "count": 1},
	})
	s := newSetup(t, target)
	s.exporter = quickBulk
	sender := newSender(overHTTP(s.port), 91)
	sender.plain, sender.pause = true, 20*time.Millisecond
	r.crash(t, s, target, sender, crashes{
		seed: 15, least: 4, lasts: lasts(0, 0.1), spread: 1, later: 2 * time.Second, gracefulEvery: 2,
	})
	stats := target.stats(t)
	t.Logf("%d uploads, %d statuses, %d rows, %d in uploads that were made again", stats.Uploads, stats.Statuses, stats.Rows, target.remade(t))
	assert.Zero(t, stats.Attempts, "nothing needs a single call")
}

// TestAnUploadIsFollowedOnAfterACrash kills the distribution when Target has taken an upload and not
// said what became of it. It is asked for after the restart, and not made again.
func TestAnUploadIsFollowedOnAfterACrash(t *testing.T) {
	t.Parallel()
	r := begin(t, "kill -9 between upload and status")
	target := startSequenced(t, "--bulk-processing", "3s")
	s := newSetup(t, target)
	s.exporter = quickBulk
	sender := newSender(overHTTP(s.port), 92)
	sender.plain = true
	a, c := r.account(target), s.start(t)
	for range 5 {
		sender.send(t.Context())
	}
	require.Eventually(t, func() bool { return target.stats(t).Statuses > 0 }, patience, tick, "its status is asked for")
	a.kill(t, c)
	r.restarts++
	c = s.start(t)
	taken := sender.sent()
	c.settled(t, taken.records-taken.withoutVisitor)
	assert.Equal(t, taken.records-taken.withoutVisitor, c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	assert.Zero(t, c.metric("otelcol_adobe_target_records", `reason="unconfirmed"`))
	a.close(t, c, sender.taken())
	assert.Equal(t, 1, target.assertUploads(t).Uploads)
}

// TestAnUploadThatACrashInterruptsIsMadeAgainAsItWas ends the distribution while Target has the upload
// and does not answer, which it does in the time of a call, and kills it when that has happened again.
// What comes meanwhile of the visitors has to wait.
func TestAnUploadThatACrashInterruptsIsMadeAgainAsItWas(t *testing.T) {
	t.Parallel()
	r := begin(t, "shutdown and kill -9 during an upload")
	target := startSequenced(t, "--bulk-processing", "1s")
	target.set(t, "faults", []map[string]any{{"kind": "hang", "count": 2, "route": "bulk", "applied": true}})
	s := newSetup(t, target)
	s.exporter = quickBulk
	sender := newSender(overHTTP(s.port), 93)
	sender.plain, sender.visitors = true, 20
	a, c := r.account(target), s.start(t)
	hangs := func(times int) {
		sender.send(t.Context())
		require.Eventually(t, func() bool { return target.stats(t).Faulted == times }, patience, tick)
		sender.send(t.Context())
		r.restarts++
	}
	hangs(1)
	assert.LessOrEqual(t, a.end(t, c), callTimeout+time.Second, "whatever bulk::timeout is")
	c = s.start(t)
	hangs(2)
	a.kill(t, c)
	a.close(t, s.start(t), sender.taken())
	target.assertUploads(t)
	uploads := target.uploads(t)
	require.GreaterOrEqual(t, len(uploads), 4, "the upload, the same twice again, and what came since")
	for _, again := range uploads[1:3] {
		assert.Equal(t, uploads[0].Bytes, again.Bytes)
		assert.Equal(t, uploads[0].Names, again.Names)
	}
}

// TestAShutdownWithAQueueInMemoryUploadsWhatWaits does not wait for the interval, nor for the status.
func TestAShutdownWithAQueueInMemoryUploadsWhatWaits(t *testing.T) {
	t.Parallel()
	target := startSequenced(t)
	s := newSetup(t, target)
	s.state = ""
	s.exporter = strings.Replace(quickBulk, "interval: 1s", "interval: 1h", 1) + "    drain_timeout: 5s\n"
	sender := newSender(overHTTP(s.port), 98)
	sender.plain = true
	c := s.start(t)
	sender.sendAll(t.Context(), 5, 0)
	c.rests(t, sender.sent().records)
	assert.Zero(t, target.stats(t).Uploads)
	assert.LessOrEqual(t, c.end(t), 5*time.Second+callTimeout)
	assert.Equal(t, sender.model(), target.profiles(t))
	assert.Equal(t, 1, target.assertUploads(t).Uploads)
	last := c.finals(t)
	assert.Equal(t, sender.sent().records-sender.sent().withoutVisitor, last.delivered)
	assert.Equal(t, last.read, last.ended())
}
