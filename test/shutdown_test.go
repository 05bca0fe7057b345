// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// shutdownState is a state in which the collector is told to end.
type shutdownState struct {
	name string
	// faults are those of Target.
	faults []map[string]any
	// exporter and retry are settings as in setup.
	exporter, retry string
	// reached tells that the collector is in the state.
	reached func(sender *sender, stats stats) bool
}

// stats is what tells of a state: calls that were made, and how many got through.
type stats struct{ attempts, accepted, faulted int }

var shutdownStates = []shutdownState{{
	name:     "paced",
	exporter: "    rate_limit: {calls_per_second: 1, burst: 1}",
	reached:  func(_ *sender, s stats) bool { return s.accepted >= 1 },
}, {
	name:    "paused by Retry-After",
	faults:  []map[string]any{{"kind": "status", "status": 429, "retry_after": "60s"}},
	reached: func(_ *sender, s stats) bool { return s.faulted >= 1 },
}, {
	name:     "quota exhausted",
	exporter: "    rate_limit: {enabled: false}\n    quota: {calls: 5, window: 1m}",
	reached:  func(_ *sender, s stats) bool { return s.attempts == 5 },
}, {
	name:    "outage with a long backoff",
	faults:  []map[string]any{{"kind": "status", "status": 503}},
	retry:   "{initial_interval: 30s, max_interval: 60s}",
	reached: func(_ *sender, s stats) bool { return s.faulted >= 3 },
}, {
	name:    "hanging calls",
	faults:  []map[string]any{{"kind": "hang"}},
	reached: func(_ *sender, s stats) bool { return s.faulted >= 1 },
}}

// TestAShutdownTakesTheTimeOfACallAtMost ends the collector in every state in which
// something waits, at most the timeout of a call and a second later, and starts it
// again: nothing is lost, nothing is counted as lost, and no record is counted as
// ended that is not.
func TestAShutdownTakesTheTimeOfACallAtMost(t *testing.T) {
	t.Parallel()
	r := begin(t, "shutdown in every waiting state, persistent queue")
	for end := time.Now().Add(lasts(0, 0.1)); ; {
		for _, state := range shutdownStates {
			state.endsAndGoesOn(t, r)
		}
		if time.Now().After(end) {
			return
		}
	}
}

func (state shutdownState) setup(t *testing.T) (s setup, sender *sender) {
	t.Helper()
	target := startSequenced(t)
	target.set(t, "faults", state.faults)
	s = newSetup(t, target)
	s.exporter = state.exporter
	s.retry = or(state.retry, s.retry)
	sender = newSender(overHTTP(s.port), 21)
	sender.visitors, sender.pause = 60, 20*time.Millisecond
	return s, sender
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// enter starts the collector and waits until it is in the state.
func (state shutdownState) enter(t *testing.T, s setup, sender *sender) *collector {
	t.Helper()
	c := s.start(t)
	stop := sender.start(t)
	defer stop()
	require.Eventually(t, func() bool {
		seen := s.target.stats(t)
		return sender.sent().requests > 20 && state.reached(sender, stats{seen.Attempts, seen.Accepted, seen.Faulted})
	}, patience, tick, state.name)
	return c
}

func (state shutdownState) endsAndGoesOn(t *testing.T, r *row) {
	t.Helper()
	s, sender := state.setup(t)
	c := state.enter(t, s, sender)
	a := r.account(s.target)
	took := a.end(t, c)
	assert.LessOrEqual(t, took, callTimeout+time.Second, state.name)

	s.target.set(t, "faults", []map[string]any{})
	s.exporter, s.retry = "    rate_limit: {enabled: false}", newSetup(t, s.target).retry
	c = s.start(t)
	a.close(t, c, sender.taken())
	r.restarts++
	t.Logf("%s: ended after %s", state.name, took.Round(time.Millisecond))
}

// TestAShutdownWithAQueueInMemoryTakesTheDrainTimeoutToo ends the collector in the
// same states with a queue in memory. What can not be sent in time is counted as
// rejected, and every record has one outcome.
func TestAShutdownWithAQueueInMemoryTakesTheDrainTimeoutToo(t *testing.T) {
	t.Parallel()
	const drain = time.Second
	for _, state := range shutdownStates {
		state.exporter += fmt.Sprintf("\n    drain_timeout: %s", drain)
		s, sender := state.setup(t)
		s.state = ""
		c := state.enter(t, s, sender)
		took := c.end(t)
		t.Logf("%s: ended after %s", state.name, took.Round(time.Millisecond))
		assert.LessOrEqual(t, took, drain+callTimeout+time.Second, state.name)
		last := c.finals(t)
		assert.Equal(t, sender.sent().records, last.read, state.name)
		assert.Equal(t, last.read, last.ended(), "%s: every record is counted once", state.name)
		sent, kept := sender.taken().receipts[emulator.Mbox3rdPartyID], s.target.receipts(t)[emulator.Mbox3rdPartyID]
		assert.LessOrEqual(t, sent-within(kept, sent), last.rejected, "%s: what did not arrive is rejected", state.name)
		assert.LessOrEqual(t, last.delivered, kept.Accepted, "%s: what is delivered was taken", state.name)
	}
}

// TestAShutdownWithAFullQueueTakesTheTimeOfACallAtMost ends the collector while
// clients wait for room in the queue, which would wait for ever themselves. The
// receivers are shut down first, and wait for these requests; the exporter gets no
// sign. So it lets a client wait for a second only, and what a client was
// not told was taken is the client's.
func TestAShutdownWithAFullQueueTakesTheTimeOfACallAtMost(t *testing.T) {
	t.Parallel()
	r := begin(t, "shutdown with a full queue and OTLP clients that wait")
	for protocol, exportOver := range map[string]func(*testing.T, int) exportFunc{
		"http": func(_ *testing.T, port int) exportFunc { return overHTTP(port) }, "grpc": overGRPC,
	} {
		target := startSequenced(t)
		target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
		s := newSetup(t, target)
		s.exporter = "    rate_limit: {enabled: false}"
		s.queue = "queue_size: 200"
		s.outbox = fullOutbox
		s.receiver = fmt.Sprintf(`  otlp: {protocols: {%s: {endpoint: "127.0.0.1:%d"}}}`, protocol, s.port)
		sender := newSender(exportOver(t, s.port), 61)
		c := s.start(t)
		stop := sender.start(t)
		require.Eventually(t, func() bool { return c.metric("otelcol_exporter_queue_size") == 200 }, patience, tick)
		require.Eventually(t, func() bool { return sender.sent().refusals > 0 }, patience, tick)
		a := r.account(target)
		took := a.end(t, c)
		t.Logf("OTLP over %s: ended after %s", protocol, took.Round(time.Millisecond))
		assert.LessOrEqual(t, took, callTimeout+time.Second, protocol)

		target.set(t, "faults", []map[string]any{})
		c = s.start(t)
		time.Sleep(tick)
		stop()
		a.close(t, c, sender.taken())
		r.restarts++
	}
}
