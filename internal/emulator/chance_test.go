// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryAnswerOfTheAPITakesTheLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Settings{Latency: Latency{Fixed: 200 * time.Millisecond}})
		for name, r := range map[string]*http.Request{
			"an update":           postForm(t, goldUpdate),
			"a malformed update":  postForm(t, "a"),
			"a profile fetch":     newRequest(t, http.MethodGet, "http://x/rest/v1/profiles/1", "client=acme", ""),
			"a fetch gone astray": newRequest(t, http.MethodGet, "http://x/rest/v1/profiles/", "", ""),
		} {
			start := time.Now()
			serve(t, e, r)
			assert.Equal(t, 200*time.Millisecond, time.Since(start), name)
		}
		start := time.Now()
		serve(t, e, newRequest(t, http.MethodGet, "http://x/_emulator/stats", "", ""))
		assert.Zero(t, time.Since(start), "the control answers at once")
	})
}

func TestJitterComesOnTopAndIsRepeatable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(seed uint64) []time.Duration {
			e := newEmulator(t, Settings{Seed: seed, Latency: Latency{Fixed: 100 * time.Millisecond, Jitter: 50 * time.Millisecond}})
			var took []time.Duration
			for range 100 {
				start := time.Now()
				serve(t, e, postForm(t, goldUpdate))
				took = append(took, time.Since(start))
			}
			return took
		}
		took := run(1)
		for _, d := range took {
			assert.GreaterOrEqual(t, d, 100*time.Millisecond)
			assert.Less(t, d, 150*time.Millisecond)
		}
		assert.Equal(t, took, run(1))
		assert.NotEqual(t, took, run(2))
	})
}

func TestACallerThatGoesAwayEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Settings{Latency: Latency{Fixed: time.Hour}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		r := postForm(t, goldUpdate).WithContext(ctx)
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { e.ServeHTTP(httptest.NewRecorder(), r) })
		assert.Equal(t, time.Second, time.Since(start))
		assert.Len(t, e.Profiles(), 1, "the update has taken effect before its answer")
	})
}

func TestClosingTheEmulatorEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Settings{})
		require.NoError(t, e.SetLatency(Latency{Fixed: time.Hour}))
		require.Error(t, e.SetLatency(Latency{Fixed: -1}))
		time.AfterFunc(time.Minute, e.Close)
		start := time.Now()
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve(t, e, postForm(t, goldUpdate)) })
		assert.Equal(t, time.Minute, time.Since(start))
	})
}
