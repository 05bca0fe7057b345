// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFirstCallOfAVisitorIsTheArrival(t *testing.T) {
	a := NewArrivals(130)
	for at, visitor := range []int{0, 63, 129, 63, 0} {
		require.NoError(t, a.note(visitor, int64(at+1)))
	}
	assert.Equal(t, 3, a.Came())
	assert.Equal(t, time.Unix(0, 2), a.Of(63))
	assert.True(t, a.Of(1).IsZero())
}

func TestVisitorsWhoAreNotExpectedAreErrors(t *testing.T) {
	a := NewArrivals(130)
	require.EqualError(t, a.note(130, 1), "there is no visitor 130, only 130 from 0 on")
	require.Error(t, a.note(-1, 1))
	assert.Zero(t, a.Came())
}

func TestArrivalsOfTwoRunsAreAddedUp(t *testing.T) {
	first, second := NewArrivals(100), NewArrivals(100)
	require.NoError(t, first.note(1, 10))
	require.NoError(t, first.note(99, 11))
	require.NoError(t, second.note(99, 20))
	require.NoError(t, second.note(70, 21))
	came, err := first.add(second.bytes())
	require.NoError(t, err)
	assert.Equal(t, 2, came)
	assert.Equal(t, 3, first.Came())
	assert.Equal(t, time.Unix(0, 11), first.Of(99))
	assert.Equal(t, time.Unix(0, 21), first.Of(70))
	_, err = first.add(make([]byte, 8))
	assert.EqualError(t, err, "arrivals have 8 bytes where those of 100 visitors have 800")
}

func TestNoArrivalIsLostBetweenGoroutines(t *testing.T) {
	a := NewArrivals(1_000)
	var noting sync.WaitGroup
	for first := range 8 {
		noting.Go(func() {
			for visitor := first; visitor < 1_000; visitor += 8 {
				assert.NoError(t, a.note(visitor, 1))
			}
		})
	}
	noting.Wait()
	assert.Equal(t, 1_000, a.Came())
}
