// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// times returns the seconds waited by cause, without those of nothing.
func (w *Waits) times() map[string]time.Duration {
	got := make(map[string]time.Duration)
	for _, c := range Causes() {
		if d := w.Time(c); d > 0 {
			got[c.String()] = d.Round(time.Millisecond)
		}
	}
	return got
}

func TestTheTimeThatCallsWaitIsNotedByCause(t *testing.T) {
	part := time.Hour / buckets
	for name, tt := range map[string]struct {
		limits Limits
		calls  int
		pause  time.Duration
		want   map[string]time.Duration
	}{
		"nothing":            {unpaced(10, time.Hour), 10, 0, map[string]time.Duration{}},
		"within the burst":   {paced(1, 3), 3, 0, map[string]time.Duration{}},
		"the pace":           {paced(1, 3), 5, 0, map[string]time.Duration{"pace": 2 * time.Second}},
		"the quota":          {unpaced(2, time.Hour), 3, 0, map[string]time.Duration{"quota": time.Hour + part}},
		"a pause":            {unpaced(2, time.Hour), 1, time.Minute, map[string]time.Duration{"pause": time.Minute}},
		"a pause, the quota": {unpaced(2, time.Hour), 3, time.Minute, map[string]time.Duration{"pause": time.Minute, "quota": time.Hour + part - time.Minute%part}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var waits Waits
				a := NewAccount(tt.limits)
				a.Pause(tt.pause)
				for range tt.calls {
					require.NoError(t, a.Wait(t.Context(), &waits))
					a.Done(time.Now())
				}
				time.Sleep(time.Hour)
				assert.Equal(t, tt.want, waits.times(), "and nothing is added when nobody waits")
			})
		})
	}
}

func TestAPauseThatBeginsWhileACallWaitsForThePaceIsNotedAsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits Waits
		a := NewAccount(paced(1, 1))
		require.NoError(t, a.Wait(t.Context(), &waits))
		a.Done(time.Now())
		time.AfterFunc(time.Second/2, func() { a.Pause(time.Minute) })
		require.NoError(t, a.Wait(t.Context(), &waits))
		assert.Equal(t, map[string]time.Duration{"pace": time.Second, "pause": 59500 * time.Millisecond}, waits.times())
	})
}

func TestTimeGoesOnWhileACallStillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits Waits
		a := NewAccount(unpaced(1, 24*time.Hour))
		require.NoError(t, a.Wait(t.Context(), &waits))
		a.Done(time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Wait(ctx, &waits) }()
		for range 5 {
			before := waits.Time(Window)
			time.Sleep(time.Hour)
			synctest.Wait()
			assert.Equal(t, time.Hour, waits.Time(Window)-before)
		}
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]time.Duration{"quota": 5 * time.Hour}, waits.times(), "and ends with its caller")
	})
}

func TestCallsThatWaitTogetherAreNotedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy, late, idle Waits
		a := NewAccount(unpaced(1000, time.Hour))
		a.Pause(time.Minute)
		done := make(chan error)
		for range 64 {
			go func() { done <- a.Wait(t.Context(), &busy) }()
		}
		time.Sleep(40 * time.Second)
		go func() { done <- a.Wait(t.Context(), &late) }()
		for range 65 {
			require.NoError(t, <-done)
		}
		assert.Equal(t, map[string]time.Duration{"pause": time.Minute}, busy.times())
		assert.Equal(t, map[string]time.Duration{"pause": 20 * time.Second}, late.times(), "each exporter has its own")
		assert.Empty(t, idle.times())
	})
}

func TestNextFreeTellsWhenTheNextCallMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		a := open(t, &r, acme, unpaced(4, time.Hour))
		part := time.Hour / buckets
		for range 4 {
			assert.Zero(t, a.NextFree())
			require.NoError(t, a.Wait(t.Context(), new(Waits)))
			a.Done(time.Now())
			time.Sleep(10 * part)
		}
		assert.Equal(t, time.Hour-39*part, a.NextFree())
		time.Sleep(part)
		assert.Equal(t, time.Hour-40*part, a.NextFree())
		a.Pause(24 * time.Hour)
		assert.Equal(t, time.Hour-40*part, a.NextFree(), "a pause is not the quota's")

		// With a lower limit one call less does not do.
		r.Close(acme)
		a = open(t, &r, acme, unpaced(2, time.Hour))
		next := a.NextFree()
		assert.InDelta(t, time.Hour-20*part, next, float64(2*part), "two more have to be forgotten")
		time.Sleep(next - 1)
		assert.Equal(t, time.Duration(1), a.NextFree())
		time.Sleep(time.Nanosecond)
		assert.Zero(t, a.NextFree())
	})
}
