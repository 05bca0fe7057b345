// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestAfterAnyNumberOfCrashesNothingIsLostAndNothingIsOutOfOrder kills the
// distribution again and again while records come in and Target fails now and
// then. Every value that the collector took has to arrive, and no visitor may ever
// see an older value after a newer one.
func TestAfterAnyNumberOfCrashesNothingIsLostAndNothingIsOutOfOrder(t *testing.T) {
	t.Parallel()
	r := begin(t, "kill -9 at random points under load")
	target := startSequenced(t, "--latency", "2ms", "--jitter", "5ms")
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 503, "probability": 0.03},
		{"kind": "reset", "probability": 0.01, "applied": true},
	})
	s := newSetup(t, target)
	s.exporter = "    concurrency: 4\n    rate_limit: {enabled: false}"
	sender := newSender(overHTTP(s.port), 1)
	sender.pause = 10 * time.Millisecond // or the backlog takes longer than the crashes
	c := r.crash(t, s, target, sender, crashes{seed: 3, least: 20, lasts: lasts(0, 0.15), spread: 400})
	t.Logf("%d values sent again, %d records of the last run recovered", target.stats(t).Repeats, c.finals(t).recovered)
}

// TestOrderHoldsThroughFailuresSplitsAndRestarts hunts for a value that follows a
// newer one. Every record carries a rising number in several parameters, some in
// values so large that an update takes several calls, and the emulator checks each
// visitor's history while calls run in parallel, fail at random, and the collector
// is ended and killed.
func TestOrderHoldsThroughFailuresSplitsAndRestarts(t *testing.T) {
	t.Parallel()
	r := begin(t, "reordering hunt: merges, splits, partial failures, restarts")
	target := startSequenced(t, "--latency", "1ms", "--jitter", "10ms")
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 503, "probability": 0.05},
		{"kind": "reset", "probability": 0.03, "applied": true},
		{"kind": "reset", "probability": 0.02},
		{"kind": "truncate", "probability": 0.02, "applied": true},
	})
	s := newSetup(t, target)
	s.exporter = "    concurrency: 8\n    rate_limit: {enabled: false}"
	sender := newSender(overHTTP(s.port), 5)
	sender.visitors, sender.large, sender.pause = 60, 0.01, 5*time.Millisecond
	r.crash(t, s, target, sender, crashes{
		seed: 7, least: 8, lasts: lasts(0, 0.2), calls: 200, spread: 400, gracefulEvery: 2,
	})

	stats := target.stats(t)
	assert.Positive(t, stats.FaultedApplied, "calls that failed although they were applied")
	assert.Greater(t, stats.AppliedParameters, stats.Applied, "several parameters a call")
}

// crashes are how often and when the collector of a scenario is ended under load.
type crashes struct {
	seed          uint64
	least         int
	lasts         time.Duration
	calls, spread int           // calls before the next one
	later         time.Duration // after those, at most
	gracefulEvery int           // one of so many is a shutdown, 0 for none; the others are kill -9
}

// crash ends the collector again and again while a sender sends, and accounts for all it took.
// It returns the last collector, which has ended too.
func (r *row) crash(t *testing.T, s setup, target *adobe, sender *sender, plan crashes) *collector {
	t.Helper()
	stop := sender.start(t)
	defer stop()
	a := r.account(target)
	random := rand.New(rand.NewPCG(plan.seed, 8))
	for end := time.Now().Add(plan.lasts); r.restarts < plan.least || time.Now().Before(end); r.restarts++ {
		c := s.start(t)
		enough := target.stats(t).Accepted + plan.calls + random.IntN(plan.spread)
		target.accepts(t, enough, sender)
		time.Sleep(time.Duration(float64(plan.later) * random.Float64()))
		if plan.gracefulEvery > 0 && r.restarts%plan.gracefulEvery == 0 {
			a.end(t, c)
		} else {
			a.kill(t, c)
		}
	}
	c := s.start(t)
	stop()
	target.set(t, "faults", []map[string]any{})
	a.close(t, c, sender.taken())
	return c
}
