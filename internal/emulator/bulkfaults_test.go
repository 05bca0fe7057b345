// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBulkFaults_AnswerAnUpload(t *testing.T) {
	for name, tt := range map[string]struct {
		fault   Fault
		status  int
		says    string
		taken   bool
		success bool // what a lenient reader finds
	}{
		"a status":                     {Fault{Kind: FaultStatus, Status: 503}, 503, `"status":503`, false, false},
		"a status, and it was taken":   {Fault{Kind: FaultStatus, Status: 502, Applied: true}, 502, `"status":502`, true, false},
		"a refusal":                    {Fault{Kind: FaultRefuse}, 200, "<success>false</success><batchStatus></batchStatus>", false, false},
		"garbage":                      {Fault{Kind: FaultGarbage}, 200, "<!DOCTYPE html>", false, false},
		"nothing":                      {Fault{Kind: FaultSilent}, 200, "", false, false},
		"nothing, and it was taken":    {Fault{Kind: FaultSilent, Applied: true}, 200, "", true, false},
		"a redirect":                   {Fault{Kind: FaultRedirect}, 302, "", false, false},
		"an entity":                    {Fault{Kind: FaultEntity}, 200, "<message>&nbsp;Batch submitted", true, true},
		"a foreign address":            {Fault{Kind: FaultForeign}, 200, "http://tt.omtrdc.net.example.com/m2/acme/profile/batchStatus?batchId=acme-", true, true},
		"a foreign address of choice":  {Fault{Kind: FaultForeign, Location: "https://example.com/x"}, 200, "<batchStatus>https://example.com/x</batchStatus>", true, true},
		"no address":                   {Fault{Kind: FaultNoStatus}, 200, "<success>true</success><batchStatus></batchStatus>", true, true},
		"aimed at uploads":             {Fault{Kind: FaultGarbage, Route: RouteBulk}, 200, "<!DOCTYPE html>", false, false},
		"aimed at one of its visitors": {Fault{Kind: FaultGarbage, Visitor: "crm-1"}, 200, "<!DOCTYPE html>", false, false},
		"aimed at another":             {Fault{Kind: FaultGarbage, Visitor: "crm-2"}, 200, "submitted", true, true},
		"aimed at statuses":            {Fault{Kind: FaultGarbage, Route: RouteBulkStatus}, 200, "submitted", true, true},
		"aimed at updates":             {Fault{Kind: FaultGarbage, Route: RouteSingle}, 200, "submitted", true, true},
		"of the status alone":          {Fault{Kind: FaultLarge}, 200, "submitted", true, true},
		"about what becomes of it":     {Fault{Kind: FaultStuck}, 200, "submitted", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Faults: []Fault{tt.fault}})
			status, body := serve(t, e, postBatch(t, v2URL, goldBatch))
			assert.Equal(t, tt.status, status)
			assert.Contains(t, body, tt.says)
			if tt.success {
				assert.True(t, readSubmission(t, body).Success)
			}
			assert.Equal(t, tt.taken, len(e.Uploads()) == 1)
			_, found := e.Profile(Mbox3rdPartyID, "crm-1")
			assert.Equal(t, tt.taken && tt.fault.Kind != FaultStuck, found)
			stats := e.Stats()
			assert.Equal(t, 1, stats.Accepted+stats.Faulted)
			assert.Equal(t, tt.taken && stats.Faulted == 1, stats.FaultedApplied == 1)
		})
	}
}

func TestBulkFaults_AnswerAQuestionForAStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  Fault
		status int
		says   string
	}{
		"a status":                         {Fault{Kind: FaultStatus, Status: 404, Route: RouteBulkStatus}, 404, `"status":404`},
		"garbage":                          {Fault{Kind: FaultGarbage, Route: RouteBulkStatus}, 200, "<!DOCTYPE html>"},
		"nothing":                          {Fault{Kind: FaultSilent}, 200, ""},
		"a refusal":                        {Fault{Kind: FaultRefuse}, 200, "<success>false</success>"},
		"an entity":                        {Fault{Kind: FaultEntity, Route: RouteBulkStatus}, 200, "<message>&nbsp;Batch status"},
		"a batch that holds the visitor":   {Fault{Kind: FaultGarbage, Visitor: "crm-1"}, 200, "<!DOCTYPE html>"},
		"a batch of another":               {Fault{Kind: FaultGarbage, Visitor: "crm-2"}, 200, "<status>complete</status>"},
		"of an upload without an address":  {Fault{Kind: FaultNoStatus}, 200, "<status>complete</status>"},
		"of an upload's address":           {Fault{Kind: FaultForeign}, 200, "<status>complete</status>"},
		"aimed at uploads and not at this": {Fault{Kind: FaultGarbage, Route: RouteBulk}, 200, "<status>complete</status>"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			address := submit(t, e, v2URL, goldBatch)
			e.Stats() // its rows are applied, and gone
			require.NoError(t, e.SetFaults([]Fault{tt.fault}))
			status, body := ask(t, e, address, "&showDetails=true")
			assert.Equal(t, tt.status, status)
			assert.Contains(t, body, tt.says)
		})
	}
}

func TestBulkFaults_AStatusOfTenMegabytesIsWellFormed(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultLarge, Count: 1}}})
	address := submit(t, e, v2URL, goldBatch)
	_, body := ask(t, e, address, "")
	assert.Greater(t, len(body), 10_000_000)
	assert.Less(t, 10_000_000, strings.Index(body, "<status>"), "what it says comes last")
	var s struct {
		Status string `xml:"status"`
	}
	body = strings.ReplaceAll(body, strings.Repeat(".", 1000), "") // for a reader that takes its time
	require.NoError(t, xml.Unmarshal([]byte(body), &s))
	assert.Equal(t, "complete", s.Status)
	assert.Equal(t, "complete", statusWord(t, e, address))
}

func TestBulkFaults_EndConnections(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for _, kind := range []FaultKind{FaultReset, FaultTruncate} {
			e := newEmulator(t, Settings{Faults: []Fault{{Kind: kind, Applied: applied}}})
			server := startServer(t, e)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/m2/acme/v2/profile/batchUpdate", strings.NewReader(goldBatch))
			require.NoError(t, err)
			r.Header.Set("Content-Type", formType)
			response, err := server.Client().Do(r)
			if err == nil {
				err = xml.NewDecoder(response.Body).Decode(&submission{})
				response.Body.Close()
			}
			require.Error(t, err)
			assert.Equal(t, applied, len(e.Uploads()) == 1, kind)
		}
	}
}

func TestBulkFaults_DecideWhatBecomesOfABatch(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{
		{Kind: FaultStuck, Visitor: "crm-1", Count: 1},
		{Kind: FaultFailRows, Visitor: "crm-2", Count: 2},
		{Kind: FaultStatus, Status: 503, Count: 1},
	}})
	const body = "batch=thirdPartyId,a\ncrm-1,1\ncrm-2,1\ncrm-3,1"
	status, _ := serve(t, e, postBatch(t, v2URL, body))
	assert.Equal(t, 503, status)
	assert.Len(t, e.Faults(), 2, "a batch that was not taken uses up no fate")
	for _, want := range []struct {
		status  string
		applied int
	}{{"stuck", 0}, {"complete", 2}, {"complete", 5}} {
		assert.Equal(t, want.status, statusWord(t, e, submit(t, e, v2URL, body)))
		assert.Equal(t, want.applied, e.Stats().Applied)
	}
	assert.Empty(t, e.Faults())
	assert.Equal(t, []int{1, 1}, []int{e.Stats().Stuck, e.Stats().FailedRows})

	require.NoError(t, e.SetFaults([]Fault{{Kind: FaultFailRows}}))
	submit(t, e, v2URL, body)
	assert.Equal(t, 4, e.Stats().FailedRows, "all rows, of no visitor in particular")
}

func TestFaults_OfOneRoute(t *testing.T) {
	calls := map[Route]func() *http.Request{
		RouteSingle:   func() *http.Request { return postForm(t, goldUpdate) },
		RouteDelivery: func() *http.Request { return postDelivery(t, deliveryQuery, executeBody) },
		RouteBulk:     func() *http.Request { return postBatch(t, v2URL, goldBatch) },
	}
	for aimed := range calls {
		for called, request := range calls {
			e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultStatus, Status: 503, Route: aimed}}})
			status, _ := serve(t, e, request())
			assert.Equal(t, aimed == called, status == 503, "%s at a fault of %s", called, aimed)
		}
	}
}

func TestFaults_OfARouteThatMakeNoSense(t *testing.T) {
	for name, fault := range map[string]Fault{
		"an unknown route":                  {Kind: FaultReset, Route: "batch"},
		"an update that gets stuck":         {Kind: FaultStuck, Route: RouteSingle},
		"a status with a foreign address":   {Kind: FaultForeign, Route: RouteBulkStatus},
		"a status without an address":       {Kind: FaultNoStatus, Route: RouteBulkStatus},
		"an upload of ten megabytes":        {Kind: FaultLarge, Route: RouteBulk},
		"an entity for a Delivery call":     {Kind: FaultEntity, Route: RouteDelivery},
		"rows that fail and take effect":    {Kind: FaultFailRows, Visitor: "crm-1", Applied: true},
		"a batch that is stuck with a time": {Kind: FaultStuck, RetryAfter: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, newEmulator(t, Settings{}).SetFaults([]Fault{fault}))
		})
	}
}

func TestBulkControl_SetsAndShows(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now})
	status, _ := controlCall(t, e, http.MethodPut, "bulk", `{"processing":"2s","override":"last_value","status_scheme":"https",
		"status_host":"mboxedge45.tt.omtrdc.net","keep":10,"escaped":true,"v2_pcid":true,"v1_third_party":true,"rows":"all","encoded_ids":true,"unknown_word":true}`)
	require.Equal(t, http.StatusNoContent, status)
	submit(t, e, v2URL, "batch=pcId,tier,store\n1.28_0,gold\n2.28_0,,Oslo")
	_, body := serve(t, e, postBatch(t, v1URL, goldBatch))
	assert.Contains(t, body, "<batchStatus>https://mboxedge45.tt.omtrdc.net/m2/acme/profile/batchStatus?batchId=")
	assert.Contains(t, body, "&amp;m2Node")
	_, body = ask(t, e, readSubmission(t, body).BatchStatus, "")
	assert.Contains(t, body, "<status>unknown</status>")
	assert.Contains(t, body, "<profile><id>crm-1</id><status>pending</status></profile>")
	id := e.Uploads()[0].ID
	_, shown := controlCall(t, e, http.MethodGet, "uploads", "")
	var uploads []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(shown), &uploads))
	require.Len(t, uploads, 2)
	assert.JSONEq(t, `{"id":"`+id+`","client":"acme","version":"v2","parameter":"mboxPC","rows":2,"bytes":46,"names":["tier","store"],
		"status":"incomplete","updated":0,"not_found":0,"failed":0,"submitted_at":"2026-03-01T12:00:00Z"}`, string(uploads[0]))
	c.advance(2 * time.Second)
	_, shown = controlCall(t, e, http.MethodGet, "uploads", "")
	require.NoError(t, json.Unmarshal([]byte(shown), &uploads))
	assert.JSONEq(t, `{"id":"`+id+`","client":"acme","version":"v2","parameter":"mboxPC","rows":2,"bytes":46,"names":["tier","store"],
		"status":"complete","updated":2,"not_found":0,"failed":0,"submitted_at":"2026-03-01T12:00:00Z","completed_at":"2026-03-01T12:00:02Z"}`, string(uploads[0]))
	for _, secret := range []string{"1.28_0", "crm-1", "gold", "Oslo"} {
		assert.NotContains(t, shown, secret)
	}

	status, _ = controlCall(t, e, http.MethodPost, "reset", "")
	require.Equal(t, http.StatusNoContent, status)
	assert.Empty(t, e.Uploads())
	_, shown = controlCall(t, e, http.MethodGet, "uploads", "")
	assert.JSONEq(t, "[]", shown)
	assert.Zero(t, e.Stats().Uploads)
}

func TestBulkControl_RefusesWhatIsImpossible(t *testing.T) {
	for _, body := range []string{
		`{"processing":"-1s"}`, `{"override":"12345"}`, `{"status_scheme":"ftp"}`, `{"keep":-1}`, `{"rows":"12345"}`, `{"unknown":1}`, `{"processing":12345}`, ``,
	} {
		e := newEmulator(t, Settings{})
		status, answer := controlCall(t, e, http.MethodPut, "bulk", body)
		assert.Equal(t, http.StatusBadRequest, status, body)
		assert.NotContains(t, answer, "12345")
		_, err := New(Settings{Bulk: Bulk{Keep: -1}})
		require.Error(t, err)
	}
	for path, allowed := range map[string]string{"bulk": "PUT", "uploads": "GET"} {
		recorded := httptest.NewRecorder()
		newEmulator(t, Settings{}).ServeHTTP(recorded, newRequest(t, http.MethodDelete, "http://x/_emulator/"+path, "", ""))
		assert.Equal(t, allowed, recorded.Header().Get("Allow"))
	}
}

func TestBulk_AnEntityInAnAddressIsReadByALenientReader(t *testing.T) {
	e := newEmulator(t, Settings{Faults: []Fault{{Kind: FaultEntity}}})
	_, body := serve(t, e, postBatch(t, v2URL, goldBatch))
	require.Error(t, xml.Unmarshal([]byte(body), &submission{}), "a strict reader fails")
	address, err := url.Parse(readSubmission(t, body).BatchStatus)
	require.NoError(t, err)
	assert.Equal(t, "00", address.Query().Get("m2Node"))
}
