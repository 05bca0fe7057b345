// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// naiveWindow keeps every attempt for ever and counts them all each time.
type naiveWindow struct {
	attempts []time.Time
	highest  int
}

func (n *naiveWindow) arrive(at time.Time, window time.Duration) int {
	n.attempts = append(n.attempts, at)
	inWindow := 0
	for _, t := range n.attempts {
		if t.After(at.Add(-window)) {
			inWindow++
		}
	}
	n.highest = max(n.highest, inWindow)
	return inWindow
}

func TestTheQuotaIsThatOfANaiveModel(t *testing.T) {
	for _, test := range []struct {
		name     string
		quota    int
		window   time.Duration
		step     time.Duration
		attempts int
	}{
		{"a quota of one", 1, time.Minute, 40 * time.Second, 300},
		{"a crowded window", 10, time.Minute, 4 * time.Second, 3000},
		{"a window much longer than its attempts are apart", 950, 24 * time.Hour, time.Minute, 6000},
		{"a window shorter than a step", 3, time.Millisecond, time.Second, 300},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClock()
			e := newEmulator(t, Settings{Now: c.now, Quota: Quota{Calls: test.quota, Window: test.window}})
			// The same steps in every run.
			random := rand.New(rand.NewPCG(1, 2))
			models := map[string]*naiveWindow{"acme": {}, "umbrella": {}}
			over := 0
			for range test.attempts {
				// Whole steps meet the window's edge exactly; some attempts share an instant.
				c.advance(test.step / 4 * time.Duration(random.IntN(9)))
				client := []string{"acme", "acme", "umbrella"}[random.IntN(3)]
				inWindow := models[client].arrive(c.now(), test.window)

				r := newRequest(t, http.MethodPost, "http://x/m2/"+client+"/profile/update", "", goldUpdate)
				status, _ := serve(t, e, r)

				expected := http.StatusOK
				if inWindow > test.quota {
					expected = http.StatusTooManyRequests
					over++
				}
				require.Equal(t, expected, status)
			}
			stats := e.Stats()
			assert.Equal(t, over, stats.OverQuota)
			assert.Equal(t, test.attempts-over, stats.Accepted)
			assert.Equal(t, max(models["acme"].highest, models["umbrella"].highest), stats.MaxInWindow)
			assert.Positive(t, stats.Accepted)
			if test.step < test.window {
				assert.Positive(t, over, "the model reached the quota")
			}
		})
	}
}

func TestTheWindowIsOpenAtItsOlderEnd(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, Quota: Quota{Calls: 1, Window: time.Hour}})
	for _, step := range []struct {
		name   string
		after  time.Duration
		status int
	}{
		{"the first attempt passes", 0, 200},
		{"a nanosecond short of the window is one too many, and counts", time.Hour - 1, 429},
		{"the window after the first still holds the second", 1, 429},
		{"a window after the latest attempt the next passes", time.Hour, 200},
	} {
		c.advance(step.after)
		status, _ := serve(t, e, postForm(t, goldUpdate))
		assert.Equal(t, step.status, status, step.name)
	}
	assert.Equal(t, 2, e.Stats().MaxInWindow)
}

func TestEveryAttemptCountsWhateverBecomesOfIt(t *testing.T) {
	e := newEmulator(t, Settings{Token: "secret", Quota: Quota{Calls: 5}, Faults: []Fault{{Kind: FaultStatus, Status: 503, Count: 1}}})
	authorized := func(body string) *http.Request {
		r := postForm(t, body)
		r.Header.Set("Authorization", "Bearer secret")
		return r
	}
	put := authorized(goldUpdate)
	put.Method = http.MethodPut
	for _, attempt := range []struct {
		r      *http.Request
		status int
	}{
		{authorized(goldUpdate), 503},
		{postForm(t, goldUpdate), 403},
		{authorized("mboxPC=1"), 200},
		{authorized("a;b"), 400},
		{put, 405},
		{authorized(goldUpdate), 429},
		{postForm(t, goldUpdate), 403},
	} {
		status, _ := serve(t, e, attempt.r)
		assert.Equal(t, attempt.status, status)
	}
	stats := e.Stats()
	assert.Equal(t, 7, stats.MaxInWindow)
	assert.Equal(t, 7, stats.Attempts)
	assertEachAttemptIsCountedOnce(t, stats)
}

func assertEachAttemptIsCountedOnce(t *testing.T, s Stats) {
	t.Helper()
	ends := s.Accepted + s.Refused + s.Unauthorized + s.OverQuota + s.Faulted
	for _, n := range s.Malformed {
		ends += n
	}
	assert.Equal(t, s.Attempts, ends)
}

func TestRetryAfterPastTheQuota(t *testing.T) {
	for name, test := range map[string]struct {
		after    time.Duration
		expected string
	}{
		"none is sent when none is set":  {0, ""},
		"whole seconds":                  {time.Minute, "60"},
		"parts of a second are a second": {1500 * time.Millisecond, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Quota: Quota{Calls: 1, RetryAfter: test.after}})
			serve(t, e, postForm(t, goldUpdate))
			recorded := httptest.NewRecorder()
			e.ServeHTTP(recorded, postForm(t, goldUpdate))
			assert.Equal(t, http.StatusTooManyRequests, recorded.Code)
			assert.Equal(t, test.expected, recorded.Header().Get("Retry-After"))
		})
	}
}

func TestTheQuotaCanBeChanged(t *testing.T) {
	e := newEmulator(t, Settings{})
	for range 3 {
		serve(t, e, postForm(t, goldUpdate))
	}
	require.NoError(t, e.SetQuota(Quota{Calls: 3}))
	status, _ := serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, http.StatusTooManyRequests, status, "attempts before the quota count in the same window")
	require.NoError(t, e.SetQuota(Quota{Calls: 3, Window: time.Hour}))
	status, _ = serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, http.StatusOK, status, "another window counts anew")
	assert.Equal(t, 1, e.Stats().MaxInWindow)
	assert.Error(t, e.SetQuota(Quota{Calls: -1}))
}

func TestAClockThatStepsBackFreesNothing(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, Quota: Quota{Calls: 1, Window: time.Minute}})
	serve(t, e, postForm(t, goldUpdate))
	c.advance(-time.Hour)
	status, _ := serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, http.StatusTooManyRequests, status)
}

func TestEveryCountOfTheWindowIsExactWhileItForgets(t *testing.T) {
	const span = 700
	var w slidingWindow
	var all []time.Duration
	random := rand.New(rand.NewPCG(3, 4))
	now := time.Duration(0)
	for range 10_000 {
		now += time.Duration(random.IntN(3))
		all = append(all, now)
		inWindow := 0
		for i := len(all) - 1; i >= 0 && all[i] > now-span; i-- {
			inWindow++
		}
		require.Equal(t, inWindow, w.add(now, span))
	}
	assert.Less(t, len(w.times), len(all)/2, "it has forgotten")
}

func TestAttemptsOutsideTheWindowCostNoMemory(t *testing.T) {
	var w slidingWindow
	for i := range 1_000_000 {
		w.add(time.Duration(i), 100)
	}
	assert.Less(t, cap(w.times), 10_000)
}

func TestConcurrentAttemptsAreCountedExactly(t *testing.T) {
	const callers, calls, quota = 8, 200, 700
	e := newEmulator(t, Settings{Quota: Quota{Calls: quota}})
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range calls {
				body := fmt.Sprintf("mboxPC=%d&profile.seq=%d", caller*calls+i%50, i)
				e.ServeHTTP(httptest.NewRecorder(), formRequest(body))
			}
		})
	}
	wg.Wait()
	stats := e.Stats()
	assert.Equal(t, callers*calls, stats.Attempts)
	assert.Equal(t, callers*calls, stats.MaxInWindow)
	assert.Equal(t, quota, stats.Accepted)
	assert.Equal(t, callers*calls-quota, stats.OverQuota)
	assert.GreaterOrEqual(t, stats.MaxConcurrent, 1)
	assert.LessOrEqual(t, stats.MaxConcurrent, callers)
	assertEachAttemptIsCountedOnce(t, stats)
}

// formRequest is postForm for goroutines and benchmarks.
func formRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/m2/acme/profile/update", strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	return r
}
