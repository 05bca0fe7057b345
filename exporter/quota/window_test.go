// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const day = 24 * time.Hour

func TestCallIsCountedForTheWindowAndAtMostOnePartMore(t *testing.T) {
	tests := map[string]struct{ over, free time.Duration }{
		"over at the begin of a part": {0, day + time.Minute},
		"over at the end of a part":   {time.Minute - 1, day + time.Minute},
		"over within a later part":    {3*time.Hour + 30*time.Second, 27*time.Hour + time.Minute},
		"over after days of rest":     {9*day + time.Second, 10*day + time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWindow(WindowConfig{Calls: 1, Window: day})
			require.True(t, w.reserve(tt.over))
			w.complete(tt.over, 1)
			assert.Equal(t, tt.free-tt.over, w.untilFree(tt.over))
			assert.False(t, w.reserve(tt.free-1))
			assert.True(t, w.reserve(tt.free))
		})
	}
}

func TestCallIsCountedFromWhenItIsOver(t *testing.T) {
	w := newWindow(WindowConfig{Calls: 1, Window: time.Hour})
	require.True(t, w.reserve(0))
	assert.False(t, w.reserve(5*time.Hour), "in flight for longer than the window")
	w.complete(5*time.Hour, 1)
	assert.False(t, w.reserve(6*time.Hour))
	assert.True(t, w.reserve(6*time.Hour+w.width))
}

func TestCallThatDoesNotLeaveIsNotCounted(t *testing.T) {
	w := newWindow(WindowConfig{Calls: 1, Window: time.Hour})
	require.True(t, w.reserve(0))
	w.giveBack()
	assert.True(t, w.reserve(0))
}

func TestTimeThatGoesBackFreesNothing(t *testing.T) {
	w := newWindow(WindowConfig{Calls: 1, Window: time.Hour})
	require.True(t, w.reserve(2*time.Hour))
	w.complete(30*time.Minute, 1) // read before somebody else had come to two hours
	assert.False(t, w.reserve(0))
	assert.False(t, w.reserve(3*time.Hour))
	assert.True(t, w.reserve(3*time.Hour+w.width))
}

func TestPartsAreNeverShorterThanTheWindow(t *testing.T) {
	for _, length := range []time.Duration{MinWindow, MinWindow + 1, day, day - 1, 1000*time.Hour + 7, MaxWindow} {
		w := newWindow(WindowConfig{Calls: 1, Window: length})
		assert.GreaterOrEqual(t, w.width*buckets, length)
		assert.Less(t, w.width*buckets, length+buckets)
	}
}

// fill makes calls at random times up to the end and returns when they were over.
func fill(w *window, random *rand.Rand, calls int, end time.Duration) []time.Duration {
	var over []time.Duration
	step := 2 * int64(end) / int64(calls)
	for at := time.Duration(0); at <= end; at += time.Duration(random.Int64N(step)) {
		if w.reserve(at) {
			w.complete(at, 1)
			over = append(over, at)
		}
	}
	return over
}

func TestOtherLimitsKeepTheCounts(t *testing.T) {
	lengths := map[string]time.Duration{
		"of a shorter window": time.Hour, "of the same window": day, "of a window a little longer": day + 7, "of a longer window": 10 * day,
	}
	for name, length := range lengths {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(50) {
				random := rand.New(rand.NewPCG(seed, 2))
				w := newWindow(WindowConfig{Calls: 100, Window: day})
				at := time.Duration(random.Int64N(int64(3 * day)))
				over := fill(w, random, 400, at)
				require.True(t, w.reserve(at) || w.used == 100)
				flying := w.inFlight

				next := w.rebuilt(WindowConfig{Calls: 150, Window: length}, at)
				assert.Equal(t, flying, next.inFlight)
				assert.Equal(t, 150, next.limit)
				for elapsed := time.Duration(0); elapsed < length+time.Hour; elapsed += length / 50 {
					next.advance(at + elapsed)
					least, most := counts(over, at, elapsed, w, next)
					assert.GreaterOrEqual(t, next.used, least, "calls are forgotten early")
					assert.LessOrEqual(t, next.used, most, "calls are forgotten late")
				}
			}
		})
	}
}

// counts returns how many of the calls that the former window still had at that
// time the next one has to count so much later, and how many it may.
func counts(over []time.Duration, at, elapsed time.Duration, former, next *window) (least, most int) {
	for _, c := range over {
		if c/former.width+buckets < at/former.width {
			continue
		}
		age := at + elapsed - c
		if age <= next.width*buckets {
			least++
		}
		if age < former.width+next.width*(buckets+1) {
			most++
		}
	}
	return least, most
}

func TestCallsAreInsertedInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		inOrder, inAny := newWindow(WindowConfig{Calls: 1, Window: day}), newWindow(WindowConfig{Calls: 1, Window: day})
		at := make([]time.Duration, 20)
		for i := range at {
			at[i] = time.Duration(random.Int64N(int64(30 * time.Hour)))
			if i > 0 && i%4 == 0 { // near the end of what the window holds
				at[i] = max(0, at[0]+time.Duration(random.IntN(7)-3)*inAny.width-buckets*inAny.width)
			}
			inAny.insert(at[i], 1)
		}
		slices.Sort(at)
		for _, a := range at {
			inOrder.insert(a, 1)
		}
		assert.Equal(t, inOrder.history(slices.Max(at)), inAny.history(slices.Max(at)))
	}
}

func TestAnotherLimitMakesNoCallCountLonger(t *testing.T) {
	cfg := WindowConfig{Calls: 100, Window: day}
	w := newWindow(cfg)
	fill(w, rand.New(rand.NewPCG(1, 2)), 400, 3*day)
	next := w
	for range 100 {
		next = next.rebuilt(cfg, 3*day)
	}
	assert.Equal(t, w.history(3*day), next.history(3*day))
}

func TestLowerLimitHoldsAtOnce(t *testing.T) {
	w := newWindow(WindowConfig{Calls: 10, Window: time.Hour})
	for range 10 {
		require.True(t, w.reserve(0))
		w.complete(0, 1)
	}
	w = w.rebuilt(WindowConfig{Calls: 3, Window: time.Hour}, time.Minute)
	assert.False(t, w.reserve(time.Minute))
	assert.Positive(t, w.untilFree(time.Minute))
	assert.True(t, w.reserve(2*time.Hour))
}
