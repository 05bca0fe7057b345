// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryKindOfFailureIsSurvived lets Target be slow, below and above the time
// of a call, reset connections, some after the update was applied, cut answers
// short, answer with a page of HTML, and ask for a pause in seconds and by date.
// One run goes through all of it, so that every record has exactly one outcome.
func TestEveryKindOfFailureIsSurvived(t *testing.T) {
	t.Parallel()
	r := begin(t, "slow answers, resets, cut and garbage answers, Retry-After")
	target := startSequenced(t)
	s := newSetup(t, target)
	s.exporter = "    concurrency: 8\n    rate_limit: {enabled: false}"
	sender := newSender(overHTTP(s.port), 31)
	sender.pause = 20 * time.Millisecond
	c := s.start(t)
	stop := sender.start(t)
	defer stop()
	phase := lasts(1500*time.Millisecond, 0.01)
	for _, faults := range [][]map[string]any{
		{{"kind": "reset", "probability": 0.2, "applied": true}, {"kind": "reset", "probability": 0.2}},
		{{"kind": "truncate", "probability": 0.2, "applied": true}, {"kind": "truncate", "probability": 0.2}},
		// An answer that is none of Target's says nothing of the update.
		{{"kind": "garbage", "applied": true, "count": 5}},
		{{"kind": "hang", "count": 2}},
	} {
		target.set(t, "faults", faults)
		time.Sleep(phase)
	}
	target.set(t, "faults", []map[string]any{})
	for _, latency := range []time.Duration{callTimeout / 10, callTimeout + callTimeout/4} {
		target.set(t, "latency", map[string]string{"fixed": latency.String()})
		time.Sleep(phase)
	}
	target.set(t, "latency", map[string]string{"fixed": "0s"})
	for _, date := range []bool{false, true} {
		target.assertPauses(t, date)
	}
	stop()
	r.account(target).close(t, c, sender.taken())
}

// assertPauses asks for three seconds without a call, and counts those that come.
func (a *adobe) assertPauses(t *testing.T, date bool) {
	t.Helper()
	before := a.stats(t).Faulted
	a.set(t, "faults", []map[string]any{{"kind": "status", "status": 429, "retry_after": "3s", "retry_after_date": date, "count": 1}})
	require.Eventually(t, func() bool { return a.stats(t).Faulted > before }, patience, tick)
	time.Sleep(500 * time.Millisecond) // for calls that were under way
	calls := a.stats(t).Attempts
	time.Sleep(1500 * time.Millisecond)
	assert.Equal(t, calls, a.stats(t).Attempts, "calls during the pause")
	require.Eventually(t, func() bool { return a.stats(t).Attempts > calls }, patience, tick)
}
