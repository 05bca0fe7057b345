// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func controlCall(t *testing.T, e *Emulator, method, path, body string) (status int, answer string) {
	t.Helper()
	path, query, _ := strings.Cut(path, "?")
	return serve(t, e, newRequest(t, method, "http://x/_emulator/"+path, query, body))
}

func TestTheControlShowsTheCounters(t *testing.T) {
	e := newEmulator(t, Settings{Token: "s3cret"})
	serve(t, e, postForm(t, goldUpdate))
	before := e.Stats()
	status, body := controlCall(t, e, http.MethodGet, "stats", "")

	require.Equal(t, http.StatusOK, status)
	var shown Stats
	require.NoError(t, json.Unmarshal([]byte(body), &shown))
	assert.Equal(t, before, shown)
	assert.Equal(t, before, e.Stats(), "the control does not count")
	assert.NotContains(t, body, "s3cret")
	var names map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &names))
	for _, name := range []string{
		"attempts", "accepted", "refused", "malformed", "unauthorized", "faulted", "over_quota", "max_in_window", "unknown_visitors",
		"visitors", "parameters", "connections_opened", "connections_open", "max_concurrent", "disorders", "repeats",
	} {
		assert.Contains(t, names, name)
	}
}

func TestTheControlShowsProfilesInOrderAndInParts(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now})
	for _, id := range []string{"b", "c", "a"} {
		serve(t, e, postForm(t, "mbox3rdPartyId="+id+"&profile.x=1"))
	}
	serve(t, e, postForm(t, "mboxPC=a&profile.x=1"))
	for query, ids := range map[string]string{
		"":                  "a b c a",
		"?limit=2":          "a b",
		"?limit=2&offset=1": "b c",
		"?offset=3":         "a",
		"?offset=9&limit=1": "",
		"?limit=0":          "a b c a",
	} {
		status, body := controlCall(t, e, http.MethodGet, "profiles"+query, "")
		require.Equal(t, http.StatusOK, status)
		var page struct {
			Total    int
			Profiles []Profile
		}
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		var shown []string
		for _, p := range page.Profiles {
			shown = append(shown, p.ID)
		}
		assert.Equal(t, 4, page.Total)
		assert.Equal(t, ids, strings.Join(shown, " "), query)
	}
	_, body := controlCall(t, e, http.MethodGet, "profiles?offset=3", "")
	assert.JSONEq(t, `{"total":4,"profiles":[{"client":"acme","parameter":"mboxPC","id":"a","modified_at":"2026-03-01T12:00:00Z",
		"attributes":{"x":{"value":"1","modified_at":"2026-03-01T12:00:00Z"}}}]}`, body)
}

func TestTheControlSetsAndShowsFaults(t *testing.T) {
	e := newEmulator(t, Settings{})
	status, _ := controlCall(t, e, http.MethodPut, "faults", `[
		{"kind":"status","status":503,"retry_after":"3s","retry_after_date":true,"probability":0.5,"count":10,"visitor":"crm-1","applied":true},
		{"kind":"redirect","location":"https://example.com/"},
		{"kind":"hang"}]`)
	require.Equal(t, http.StatusNoContent, status)
	assert.Equal(t, []Fault{
		{Kind: FaultStatus, Status: 503, RetryAfter: 3 * time.Second, RetryAfterDate: true, Probability: 0.5, Count: 10, Visitor: "crm-1", Applied: true},
		{Kind: FaultRedirect, Location: "https://example.com/"},
		{Kind: FaultHang},
	}, e.Faults())

	_, shown := controlCall(t, e, http.MethodGet, "faults", "")
	before := e.Faults()
	status, _ = controlCall(t, e, http.MethodPut, "faults", shown)
	require.Equal(t, http.StatusNoContent, status)
	assert.Equal(t, before, e.Faults(), "what is shown can be put back")

	controlCall(t, e, http.MethodPut, "faults", "[]")
	assert.Empty(t, e.Faults())
	_, shown = controlCall(t, e, http.MethodGet, "faults", "")
	assert.JSONEq(t, "[]", shown)
}

func TestTheControlSetsLatencyTokenQuotaAndResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Settings{})
		change := func(method, path, body string) {
			status, answer := controlCall(t, e, method, path, body)
			require.Equal(t, http.StatusNoContent, status, answer)
		}
		change(http.MethodPut, "latency", `{"fixed":"2s","jitter":"0s"}`)
		start := time.Now()
		serve(t, e, postForm(t, goldUpdate))
		assert.Equal(t, 2*time.Second, time.Since(start))

		change(http.MethodPut, "quota", `{"calls":1,"window":"1h","retry_after":"60s"}`)
		assert.Equal(t, []int{200, 429}, statuses(t, e, 2, goldUpdate))
		change(http.MethodPut, "token", `{"token":"s3cret"}`)
		assert.Equal(t, []int{403}, statuses(t, e, 1, goldUpdate))

		change(http.MethodPost, "reset", "")
		start = time.Now()
		assert.Equal(t, []int{200, 200}, statuses(t, e, 2, goldUpdate))
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 2, e.Stats().Attempts)
	})
}

func TestTheControlTakesNoNonsense(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"an unknown path", http.MethodGet, "nothing", "", 404},
		{"no path", http.MethodGet, "", "", 404},
		{"a path below another", http.MethodGet, "stats/all", "", 404},
		{"counters cannot be set", http.MethodPut, "stats", "{}", 405},
		{"a token is not told", http.MethodGet, "token", "", 405},
		{"a reset is no GET", http.MethodGet, "reset", "", 405},
		{"faults are no POST", http.MethodPost, "faults", "[]", 405},
		{"a negative limit", http.MethodGet, "profiles?limit=-1", "", 400},
		{"an offset that is no number", http.MethodGet, "profiles?offset=x", "", 400},
		{"a history that is off", http.MethodGet, "history?visitor=crm-1", "", 409},
		{"a body that is no JSON", http.MethodPut, "faults", "reset", 400},
		{"a fault outside a list", http.MethodPut, "faults", `{"kind":"reset"}`, 400},
		{"a fault of no kind", http.MethodPut, "faults", `[{"kind":"reset"},{}]`, 400},
		{"a misspelled field", http.MethodPut, "faults", `[{"kind":"reset","propability":1}]`, 400},
		{"a probability of 0", http.MethodPut, "faults", `[{"kind":"reset","probability":0}]`, 400},
		{"two JSON values", http.MethodPut, "faults", `[][]`, 400},
		{"a latency as a number", http.MethodPut, "latency", `{"fixed":200}`, 400},
		{"a latency without a unit", http.MethodPut, "latency", `{"fixed":"200"}`, 400},
		{"a negative latency", http.MethodPut, "latency", `{"fixed":"-1s"}`, 400},
		{"a quota as text", http.MethodPut, "quota", `{"calls":"many"}`, 400},
		{"a token that is no text", http.MethodPut, "token", `{"token":12345}`, 400},
		{"a token alone", http.MethodPut, "token", `"12345"`, 400},
		{"a body of more than a mebibyte", http.MethodPut, "token", `{"token":"` + strings.Repeat("x", 1<<20) + `"}`, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			before := e.Stats()
			status, body := controlCall(t, e, test.method, test.path, test.body)

			assert.Equal(t, test.status, status)
			var answer struct {
				Status  int
				Message string
			}
			require.NoError(t, json.Unmarshal([]byte(body), &answer))
			assert.Equal(t, test.status, answer.Status)
			assert.NotEmpty(t, answer.Message)
			assert.NotContains(t, body, "12345")
			assert.Equal(t, before, e.Stats())
			assert.Empty(t, e.Faults())
		})
	}
}

func TestTheControlSaysWhatItTakes(t *testing.T) {
	for path, allowed := range map[string]string{"stats": "GET", "faults": "GET, PUT", "reset": "POST", "token": "PUT"} {
		e := newEmulator(t, Settings{})
		recorded := httptest.NewRecorder()
		e.ServeHTTP(recorded, newRequest(t, http.MethodDelete, "http://x/_emulator/"+path, "", ""))
		assert.Equal(t, allowed, recorded.Header().Get("Allow"), path)
	}
}

func TestTheSummarySaysWhatThisIs(t *testing.T) {
	e := newEmulator(t, Settings{})
	serve(t, e, postForm(t, goldUpdate))
	serve(t, e, postForm(t, "a"))
	status, body := serve(t, e, newRequest(t, http.MethodGet, "http://x/", "", ""))
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "This is not Adobe Target")
	assert.Regexp(t, `attempts +2\naccepted +1\nrefused +0\nmalformed +1\n`, body)
	assert.Contains(t, body, "/_emulator/stats")
	assert.NotContains(t, body, "crm-1")
}
