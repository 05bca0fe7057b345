// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answering returns a target whose questions this process answers, as the role does.
func answering(t *testing.T, s *countingServer) *target {
	t.Helper()
	listener, err := listen(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = s.answerQuestions(listener) }()
	return &target{process: &process{name: "server"}, addresses: addresses{Stats: "http://" + listener.Addr().String()}}
}

func TestCallsAreWaitedForUntilAllHaveCome(t *testing.T) {
	s := new(countingServer)
	server, client := answering(t, s), says(t, "exec sleep 60")
	go func() {
		for range 3 {
			time.Sleep(2 * pollInterval)
			s.calls.Add(1)
		}
	}()
	stats, err := server.until(t.Context(), client, 3)
	require.NoError(t, err)
	assert.EqualValues(t, 3, stats.Calls)
}

func TestAClientThatEndsTooSoonIsAnErrorWithItsCallsAndItsLog(t *testing.T) {
	s := new(countingServer)
	s.calls.Store(2)
	client := says(t, "echo no more memory >&2; exit 1")
	<-client.ended
	_, err := answering(t, s).until(t.Context(), client, 3)
	require.EqualError(t, err, "after 2 calls of role: role has ended with exit status 1; the end of its log:\nno more memory\n")

	_, err = answering(t, s).until(t.Context(), client, 2)
	assert.NoError(t, err, "it has done all that was wanted")
}

func TestAProgramThatEndsByItselfIsWatchedToItsLastCall(t *testing.T) {
	s := new(countingServer)
	client := says(t, "exec sleep 0.3")
	go func() {
		time.Sleep(100 * time.Millisecond)
		s.calls.Store(7)
	}()
	stats, held, err := answering(t, s).lifeOf(t.Context(), client)
	require.NoError(t, err)
	assert.EqualValues(t, 7, stats.Calls)
	require.Error(t, client.running())
	assert.Positive(t, held.Peak)
}

func TestAProgramThatEndsUnseenIsAnError(t *testing.T) {
	client := says(t, "exit 0")
	<-client.ended
	_, _, err := answering(t, new(countingServer)).lifeOf(t.Context(), client)
	assert.EqualError(t, err, "role ended before its memory could be read")
}

func TestTheVisitorsOfAServerAreAddedToThoseOfTheRunBefore(t *testing.T) {
	s := &countingServer{visitors: newVisitorSet(100)}
	require.NoError(t, s.visitors.add(1))
	require.NoError(t, s.visitors.add(2))
	seen := newVisitorSet(100)
	require.NoError(t, seen.add(2))
	require.NoError(t, seen.add(99))

	came, err := answering(t, s).addVisitors(t.Context(), seen)
	require.NoError(t, err)
	assert.Equal(t, 2, came)
	assert.Equal(t, 3, seen.count())

	_, err = answering(t, &countingServer{visitors: newVisitorSet(1_000)}).addVisitors(t.Context(), seen)
	assert.ErrorContains(t, err, "a set of visitors has 128 bytes where 100 visitors take 16")
}
