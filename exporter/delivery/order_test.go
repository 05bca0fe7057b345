// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// TestWhatHadToWaitIsWrittenDownWhenItIsSentAfterAll has a visitor who is deferred, with a
// storage that can take no more, while something older of that visitor is displaced.
func TestWhatHadToWaitIsWrittenDownWhenItIsSentAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		first, counter := openRun(t, d)
		inFlight := stamped(counter, tier("a", "1"))
		earlier := stamped(counter, record{"a", map[string]string{"shop": "9"}})
		newer := stamped(counter, tier("a", "2"))
		end(t, first)

		d = d.rebooted()
		second, _ := openRun(t, d, inFlight)
		second.target.fail("a")
		require.NoError(t, second.Consume(t.Context(), batch(earlier)))
		require.Equal(t, 1, second.Deferred.Records())
		d.fill(true)
		b := batch(newer)
		require.Error(t, second.Consume(t.Context(), b)) // it can not be deferred
		d.fill(false)
		second.target.fail()
		time.Sleep(time.Minute)
		require.Zero(t, second.Deferred.Records())
		require.NoError(t, second.Consume(t.Context(), b))
		require.Equal(t, "2", second.target.attributes("a")["tier"])
		end(t, second) // the queue has let go of it; what was in flight has not come yet

		third, _ := openRun(t, d.rebooted())
		third.target.profile = second.target.profile
		require.NoError(t, third.Consume(t.Context(), batch(inFlight)))
		assert.Equal(t, "2", third.target.attributes("a")["tier"])
		end(t, third)
	})
}

func TestWhatABatchMergedStaysKnownWhenARetryCanNotBegin(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	first.held.consumers = 1
	first.Concurrency = 1
	first.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "a" {
			return delivered
		}
		return throttled
	}
	one, two := r.request(tier("a", "1"), tier("c", "1")), r.request(tier("a", "2"), tier("c", "2"))
	ld := batch(one, two)
	err := first.Consume(t.Context(), ld)
	require.Error(t, err)
	require.Equal(t, "2", first.target.profile["a"]["tier"])
	ld = heldOf(ld, err)
	first.Ready = func(context.Context) error { return errors.New("once") }
	require.Error(t, first.Consume(t.Context(), ld))
	first.Ready = nil
	require.Error(t, first.Consume(t.Context(), ld))

	second := r.after(t, first, one, two)
	require.NoError(t, second.Consume(t.Context(), batch(one)))
	assert.Equal(t, "2", second.target.profile["a"]["tier"])
}

func TestWhatABatchMergedIsKnownThoughItsItemsWereNotMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		first, counter := openRun(t, d)
		one, two := stamped(counter, tier("a", "1"), tier("b", "1")), stamped(counter, tier("a", "2"))
		require.NoError(t, first.Consume(t.Context(), batch(one, two)))
		end(t, first)
		// both were handed out without a note, so they come where they stood and nothing is moved
		second, _ := openRun(t, d.rebooted())
		second.target.profile = first.target.profile
		require.NoError(t, second.Consume(t.Context(), batch(one)))
		assert.Equal(t, "2", second.target.attributes("a")["tier"])
		end(t, second)
	})
}
