// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

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

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func TestTheCountingServerAnswersAsTheEmulatorDoes(t *testing.T) {
	target, err := emulator.New(emulator.Settings{})
	require.NoError(t, err)
	want := answerTo(t, target)
	assert.Equal(t, want, answerTo(t, &countingServer{}))
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
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/m2/acme/profile/update", strings.NewReader(string(actionOf(1).form())))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	handler.ServeHTTP(recorder, request)
	return answer{recorder.Code, recorder.Header(), recorder.Body.String()}
}

func TestTheCountingServerCountsCallsBytesAndConnections(t *testing.T) {
	s := &countingServer{}
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = s.connState
	server.Start()
	defer server.Close()

	before := time.Now().UnixNano()
	for range 3 {
		send(t.Context(), t, server.Client(), server.URL)
	}
	server.Client().CloseIdleConnections()
	send(t.Context(), t, server.Client(), server.URL)

	got := s.stats()
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
