// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAWaitEndsWhenWhatItWaitsForIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, looks := time.Now(), 0
		seen, err := Await(t.Context(), time.Second, func() (int, bool, error) {
			looks++
			return looks, looks == 4, nil
		})
		require.NoError(t, err)
		assert.Equal(t, 4, seen)
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestAWaitGivesUpWhenNothingChangesForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		seen, err := Await(t.Context(), time.Second, func() (int, bool, error) {
			return 7, false,
				nil
		})
		require.EqualError(t, err, "nothing has changed for 1m0s")
		assert.Equal(t, 7, seen)
		assert.InDelta(t, Patience, time.Since(began), float64(2*time.Second))
	})
}

func TestAWaitGoesOnWhileSomethingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := Await(t.Context(), time.Second, func() (time.Duration, bool, error) {
			took := time.Since(began)
			return took.Truncate(Patience / 2), took >= 10*Patience, nil
		})
		assert.NoError(t, err)
	})
}

func TestAWaitEndsWithTheContextAndWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		_, err := Await(t.Context(), time.Second, func() (int, bool, error) {
			return 0, false,
				broken
		})
		require.ErrorIs(t, err, broken)

		ctx, cancel := context.WithCancel(t.Context())
		_, err = Await(ctx, time.Second, func() (int, bool, error) {
			cancel()
			return 0, false, nil
		})
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestAnAnswerThatIsNoneIsAnErrorWithItsAddress(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := Get(t.Context(), server.URL+"/metrics")
	assert.EqualError(t, err, server.URL+`/metrics answers 404 Not Found: "404 page not found\n"`)
}
