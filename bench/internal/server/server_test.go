// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
)

// TestMain lets the program of the tests be a server too, as the harness is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Role {
		if Serve(context.Background(), os.Args[2:]) != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// started starts a server in a process of its own.
func started(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(s.Kill)
	return s
}

// shell starts a shell in the place of a client.
func shell(t *testing.T, script string) *process.Process {
	t.Helper()
	p, err := process.Start(t.Context(), "sh", "-c", script)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p
}

// call sends the update of a visitor and returns the status of the answer.
func call(t *testing.T, client *http.Client, s *Server, visitor int) int {
	t.Helper()
	body := strings.NewReader(string(records.Of(visitor).Form()))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+UpdatePath, body)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestAServerIsAProcessOfItsOwnThatTellsWhatItSaw(t *testing.T) {
	s := started(t, Options{Visitors: 100, Down: true})
	assert.Equal(t, http.StatusServiceUnavailable, call(t, http.DefaultClient, s, 1))
	require.NoError(t, s.Up(t.Context()))
	for _, visitor := range []int{1, 2} {
		assert.Equal(t, http.StatusOK, call(t, http.DefaultClient, s, visitor))
	}
	stats, err := s.Until(t.Context(), shell(t, "exec sleep 60"), 3)
	require.NoError(t, err)
	assert.EqualValues(t, 3, stats.Calls)
	assert.EqualValues(t, 1, stats.Refused)

	seen := NewArrivals(100)
	require.NoError(t, seen.note(2, 1))
	require.NoError(t, seen.note(99, 1))
	came, err := s.AddArrivals(t.Context(), seen)
	require.NoError(t, err)
	assert.Equal(t, 2, came)
	assert.Equal(t, 3, seen.Came())
	_, err = s.AddArrivals(t.Context(), NewArrivals(10))
	require.ErrorContains(t, err, "arrivals have 800 bytes where those of 10 visitors have 80")

	used, err := s.End()
	require.NoError(t, err)
	assert.Positive(t, used.PeakRSS)
}

func TestAServerWithACertificateIsTrustedByWhoeverHasIt(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, WriteCertificate(folder))
	s := started(t, Options{Certificate: folder, HTTP2: true})
	settings, err := Trust(folder)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   settings,
		ForceAttemptHTTP2: true,
	}}
	defer client.CloseIdleConnections()
	assert.Equal(t, http.StatusOK, call(t, client, s, 1))
	assert.True(t, strings.HasPrefix(s.URL, "https://127.0.0.1:"))
}

func TestOptionsAreReadAsTheyWereGiven(t *testing.T) {
	want := Options{
		Latency: 5 * time.Millisecond, Certificate: "/a folder/a b", HTTP2: true,
		Visitors: 7, Down: true,
	}
	got, err := parse(want.args())
	require.NoError(t, err)
	assert.Equal(t, want, got)

	none, err := parse(Options{}.args())
	require.NoError(t, err)
	assert.Zero(t, none)
}

func TestAClientThatEndsTooSoonIsAnErrorWithItsCallsAndItsLog(t *testing.T) {
	s, client := started(t, Options{}), shell(t, "echo no more memory >&2; exit 1")
	call(t, http.DefaultClient, s, 1)
	_, err := client.Wait()
	require.Error(t, err)
	_, err = s.Until(t.Context(), client, 2)
	require.EqualError(t, err,
		"after 1 calls of sh: sh has ended with exit status 1; the end of its log:\nno more memory\n")

	_, err = s.Until(t.Context(), client, 1)
	assert.NoError(t, err, "it has done all that was wanted")
}

func TestAProgramThatEndsByItselfIsWatchedToItsLastCall(t *testing.T) {
	s, client := started(t, Options{}), shell(t, "exec sleep 0.3")
	time.AfterFunc(100*time.Millisecond, func() {
		assert.Equal(t, http.StatusOK,
			call(t, http.DefaultClient, s, 1))
	})
	stats, held, err := s.LifeOf(t.Context(), client)
	require.NoError(t, err)
	assert.EqualValues(t, 1, stats.Calls)
	require.Error(t, client.Running())
	assert.Positive(t, held.Peak)
}

func TestAProgramThatEndsUnseenIsAnError(t *testing.T) {
	s, client := started(t, Options{}), shell(t, "exit 0")
	_, err := client.Wait()
	require.NoError(t, err)
	_, _, err = s.LifeOf(t.Context(), client)
	assert.EqualError(t, err, "sh ended before its memory could be read")
}
