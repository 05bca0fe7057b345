// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/json"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const bulkURL = "http://127.0.0.1/m2/acme/v2/profile/batchUpdate"

// shown asks the control, and reads its answer.
func shown[T any](t *testing.T, e *Emulator, path string) T {
	t.Helper()
	status, body := serve(t, e, newControlRequest(t, path))
	require.Equal(t, http.StatusOK, status, body)
	var got T
	require.NoError(t, json.Unmarshal([]byte(body), &got))
	return got
}

func newControlRequest(t *testing.T, path string) *http.Request {
	t.Helper()
	path, query, _ := strings.Cut(path, "?")
	return newRequest(t, http.MethodGet, "http://127.0.0.1/_emulator/"+path, query, "")
}

func TestACallIsKeptWithWhatBecameOfIt(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings Settings
		call     func(t *testing.T) *http.Request
		want     recentCall
	}{
		{"an update", Settings{}, func(t *testing.T) *http.Request { t.Helper(); return postForm(t, goldUpdate) }, recentCall{
			RecentCall:  RecentCall{Route: RouteSingle, Client: "acme", Parameter: Mbox3rdPartyID, ID: "crm-1", Status: 200, Outcome: OutcomeAccepted, Size: len(goldUpdate)},
			ContentType: formType, Body: goldUpdate,
		}},
		{"an update in the query", Settings{}, func(t *testing.T) *http.Request {
			t.Helper()
			return newRequest(t, http.MethodGet, updateURL, goldUpdate, "")
		}, recentCall{
			RecentCall: RecentCall{Route: RouteSingle, Client: "acme", Parameter: Mbox3rdPartyID, ID: "crm-1", Status: 200, Outcome: OutcomeAccepted, Size: len(goldUpdate)},
			Query:      goldUpdate,
		}},
		{"an update of nobody", Settings{Known: []Visitor{}}, func(t *testing.T) *http.Request { t.Helper(); return postForm(t, goldUpdate) }, recentCall{
			RecentCall:  RecentCall{Route: RouteSingle, Client: "acme", Parameter: Mbox3rdPartyID, ID: "crm-1", Status: 200, Outcome: OutcomeUnknown, Size: len(goldUpdate)},
			ContentType: formType, Body: goldUpdate,
		}},
		{"an update without parameters", Settings{}, func(t *testing.T) *http.Request { t.Helper(); return postForm(t, "mboxPC=1") }, recentCall{
			RecentCall:  RecentCall{Route: RouteSingle, Client: "acme", Status: 200, Outcome: OutcomeRefused, Reason: "no profile parameter is given", Size: 8},
			ContentType: formType, Body: "mboxPC=1",
		}},
		{"an update that cannot be read", Settings{}, func(t *testing.T) *http.Request { t.Helper(); return postForm(t, "%zz") }, recentCall{
			RecentCall:  RecentCall{Route: RouteSingle, Client: "acme", Status: 400, Outcome: OutcomeMalformed, Reason: "a parameter has no =", Size: 3},
			ContentType: formType, Body: "%zz",
		}},
		{"an update of another token, which is not kept", Settings{Token: "right"}, func(t *testing.T) *http.Request {
			t.Helper()
			r := postForm(t, goldUpdate)
			r.Header.Set("Authorization", "Bearer wrong")
			return r
		}, recentCall{
			RecentCall:  RecentCall{Route: RouteSingle, Client: "acme", Status: 403, Outcome: OutcomeUnauthorized, Size: len(goldUpdate)},
			ContentType: formType, Body: goldUpdate, Authorized: true,
		}},
		{"an update that met a fault", Settings{Faults: []Fault{{Kind: FaultStatus, Status: 503}}}, func(t *testing.T) *http.Request { t.Helper(); return postForm(t, goldUpdate) }, recentCall{
			RecentCall:  RecentCall{Route: RouteSingle, Client: "acme", Parameter: Mbox3rdPartyID, ID: "crm-1", Status: 503, Outcome: OutcomeFaulted, Fault: FaultStatus, Size: len(goldUpdate)},
			ContentType: formType, Body: goldUpdate,
		}},
		{"a batch", Settings{}, func(t *testing.T) *http.Request {
			t.Helper()
			return newRequest(t, http.MethodPost, bulkURL, "", "batch=thirdPartyId,tier\ncrm-1,gold\n")
		}, recentCall{
			RecentCall:  RecentCall{Route: RouteBulk, Client: "acme", Rows: 1, Status: 200, Outcome: OutcomeAccepted, Size: 35},
			ContentType: formType, Body: "batch=thirdPartyId,tier\ncrm-1,gold\n",
		}},
		{"a batch longer than what is kept", Settings{}, func(t *testing.T) *http.Request {
			t.Helper()
			return newRequest(t, http.MethodPost, bulkURL, "", "batch=thirdPartyId,tier\ncrm-1,"+strings.Repeat("g", maxRecentText))
		}, recentCall{
			RecentCall:  RecentCall{Route: RouteBulk, Client: "acme", Rows: 1, Status: 200, Outcome: OutcomeAccepted, Size: 30 + maxRecentText},
			ContentType: formType, Body: "batch=thirdPartyId,tier\ncrm-1," + strings.Repeat("g", maxRecentText-30), Cut: true,
		}},
		{"a call of another path", Settings{}, func(t *testing.T) *http.Request {
			t.Helper()
			return newRequest(t, http.MethodGet, "http://127.0.0.1/elsewhere", "", "")
		}, recentCall{RecentCall: RecentCall{Status: 404, Outcome: OutcomeNotFound}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.settings.RecentCalls, test.settings.Now = 2, newClock().now
			e := newEmulator(t, test.settings)
			r := test.call(t)
			serve(t, e, r)

			test.want.Number, test.want.At, test.want.Method, test.want.Path = 1, newClock().t, r.Method, r.URL.Path
			assert.Equal(t, test.want, shown[recentCall](t, e, "call?number=1"))
		})
	}
}

func TestADeliveryAndAFetchAreKeptWithTheirVisitor(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 5})
	r := newRequest(t, http.MethodPost, "http://127.0.0.1/rest/v1/delivery", "client=acme&sessionId=s1",
		`{"id":{"thirdPartyId":"crm-1"},"context":{"channel":"web"},"execute":{"mboxes":[{"index":0,"name":"m","profileParameters":{"tier":"gold"}}]}}`)
	r.Header.Set("Content-Type", "application/json")
	status, body := serve(t, e, r)
	require.Equal(t, http.StatusOK, status, body)
	serve(t, e, newRequest(t, http.MethodGet, "http://127.0.0.1/rest/v1/profiles/thirdPartyId/crm-1", "client=acme", ""))

	got := shown[struct{ Calls []RecentCall }](t, e, "visitor?client=acme&parameter=mbox3rdPartyId&id=crm-1").Calls
	require.Len(t, got, 2)
	assert.Equal(t, []Route{routeFetch, RouteDelivery}, []Route{got[0].Route, got[1].Route}, "the newest first")
}

func TestACallWithoutAnAnswerIsKept(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 5, Faults: []Fault{{Kind: FaultReset}}})
	server := startServer(t, e)
	response, err := callServer(t, server)
	if err == nil {
		response.Body.Close()
	}
	require.Error(t, err)
	require.Eventually(t, func() bool { return e.world.Load().recent.last.Load() == 1 }, waitFor, tick)
	got := shown[recentCall](t, e, "call?number=1")
	assert.Equal(t, OutcomeFaulted, got.Outcome)
	assert.Zero(t, got.Status)
}

func TestTheNewestCallsAreKeptAndNoneOfTheControl(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 3})
	for range 5 {
		serve(t, e, postForm(t, goldUpdate))
		serve(t, e, newControlRequest(t, "stats"))
		serve(t, e, newRequest(t, http.MethodGet, "http://127.0.0.1/", "", ""))
	}
	status, _ := serve(t, e, newControlRequest(t, "call?number=2"))
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, int64(3), shown[recentCall](t, e, "call?number=3").Number)
	assert.Len(t, e.world.Load().recent.since(0, 100), 3)
	assert.Len(t, e.world.Load().recent.since(0, 2), 2)

	e.Reset()
	status, _ = serve(t, e, newControlRequest(t, "call?number=3"))
	assert.Equal(t, http.StatusNotFound, status)
}

func TestWithoutRoomNothingIsKept(t *testing.T) {
	e := newEmulator(t, Settings{})
	serve(t, e, postForm(t, goldUpdate))
	status, _ := serve(t, e, newControlRequest(t, "call?number=1"))
	assert.Equal(t, http.StatusNotFound, status)
	got := shown[struct {
		Profile *Profile
		Calls   []RecentCall
	}](t, e, "visitor?client=acme&parameter=mbox3rdPartyId&id=crm-1")
	assert.Equal(t, "gold", got.Profile.Attributes["tier"].Value)
	assert.Empty(t, got.Calls)
}

func TestAVisitorWhoWasCalledAndDoesNotExistIsShown(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 3, Known: []Visitor{}})
	serve(t, e, postForm(t, goldUpdate))
	path := "visitor?client=acme&parameter=mbox3rdPartyId&id="
	got := shown[struct {
		Profile *Profile
		Calls   []RecentCall
	}](t, e, path+"crm-1")
	assert.Nil(t, got.Profile)
	assert.Len(t, got.Calls, 1)
	status, _ := serve(t, e, newControlRequest(t, path+url.QueryEscape("crm 2")))
	assert.Equal(t, http.StatusNotFound, status)
}

func TestOfALongCallNoMoreIsKeptThanIsShown(t *testing.T) {
	const calls, long = 50, 1 << 20
	e := newEmulator(t, Settings{RecentCalls: calls})
	before := heapInUse()
	for range calls {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/elsewhere?"+strings.Repeat("a", long), http.NoBody)
		require.NoError(t, err)
		serve(t, e, r)
	}
	assert.Less(t, heapInUse()-before, int64(calls*long/4))
	runtime.KeepAlive(e)
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // G115: far from overflowing
}
