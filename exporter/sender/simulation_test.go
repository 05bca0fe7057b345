// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"flag"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	pace        = 50
	mergeWindow = 5 * time.Second
)

// simulation is traffic of visitors who come once each, with the default settings, and a
// Target at which some of their calls fail. Visitors are numbered as they come.
type simulation struct {
	perSecond int
	lasts     time.Duration // of the traffic
	settles   time.Duration // goes on without traffic
	giveUp    time.Duration
	failure   route.Answer
	slow      time.Duration // how long a call takes to fail
	// fails says whether the call of a visitor fails after a time.
	fails func(visitor int, after time.Duration) bool
	// everyMinute is called while it goes on.
	everyMinute func(after time.Duration, sim *simulated)
	change      func(*setup)
}

// simulated is what is seen at Target.
type simulated struct {
	*fixture
	mu        sync.Mutex
	start     time.Time
	came      []time.Duration // by visitor
	delivered []time.Duration // by visitor, 0 for never
	calls     []int           // by visitor
	bySecond  map[int]int     // calls
	again     map[int]int     // by second, calls that failed of visitors whose call had failed before
}

// hours has the simulations take hours instead of minutes, by their own clock.
var hours = flag.Bool("hours", false, "simulate hours instead of minutes")

// scaled returns a time, several of it when hours are asked for.
func scaled(d time.Duration) time.Duration {
	if *hours {
		return 6 * d
	}
	return d
}

// drawn says whether a visitor is among a share of all, always the same for the same draw.
func drawn(visitor, draw int, share float64) bool {
	return rand.New(rand.NewPCG(uint64(visitor), uint64(draw))).Float64() < share //nolint:gosec // never negative
}

func (s *simulation) run(t *testing.T) *simulated {
	t.Helper()
	sim := &simulated{start: time.Now(), bySecond: make(map[int]int), again: make(map[int]int)}
	failure := s.failure
	if failure.Reason == "" {
		failure = down
	}
	answer := func(c call) route.Answer {
		after := c.at.Sub(sim.start)
		visitor, err := strconv.Atoi(c.visitor)
		require.NoError(t, err)
		fails := s.fails(visitor, after)
		if fails && s.slow > 0 {
			time.Sleep(s.slow)
		}
		sim.mu.Lock()
		defer sim.mu.Unlock()
		sim.calls[visitor]++
		sim.bySecond[int(after/time.Second)]++
		if fails {
			if sim.calls[visitor] > 1 {
				sim.again[int(after/time.Second)]++
			}
			return failure
		}
		sim.delivered[visitor] = time.Since(sim.start)
		return taken
	}
	sim.fixture = started(t, func(set *setup) {
		set.route.latency = 50 * time.Millisecond
		set.route.forgets = true
		set.route.answer = answer
		set.quota.RateLimit = &quota.RateLimitConfig{CallsPerSecond: pace, Burst: pace}
		set.GiveUpAfter = s.giveUp
		if s.change != nil {
			s.change(set)
		}
	})
	defer sim.Stop()
	for second := range int((s.lasts + s.settles) / time.Second) {
		if time.Duration(second)*time.Second < s.lasts {
			sim.come(t, s.perSecond)
		}
		time.Sleep(time.Until(sim.start.Add(time.Duration(second+1) * time.Second)))
		if second%60 == 59 && s.everyMinute != nil {
			s.everyMinute(time.Since(sim.start), sim)
		}
	}
	return sim
}

// arriveInTime checks that all updates of some visitors arrived within the window and a minute.
func (s *simulated) arriveInTime(t *testing.T, of func(visitor int) bool) {
	t.Helper()
	most, missing := s.latest(of)
	assert.Zero(t, missing, "never arrived")
	assert.LessOrEqual(t, most, mergeWindow+time.Minute)
	t.Log("the latest update of the healthy took", most)
}

// come lets some visitors come.
func (s *simulated) come(t *testing.T, visitors int) {
	t.Helper()
	records := make([]record, visitors)
	s.mu.Lock()
	for i := range records {
		records[i] = tier(strconv.Itoa(len(s.came)), "gold")
		s.came = append(s.came, time.Since(s.start))
		s.delivered = append(s.delivered, 0)
		s.calls = append(s.calls, 0)
	}
	s.mu.Unlock()
	s.push(t, records...)
}

// latest returns how long the update of any of the visitors took at most, and how many of them
// never arrived.
func (s *simulated) latest(of func(visitor int) bool) (most time.Duration, missing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for visitor, at := range s.delivered {
		switch {
		case !of(visitor):
		case at == 0:
			missing++
		default:
			most = max(most, at-s.came[visitor])
		}
	}
	return most, missing
}

// repeats returns the share of all calls in a time that failed for a visitor again.
func (s *simulated) repeats(from, to time.Duration) float64 {
	return float64(s.between(s.again, from, to)) / float64(s.between(s.bySecond, from, to))
}

// fastest returns the most calls in any second.
func (s *simulated) fastest() (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, calls := range s.bySecond {
		most = max(most, calls)
	}
	return most
}

// between returns how many calls of those were made in a time.
func (s *simulated) between(of map[int]int, from, to time.Duration) (calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for second, n := range of {
		if at := time.Duration(second) * time.Second; at >= from && at < to {
			calls += n
		}
	}
	return calls
}

// count returns how many visitors are so that came before a time.
func (s *simulated) count(before time.Duration, are func(visitor int) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for visitor, at := range s.came {
		if at < before && are(visitor) {
			n++
		}
	}
	return n
}
