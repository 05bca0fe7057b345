// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARecordIsOfferedUntilItIsTaken(t *testing.T) {
	var offers atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if offers.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer receiver.Close()
	require.NoError(t, offer(t.Context(), says(t, "exec sleep 60"), receiver.URL))
	assert.EqualValues(t, 3, offers.Load())
}

func TestARecordThatIsNeverTakenIsAnErrorWithTheLastAnswer(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	defer receiver.Close()
	c := says(t, "exit 1")
	<-c.ended
	err := offer(t.Context(), c, receiver.URL)
	assert.EqualError(t, err, "role took no record at "+receiver.URL+` and answered "400 Bad Request" last: role has ended with exit status 1`)
}
