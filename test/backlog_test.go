// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sendAll sends so many requests, one after the other, within a time.
func (s *sender) sendAll(ctx context.Context, requests int, within time.Duration) {
	for began, n := time.Now(), 0; n < requests; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * within / time.Duration(requests))))
		s.send(ctx)
	}
}

// callsPerVisitor returns how many calls each visitor has cost.
func callsPerVisitor(t *testing.T, target *adobe) float64 {
	t.Helper()
	stats := target.stats(t)
	calls := float64(stats.Attempts) / float64(stats.Visitors)
	t.Logf("%d calls for %d visitors, %.3f each", stats.Attempts, stats.Visitors, calls)
	return calls
}

// TestAnOutageMergesItsBacklog sends records through an outage of twenty seconds, many of each
// visitor. What waits costs one call a visitor, and the calls that find out whether the outage
// is over.
func TestAnOutageMergesItsBacklog(t *testing.T) {
	t.Parallel()
	const outage, requests = 20 * time.Second, 300
	r := begin(t, "backlog behind an outage: one call a visitor")
	target := startSequenced(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	s := newSetup(t, target)
	s.exporter = "    rate_limit: {enabled: false}"
	s.retry = "{initial_interval: 500ms, max_interval: 2s}"
	sender := newSender(overHTTP(s.port), 71)
	sender.visitors, sender.perRequest = 3600, 200
	c := s.start(t)
	began := time.Now()
	sender.sendAll(t.Context(), requests, outage*3/4)
	c.assertBalance(t, sender.perRequest)
	time.Sleep(time.Until(began.Add(outage)))
	c.rests(t, sender.sent().records)
	target.set(t, "faults", []map[string]any{})
	r.account(target).close(t, c, sender.taken())
	assert.LessOrEqual(t, callsPerVisitor(t, target), 1.05)
}

// TestAPaceFarBelowTheStreamMergesWhatWaits sends many records of each visitor much faster
// than calls may leave.
func TestAPaceFarBelowTheStreamMergesWhatWaits(t *testing.T) {
	t.Parallel()
	const requests = 40
	r := begin(t, "pace far below the stream: visitors wait and merge")
	target := startSequenced(t)
	s := newSetup(t, target)
	s.exporter = "    rate_limit: {calls_per_second: 25, burst: 1}"
	sender := newSender(overHTTP(s.port), 73)
	sender.visitors, sender.perRequest = 1200, 500
	c := s.start(t)
	sender.sendAll(t.Context(), requests, 0)
	c.assertBalance(t, sender.perRequest)
	r.account(target).close(t, c, sender.taken())
	assert.LessOrEqual(t, callsPerVisitor(t, target), 1.10)
}

// TestCrashesWithMuchInTheOutboxCostNoCallAndNoRecord kills the collector while all that was
// taken waits in the outbox, twice. The next run sends all of it, with one call a visitor.
func TestCrashesWithMuchInTheOutboxCostNoCallAndNoRecord(t *testing.T) {
	t.Parallel()
	const requests = 100
	r := begin(t, "kill -9 with much in the outbox")
	target := startSequenced(t)
	s := newSetup(t, target)
	s.exporter = "    rate_limit: {enabled: false}"
	sender := newSender(overHTTP(s.port), 79)
	sender.visitors, sender.perRequest = 3000, 200
	a := r.account(target)
	recovered := 0
	for range 2 {
		s.outbox = "merge_window: 1h"
		c := s.start(t)
		sender.sendAll(t.Context(), requests, 0)
		b := c.rests(t, requests*sender.perRequest)
		assert.Equal(t, recovered, b.recovered, "what the run before has left")
		assert.Equal(t, sender.sent().records-sender.sent().withoutVisitor, b.outbox, "all waits in the outbox")
		recovered = b.outbox
		time.Sleep(time.Second) // what had no write to go with has one of its own
		a.kill(t, c)
		r.restarts++
	}
	assert.Zero(t, target.stats(t).Attempts)

	s.outbox = quickOutbox
	c := s.start(t)
	require.Equal(t, recovered, c.metric("otelcol_adobe_target_records_recovered"))
	a.close(t, c, sender.taken())
	assert.LessOrEqual(t, callsPerVisitor(t, target), 1.0)
}
