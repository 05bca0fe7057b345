// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFaultsThatAnswer(t *testing.T) {
	c := newClock()
	for _, test := range []struct {
		name   string
		fault  Fault
		status int
		header http.Header
		body   string
	}{
		{"a status", Fault{Kind: FaultStatus, Status: 503}, 503, nil, `"status":503`},
		{"a status with seconds to wait", Fault{Kind: FaultStatus, Status: 429, RetryAfter: 1500 * time.Millisecond}, 429, http.Header{"Retry-After": {"2"}}, `"status":429`},
		{
			"a status with a date to wait for",
			Fault{Kind: FaultStatus, Status: 503, RetryAfter: 90 * time.Second, RetryAfterDate: true},
			503,
			http.Header{"Retry-After": {"Sun, 01 Mar 2026 12:01:30 GMT"}},
			"",
		},
		{
			"a date in the next whole second",
			Fault{Kind: FaultStatus, Status: 503, RetryAfter: 1100 * time.Millisecond, RetryAfterDate: true},
			503,
			http.Header{"Retry-After": {"Sun, 01 Mar 2026 12:00:02 GMT"}},
			"",
		},
		{"a status without a body", Fault{Kind: FaultStatus, Status: 204}, 204, nil, ""},
		{"a refusal", Fault{Kind: FaultRefuse}, 200, nil, "<success>false</success>"},
		{"a redirect", Fault{Kind: FaultRedirect}, 302, http.Header{"Location": {"/"}}, ""},
		{"a redirect elsewhere", Fault{Kind: FaultRedirect, Status: 308, Location: "https://example.com/x"}, 308, http.Header{"Location": {"https://example.com/x"}}, ""},
		{"garbage", Fault{Kind: FaultGarbage}, 200, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<!DOCTYPE html>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{Now: c.now, Faults: []Fault{test.fault}})
			response, err := callServer(t, startServer(t, e))
			require.NoError(t, err)
			body := readAll(t, response)

			assert.Equal(t, test.status, response.StatusCode)
			assert.Contains(t, body, test.body)
			for name, value := range test.header {
				assert.Equal(t, value, response.Header[name])
			}
			assert.Equal(t, 1, e.Stats().Faulted)
			assert.Zero(t, e.Stats().Accepted)
			assert.Empty(t, e.Profiles())
		})
	}
}

func TestAFollowedRedirectLandsOnAPageThatAnswers200(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultRedirect}}})
	server := startServer(t, e)
	r := serverRequest(t, server)
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.NotContains(t, readAll(t, response), "success")
}

func TestAResetIsSeenAsOne(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultReset, Count: 1}}})
	server := startServer(t, e)
	response, err := callServer(t, server)
	if err == nil {
		response.Body.Close()
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)

	response, err = callServer(t, server)
	require.NoError(t, err)
	assert.Equal(t, submittedXML, readAll(t, response))
	assert.Equal(t, 2, e.Stats().ConnectionsOpened)
	assert.Equal(t, 1, e.Stats().ConnectionsOpen)

	e.Reset()
	assert.Equal(t, 1, e.Stats().ConnectionsOpened, "of the connections only those still open are counted on")
}

func TestAResetThroughTLS(t *testing.T) {
	for name, http2 := range map[string]bool{"over HTTP/1.1": false, "over HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultReset}}})
			server := httptest.NewUnstartedServer(e)
			server.EnableHTTP2 = http2
			server.StartTLS()
			defer server.Close()
			response, err := callServer(t, server)
			if err == nil {
				response.Body.Close()
			}
			require.Error(t, err)
			if !http2 {
				require.ErrorIs(t, err, syscall.ECONNRESET)
			}
			assert.Equal(t, 1, e.Stats().Faulted)
		})
	}
}

// callInBackground tells how a call ended that has no answer to look at.
func callInBackground(server *httptest.Server, r *http.Request) <-chan error {
	ended := make(chan error, 1)
	go func() {
		response, err := server.Client().Do(r)
		if err == nil {
			response.Body.Close()
		}
		ended <- err
	}()
	return ended
}

func TestAHangLastsUntilTheCallerGoesAway(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultHang}}})
	server := startServer(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := callInBackground(server, serverRequest(t, server).WithContext(ctx))
	require.Eventually(t, func() bool { return e.Stats().Faulted == 1 }, time.Minute, time.Millisecond)
	assert.Equal(t, 1, e.Stats().ConnectionsOpen)
	assert.Empty(t, ended)

	cancel()

	require.ErrorIs(t, <-ended, context.Canceled)
	require.Eventually(t, func() bool { return e.Stats().ConnectionsOpen == 0 }, time.Minute, time.Millisecond)
}

func TestClosingTheEmulatorEndsAHang(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultHang}}})
	server := startServer(t, e)
	ended := callInBackground(server, serverRequest(t, server))
	require.Eventually(t, func() bool { return e.Stats().Faulted == 1 }, time.Minute, time.Millisecond)

	e.Close()
	e.Close()

	require.ErrorIs(t, <-ended, io.EOF)
}

func TestATruncatedAnswerEndsUnexpectedly(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultTruncate}}})
	response, err := callServer(t, startServer(t, e))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)

	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.EqualValues(t, len(submittedXML), response.ContentLength)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, submittedXML[:len(submittedXML)/2], string(body))
}

func TestAFailedCallCanTakeEffect(t *testing.T) {
	for _, kind := range []FaultKind{FaultStatus, FaultRefuse, FaultRedirect, FaultGarbage, FaultTruncate, FaultReset} {
		for _, applied := range []bool{true, false} {
			fault := Fault{Kind: kind, Applied: applied}
			if kind == FaultStatus {
				fault.Status = http.StatusBadGateway
			}
			e := newEmulator(t, Settings{Faults: []Fault{fault}})
			response, err := callServer(t, startServer(t, e))
			if err == nil {
				response.Body.Close()
			}
			_, found := e.Profile(Mbox3rdPartyID, "crm-1")
			assert.Equal(t, applied, found, kind)
			assert.Equal(t, applied, e.Stats().FaultedApplied == 1, kind)
			assert.Equal(t, applied, e.Stats().Applied == 1, kind)
			assert.Zero(t, e.Stats().Accepted, kind)
		}
	}
}

func statuses(t *testing.T, e *Emulator, calls int, body string) []int {
	t.Helper()
	var seen []int
	for range calls {
		status, _ := serve(t, e, postForm(t, body))
		seen = append(seen, status)
	}
	return seen
}

func TestFaultsOfACountEndByThemselves(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{
		{Kind: FaultStatus, Status: 500, Count: 2},
		{Kind: FaultStatus, Status: 502, Count: 1},
	}})
	assert.Equal(t, []int{500}, statuses(t, e, 1, goldUpdate))
	assert.Equal(t, 1, e.Faults()[0].Count, "the count left is told")
	assert.Equal(t, []int{500, 502, 200, 200}, statuses(t, e, 4, goldUpdate))
	assert.Empty(t, e.Faults())
}

func TestAPoisonVisitorFailsAlone(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultStatus, Status: 500, Visitor: "crm-1"}}})
	assert.Equal(t, []int{500, 500}, statuses(t, e, 2, goldUpdate))
	assert.Equal(t, []int{500}, statuses(t, e, 1, "mboxPC=crm-1&profile.a=b"), "the id counts, under either parameter")
	assert.Equal(t, []int{200}, statuses(t, e, 1, "mbox3rdPartyId=crm-2&profile.a=b"))
}

func TestTheFirstFaultThatMatchesWins(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{
		{Kind: FaultStatus, Status: 500, Visitor: "crm-2"},
		{Kind: FaultStatus, Status: 502, Visitor: "crm-1", Count: 1},
		{Kind: FaultStatus, Status: 503},
	}})
	assert.Equal(t, []int{502, 503}, statuses(t, e, 2, goldUpdate))
}

func TestProbabilityIsRepeatable(t *testing.T) {
	const calls = 2000
	run := func(seed uint64) []int {
		e := newEmulator(t, Settings{Seed: seed, Faults: []Fault{{Kind: FaultStatus, Status: 500, Probability: 0.25}}})
		seen := statuses(t, e, calls, goldUpdate)
		// Five standard deviations around the mean, for a seed that does not change.
		assert.InDelta(t, 0.25*calls, e.Stats().Faulted, 5*math.Sqrt(calls*0.25*0.75))
		return seen
	}
	first := run(7)
	assert.Equal(t, first, run(7))
	assert.NotEqual(t, first, run(8))
}

func TestMalformedUpdatesMeetNoFault(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultStatus, Status: 500, Count: 1}}})
	assert.Equal(t, []int{400}, statuses(t, e, 1, "a"))
	assert.Len(t, e.Faults(), 1)
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	for name, fault := range map[string]Fault{
		"no kind":                           {},
		"an unknown kind":                   {Kind: "explode"},
		"no status":                         {Kind: FaultStatus},
		"an informational status":           {Kind: FaultStatus, Status: 100},
		"a status past 599":                 {Kind: FaultStatus, Status: 600},
		"a redirect that is none":           {Kind: FaultRedirect, Status: 200},
		"a redirect to the caller's memory": {Kind: FaultRedirect, Status: 304},
		"a reset with a status":             {Kind: FaultReset, Status: 500},
		"a hang with a time to wait":        {Kind: FaultHang, RetryAfter: time.Second},
		"a date without a time":             {Kind: FaultStatus, Status: 503, RetryAfterDate: true},
		"a negative time to wait":           {Kind: FaultStatus, Status: 503, RetryAfter: -time.Second},
		"a status with a location":          {Kind: FaultStatus, Status: 302, Location: "/"},
		"a probability over 1":              {Kind: FaultReset, Probability: 1.1},
		"a negative probability":            {Kind: FaultReset, Probability: -0.1},
		"no number for a probability":       {Kind: FaultReset, Probability: math.NaN()},
		"a negative count":                  {Kind: FaultReset, Count: -1},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			require.Error(t, e.SetFaults([]Fault{fault}))
			assert.Empty(t, e.Faults())
		})
	}
}
