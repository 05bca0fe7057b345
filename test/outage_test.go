// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnOutageWithRestartsInsideCostsFewCallsAndNoRecord lets Target fail for a
// long time, ends and kills the collector meanwhile, and has records come in all
// the time. Few calls may be made while it lasts, one in a step of the backoff once it is
// known for an outage, and everything has to arrive afterwards.
func TestAnOutageWithRestartsInsideCostsFewCallsAndNoRecord(t *testing.T) {
	t.Parallel()
	const concurrency, untilKnown = 4, 24
	initial, longest := 200*time.Millisecond, time.Second
	r := begin(t, "outage with a graceful restart and a kill -9 inside")
	target := startSequenced(t)
	s := newSetup(t, target)
	s.exporter = "    concurrency: 4\n    rate_limit: {enabled: false}"
	s.retry = "{initial_interval: 200ms, max_interval: 1s}"
	sender := newSender(overHTTP(s.port), 9)
	sender.pause = 30 * time.Millisecond
	stop := sender.start(t)
	defer stop()

	a := r.account(target)
	c := s.start(t)
	require.Eventually(t, func() bool { return target.stats(t).Accepted > 200 }, patience, tick)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	before := target.stats(t)
	outage := lasts(6*time.Second, 0.15)
	allowed := 0
	for i, end := range []func(){func() { a.end(t, c) }, func() { a.kill(t, c) }, nil} {
		began := time.Now()
		time.Sleep(outage / 3)
		if end != nil {
			end()
			c = s.start(t)
			r.restarts++
		}
		allowed += concurrency + untilKnown + 1 + steps(time.Since(began), initial, longest)
		t.Logf("after %d restarts %d calls in the outage, %d allowed", i, target.stats(t).Attempts-before.Attempts, allowed)
	}
	during := target.stats(t)
	assert.Equal(t, before.Accepted, during.Accepted, "nothing gets through")
	assert.LessOrEqual(t, during.Attempts-before.Attempts, allowed, "calls during the outage")
	assert.Greater(t, during.Attempts-before.Attempts, 3, "it is found out whether the outage is over")

	target.set(t, "faults", []map[string]any{})
	stop()
	a.close(t, c, sender.taken())
}

// steps returns how many retries a time can hold at most: each waits for half of
// its interval at least.
func steps(d, initial, longest time.Duration) int {
	const multiplier, least = 1.5, 0.5
	n := 0
	for interval := float64(initial); d > 0; n++ {
		d -= time.Duration(least * interval)
		interval = min(multiplier*interval, float64(longest))
	}
	return n
}
