// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAVisitorCountsOnceHoweverOftenSeen(t *testing.T) {
	s := newVisitorSet(130)
	for _, visitor := range []int{0, 63, 64, 129, 64, 0} {
		require.NoError(t, s.add(visitor))
	}
	assert.Equal(t, 4, s.count())
}

func TestVisitorsWhoAreNotExpectedAreErrors(t *testing.T) {
	s := newVisitorSet(130)
	require.EqualError(t, s.add(130), "there is no visitor 130, only 130 from 0 on")
	require.Error(t, s.add(-1))
	assert.Zero(t, s.count())
}

func TestSetsOfTwoRunsAreAddedUp(t *testing.T) {
	first, second := newVisitorSet(100), newVisitorSet(100)
	require.NoError(t, first.add(1))
	require.NoError(t, first.add(99))
	require.NoError(t, second.add(99))
	require.NoError(t, second.add(70))
	require.NoError(t, first.addBytes(second.bytes()))
	assert.Equal(t, 3, first.count())
	assert.EqualError(t, first.addBytes(make([]byte, 8)), "a set of visitors has 8 bytes where 100 visitors take 16")
}

func TestNoVisitorIsLostBetweenGoroutines(t *testing.T) {
	s := newVisitorSet(1_000)
	var adding sync.WaitGroup
	for first := range 8 {
		adding.Go(func() {
			for visitor := first; visitor < 1_000; visitor += 8 {
				assert.NoError(t, s.add(visitor))
			}
		})
	}
	adding.Wait()
	assert.Equal(t, 1_000, s.count())
}

func TestTheCountingServerNotesTheVisitorsOfCalls(t *testing.T) {
	s := &countingServer{visitors: newVisitorSet(10)}
	for _, visitor := range []int{3, 7, 3} {
		assert.Equal(t, http.StatusOK, statusFor(t, s, string(actionOf(visitor).form())))
	}
	assert.Equal(t, 2, s.visitors.count())
	assert.EqualValues(t, 3*len(actionOf(0).form()), s.stats().Bytes)

	assert.Equal(t, http.StatusBadRequest, statusFor(t, s, string(actionOf(10).form())))
	assert.Equal(t, http.StatusBadRequest, statusFor(t, s, "profile.a=b"))
	assert.Equal(t, http.StatusBadRequest, statusFor(t, s, "%"))
	assert.Equal(t, 2, s.visitors.count())
}

func statusFor(t *testing.T, handler http.Handler, body string) int {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost, updatePath, strings.NewReader(body)))
	return recorder.Code
}
