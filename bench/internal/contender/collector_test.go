// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// shell returns a shell in the place of a collector, with the pages of a server that it does not
// have.
func shell(t *testing.T, script string, pages http.Handler) *Collector {
	t.Helper()
	p, err := process.Start(t.Context(), "sh", "-c", script)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	s := httptest.NewServer(pages)
	t.Cleanup(s.Close)
	return &Collector{Process: p, MetricsURL: s.URL, LogsURL: s.URL, ProfilesURL: s.URL}
}

func TestARequestIsOfferedUntilItIsTaken(t *testing.T) {
	var offers atomic.Int64
	c := shell(t, "exec sleep 60", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if offers.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	require.NoError(t, c.Offer(t.Context(), nil))
	assert.EqualValues(t, 3, offers.Load())
}

func TestARequestThatIsNeverTakenIsAnErrorWithTheLastAnswer(t *testing.T) {
	c := shell(t, "exit 1",
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	_, err := c.Wait()
	require.Error(t, err)
	err = c.Offer(t.Context(), nil)
	assert.EqualError(t, err,
		"sh took no record at "+c.LogsURL+` and answered "400 Bad Request" last: sh has ended with exit status 1`)
}

func TestAllIsDeliveredOnlyWhenTheCollectorSaysSo(t *testing.T) {
	to, err := server.Start(t.Context(), server.Options{})
	require.NoError(t, err)
	t.Cleanup(to.Kill)
	var asked atomic.Int64
	c := shell(t, "exec sleep 60", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page := recordsMetric + `{outcome="delivered"} 7` + "\n"
		if asked.Add(1) == 1 {
			page = recordsMetric + `{outcome="delivered"} 6` + "\n"
		}
		_, _ = w.Write([]byte("# TYPE " + recordsMetric + " counter\n" + page))
	}))
	response, err := http.Post(to.URL, "", http.NoBody)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	require.NoError(t, c.Delivered(t.Context(), to, 7))
	assert.EqualValues(t, 2, asked.Load())
	require.EqualError(t, c.Delivered(t.Context(), to, 5),
		"5 records had to be delivered, but they came to map[delivered:7]")
}

func TestANumberIsQuietOnceItHasStayedTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(time.Second)
		assert.False(t, q.since(1))
		time.Sleep(2 * time.Second)
		assert.True(t, q.since(1))
		assert.False(t, q.since(2))
		time.Sleep(time.Second / 2)
		assert.False(t, q.since(2))
	})
}

func TestAProfileIsWritten(t *testing.T) {
	c := shell(t, "exec sleep 60", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "5", r.URL.Query().Get("seconds"))
		_, _ = w.Write([]byte("profile"))
	}))
	path := filepath.Join(t.TempDir(), "profile.pb.gz")
	require.NoError(t, c.Profile(t.Context(), 5, path))
	assert.FileExists(t, path)
}
