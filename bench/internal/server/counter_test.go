// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func TestAServerAnswersAsTheEmulatorDoes(t *testing.T) {
	target, err := emulator.New(emulator.Settings{})
	require.NoError(t, err)
	want := answerTo(t, target)
	assert.Equal(t, want, answerTo(t, &counter{}))
	assert.Equal(t, http.StatusOK, want.status)
}

type answer struct {
	status int
	header http.Header
	body   string
}

func answerTo(t *testing.T, handler http.Handler) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, UpdatePath,
		strings.NewReader(string(records.Of(1).Form())))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	handler.ServeHTTP(recorder, request)
	return answer{recorder.Code, recorder.Header(), recorder.Body.String()}
}

func TestAServerCountsCallsBytesAndConnections(t *testing.T) {
	c := &counter{}
	server := httptest.NewUnstartedServer(c)
	server.Config.ConnState = c.connState
	server.Start()
	defer server.Close()

	before := time.Now().UnixNano()
	for range 3 {
		send(t.Context(), t, server.Client(), server.URL)
	}
	server.Client().CloseIdleConnections()
	send(t.Context(), t, server.Client(), server.URL)

	got := c.stats()
	assert.EqualValues(t, 4, got.Calls)
	assert.EqualValues(t, 4*len("four"), got.Bytes)
	assert.EqualValues(t, 2, got.Opened)
	assert.Positive(t, got.MostOpen)
	assert.Greater(t, got.First, before)
	assert.Greater(t, got.Last, got.First)
}

func send(ctx context.Context, t *testing.T, client *http.Client, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("four"))
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

func TestAServerThatIsDownRefusesAndCountsUntilItIsUp(t *testing.T) {
	c := &counter{arrivals: NewArrivals(10)}
	c.down.Store(true)
	assert.Equal(t, http.StatusServiceUnavailable, answerTo(t, c).status)
	assert.Equal(t, Stats{Calls: 1, Refused: 1}, counts(c))
	assert.Zero(t, c.arrivals.Came(), "who is refused has not come")

	c.down.Store(false)
	assert.Equal(t, http.StatusOK, answerTo(t, c).status)
	assert.Equal(t, Stats{Calls: 2, Refused: 1}, counts(c))
	assert.Equal(t, 1, c.arrivals.Came())
}

// counts returns the numbers of calls only.
func counts(c *counter) Stats { return Stats{Calls: c.stats().Calls, Refused: c.stats().Refused} }

func TestAServerNotesWhenVisitorsCame(t *testing.T) {
	c := &counter{arrivals: NewArrivals(10)}
	before := time.Now()
	for _, visitor := range []int{3, 7, 3} {
		assert.Equal(t, http.StatusOK, statusFor(t, c, UpdatePath, string(records.Of(visitor).Form())))
	}
	assert.Equal(t, 2, c.arrivals.Came())
	assert.WithinRange(t, c.arrivals.Of(7), before, time.Now())
	assert.EqualValues(t, 3*len(records.Of(0).Form()), c.stats().Bytes)

	assert.Equal(t, http.StatusBadRequest, statusFor(t, c, UpdatePath, string(records.Of(10).Form())))
	assert.Equal(t, http.StatusBadRequest, statusFor(t, c, UpdatePath, "profile.a=b"))
	assert.Equal(t, http.StatusBadRequest, statusFor(t, c, UpdatePath, "%"))
	assert.Equal(t, 2, c.arrivals.Came())
}

func statusFor(t *testing.T, handler http.Handler, path, body string) int {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost,
		path, strings.NewReader(body)))
	return recorder.Code
}
