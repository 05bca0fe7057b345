// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	// fewFailures in a row let one call at a time find out whether any gets through. One is
	// not enough: an update that fails alone must not hold up the others.
	fewFailures = 3
	// someFailures in a row are more than updates that fail on their own make, as a rule: who
	// fails after them is not blamed for it.
	someFailures = 8
	// manyFailures in a row are an outage: even where two thirds of all updates fail on their
	// own, so many follow each other once in ten thousand calls.
	manyFailures = 24
	// remembered is of how many calls the results are kept.
	remembered = 32
	// reminder is how often it is said that an outage lasts.
	reminder = 5 * time.Minute
	// lately is for how long a call that got through tells of the others.
	lately = 10 * time.Minute
	// silence is for how long nothing gets through where there are few calls to tell an outage by.
	silence = 30 * time.Second
)

// health knows whether calls get through, from the answers to calls: only that an entry fails
// again which has failed alone says nothing of the others. It says so when that changes.
type health struct {
	retry    configretry.BackOffConfig
	host     string
	logger   *zap.Logger
	troubles *troubles
	trouble  trouble
	good     *goodTime
	failed   atomic.Int64 // calls in a row

	mu      sync.Mutex
	recent  uint32 // a bit a call, set when it got through, the last one lowest
	through time.Time
	since   time.Time // the first call of those that failed in a row
	probe   time.Time // no call leaves before
	outage  outage
}

func newHealth(retry configretry.BackOffConfig, host string, logger *zap.Logger, t *troubles, g *goodTime) *health {
	return &health{retry: retry, host: host, logger: logger, troubles: t, trouble: callsFail, good: g}
}

// careful reports whether one call at a time is to find out whether any gets through.
func (h *health) careful() bool { return h.failed.Load() >= fewFailures }

// pause returns for how long no call is to leave.
func (h *health) pause(now time.Time) time.Duration {
	if !h.careful() {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.probe.Sub(now)
}

// probeNow lets the next call leave at once.
func (h *health) probeNow() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probe = time.Time{}
}

// othersGetThrough reports whether a call that fails now fails alone.
func (h *health) othersGetThrough(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed.Load() < someFailures && !h.through.IsZero() && now.Sub(h.through) <= lately
}

// down reports whether it was said that nothing gets through.
func (h *health) down() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.outage.said.IsZero()
}

// vouched reports whether the last call that got an answer got through.
func (h *health) vouched(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed.Load() == 0 && !h.through.IsZero() && now.Sub(h.through) <= lately
}

// through reports whether an answer says that calls get through.
func through(a route.Answer) bool { return a.Verdict == route.Delivered || a.Verdict == route.NotSent }

// note takes an answer into account that tells of all calls.
func (h *health) note(a route.Answer, now time.Time) {
	if a.Reason == route.ReasonCanceled {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.recent <<= 1
	if through(a) {
		h.recent |= 1
		h.good.pass(now, bits.OnesCount32(h.recent) > remembered/2)
		h.getsThrough(now)
		return
	}
	failed := h.failed.Add(1)
	if failed == 1 {
		h.since = now
	}
	// A set-up that has never worked is wrong from the first call on; one that has may refuse
	// some updates for what is in them.
	fault := a.Verdict != route.NotNow
	never := a.Verdict == route.SetupFault && h.through.IsZero()
	few := int64(fewFailures)
	if a.Verdict == route.Rejected && now.Sub(h.through) <= lately {
		few = someFailures // so many may be wrong one after another
	}
	silent := failed >= few && now.Sub(h.since) >= silence
	if never || silent || failed >= manyFailures {
		h.begin(fault, a, now)
	}
	if failed >= manyFailures && !now.Before(h.probe) { // those that left together are one probe
		h.outage.probes++
		h.probe = now.Add(pauseAfter(h.retry.InitialInterval, h.retry.Multiplier, h.retry.MaxInterval,
			h.retry.RandomizationFactor, h.outage.probes))
	}
}

// retried takes the answer to an entry into account that has failed alone before.
func (h *health) retried(a route.Answer, now time.Time) {
	if through(a) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.good.pass(now, false)
		h.getsThrough(now)
	}
}

func (h *health) getsThrough(now time.Time) {
	h.through, h.probe = now, time.Time{}
	h.failed.Store(0)
	h.over(now)
}

// goodTime is a clock of the time in which most calls got through, by whichever way: it is the same
// for an entry that failed alone by one and then by the other.
type goodTime struct {
	passed atomic.Int64

	mu   sync.Mutex
	last time.Time // a call got through
}

// clock returns how much of that time has passed.
func (g *goodTime) clock() time.Duration { return time.Duration(g.passed.Load()) }

// pass lets the time pass until a call that got through. It counts when most of those before did.
func (g *goodTime) pass(now time.Time, counts bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if counts && !g.last.IsZero() {
		g.passed.Add(int64(min(now.Sub(g.last), lately)))
	}
	g.last = now
}
