// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ask asks for the status at an address that an upload was answered with.
func ask(t *testing.T, e *Emulator, address, more string) (status int, body string) {
	t.Helper()
	address, query, found := strings.Cut(address, "?")
	require.True(t, found)
	return serve(t, e, newRequest(t, http.MethodGet, address, query+more, ""))
}

// statusWord is the status of the batch at an address.
func statusWord(t *testing.T, e *Emulator, address string) string {
	t.Helper()
	_, body := ask(t, e, address, "")
	_, rest, _ := strings.Cut(body, "<status>")
	word, _, found := strings.Cut(rest, "</status>")
	require.True(t, found, body)
	return word
}

func idIn(address string) string {
	_, query, _ := strings.Cut(address, "batchId=")
	id, _, _ := strings.Cut(query, "&")
	return id
}

const threeRows = "batch=thirdPartyId,tier\ncrm-1,gold\ncrm%26%3C2,silver\ncrm-3,"

func TestBatchStatus_SaysHowFarABatchIs(t *testing.T) {
	for name, tt := range map[string]struct {
		settings  Settings
		faults    []Fault
		url, body string
		after     time.Duration
		want      string // behind the id
		details   string // behind that
	}{
		"before its time": {
			Settings{Bulk: Bulk{Processing: time.Minute}},
			nil, v2URL, threeRows, time.Minute - 1,
			"<status>incomplete</status><batchSize>3</batchSize>",
			"<consumedCount>0</consumedCount><successfulUpdates>0</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>0</failedUpdates>",
		},
		"at its time": {
			Settings{Bulk: Bulk{Processing: time.Minute}},
			nil, v2URL, threeRows, time.Minute,
			"<status>complete</status><batchSize>3</batchSize>",
			"<consumedCount>3</consumedCount><successfulUpdates>2</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>0</failedUpdates>",
		},
		"at once": {
			Settings{},
			nil, v2URL, threeRows, 0,
			"<status>complete</status><batchSize>3</batchSize>",
			"<consumedCount>3</consumedCount><successfulUpdates>2</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>0</failedUpdates>",
		},
		"v2 creates": {
			Settings{Known: []Visitor{}},
			nil, v2URL, threeRows, 0,
			"<status>complete</status><batchSize>3</batchSize>",
			"<consumedCount>3</consumedCount><successfulUpdates>2</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>0</failedUpdates>",
		},
		"v1 does not": {
			Settings{Known: []Visitor{{MboxPC, "1.28_0"}}},
			nil, v1URL, "batch=pcId,tier\n1.28_0,gold\n2.28_0,gold\n3.28_0,gold", 0,
			"<status>complete</status><batchSize>3</batchSize>",
			"<consumedCount>3</consumedCount><successfulUpdates>1</successfulUpdates><profilesNotFound>2</profilesNotFound><failedUpdates>0</failedUpdates>",
		},
		"rows that fail are named": {
			Settings{},
			[]Fault{{Kind: FaultFailRows, Visitor: "crm&<2"}, {Kind: FaultFailRows, Visitor: "someone else"}},
			v2URL, threeRows, 0,
			"<status>complete</status><batchSize>3</batchSize>",
			"<consumedCount>3</consumedCount><successfulUpdates>1</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>1</failedUpdates>",
		},
		"a stuck batch": {
			Settings{},
			[]Fault{{Kind: FaultStuck, Visitor: "crm-1"}},
			v2URL, threeRows, 0,
			"<status>stuck</status><batchSize>3</batchSize>",
			"<consumedCount>0</consumedCount><successfulUpdates>0</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>0</failedUpdates>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			tt.settings.Now, tt.settings.Faults = c.now, tt.faults
			e := newEmulator(t, tt.settings)
			address := submit(t, e, tt.url, tt.body)
			c.advance(tt.after)
			failed := ""
			if name == "rows that fail are named" {
				failed = "<profile><id>crm&amp;&lt;2</id><status>failed</status></profile>"
			}
			start := "<response><batchId>" + idIn(address) + "</batchId>"
			_, plain := ask(t, e, address, "&showDetails=false")
			assert.Equal(t, start+tt.want+failed+"</response>", plain)
			_, detailed := ask(t, e, address, "&showDetails=true")
			assert.Equal(t, start+tt.want+tt.details+failed+"</response>", detailed)
			assert.Equal(t, 2, e.Stats().Statuses)
		})
	}
}

func TestBatchStatus_RefusesAQuestion(t *testing.T) {
	e := newEmulator(t, Settings{Token: "s3cret"})
	r := postBatch(t, v2URL, goldBatch)
	r.Header.Set("Authorization", "Bearer s3cret")
	_, answer := serve(t, e, r)
	id := idIn(readSubmission(t, answer).BatchStatus)
	for name, tt := range map[string]struct {
		method, path, query string
		status              int
	}{
		"the question":             {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id, 200},
		"the whole question":       {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id + "&m2Node=00&showDetails=true", 200},
		"a POST":                   {http.MethodPost, "/m2/acme/profile/batchStatus", "batchId=" + id, 405},
		"an unknown batch":         {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id + "1", 404},
		"another's batch":          {http.MethodGet, "/m2/umbrella/profile/batchStatus", "batchId=" + id, 404},
		"a path with the version":  {http.MethodGet, "/m2/acme/v2/profile/batchStatus", "batchId=" + id, 404},
		"no batch":                 {http.MethodGet, "/m2/acme/profile/batchStatus", "m2Node=00", 400},
		"XML's way with an &":      {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id + "&amp;m2Node=00", 400},
		"an unknown parameter":     {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id + "&client=acme", 400},
		"the batch twice":          {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id + "&batchId=" + id, 400},
		"details, yes":             {http.MethodGet, "/m2/acme/profile/batchStatus", "batchId=" + id + "&showDetails=yes", 400},
		"at Adobe's edge":          {http.MethodGet, "//mboxedge45.tt.omtrdc.net/m2/acme/profile/batchStatus", "batchId=" + id, 200},
		"at another's own address": {http.MethodGet, "//umbrella.tt.omtrdc.net/m2/acme/profile/batchStatus", "batchId=" + id, 404},
	} {
		t.Run(name, func(t *testing.T) {
			address := "http:" + tt.path
			if !strings.HasPrefix(tt.path, "//") {
				address = "http://127.0.0.1" + tt.path
			}
			r := newRequest(t, tt.method, address, tt.query, "")
			r.Header.Set("Authorization", "Bearer s3cret")
			status, body := serve(t, e, r)
			assert.Equal(t, tt.status, status, body)
			if tt.status == 200 {
				r.Header.Set("Authorization", "Bearer another")
				status, _ = serve(t, e, r)
				assert.Equal(t, 403, status)
			}
		})
	}
}

func TestBatchStatus_IsKeptOfTheNewest(t *testing.T) {
	e := newEmulator(t, Settings{Bulk: Bulk{Keep: 2}})
	var addresses []string
	for _, id := range []string{"a", "b", "c"} {
		addresses = append(addresses, submit(t, e, v2URL, "batch=thirdPartyId,x\n"+id+",1"))
	}
	submit(t, e, strings.Replace(v2URL, "acme", "umbrella", 1), goldBatch)
	for i, want := range []int{404, 200, 200} {
		status, _ := ask(t, e, addresses[i], "")
		assert.Equal(t, want, status)
	}
	_, found := e.Profile(Mbox3rdPartyID, "a")
	assert.True(t, found, "though its status is forgotten")
	require.NoError(t, e.SetBulk(Bulk{}))
	status, _ := ask(t, e, addresses[0], "")
	assert.Equal(t, 200, status)
}

func TestBatch_TakesEffectAtItsTimeWhoeverLooks(t *testing.T) {
	for name, look := range map[string]func(*testing.T, *Emulator) bool{
		"a profile": func(_ *testing.T, e *Emulator) bool {
			p, found := e.Profile(Mbox3rdPartyID, "crm-1")
			return found && p.ModifiedAt.Equal(newClock().t.Add(time.Minute))
		},
		"all profiles": func(_ *testing.T, e *Emulator) bool { return len(e.Profiles()) == 1 },
		"the history": func(_ *testing.T, e *Emulator) bool {
			h := e.History("crm-1")
			return len(h) == 1 && h[0].Values["tier"][0] == "gold"
		},
		"the receipts": func(_ *testing.T, e *Emulator) bool {
			r := e.Receipts()[Mbox3rdPartyID]
			return len(r.Numbers) == 1 && r.Accepted == 1
		},
		"the stats": func(_ *testing.T, e *Emulator) bool {
			s := e.Stats()
			return s.Applied == 1 && s.AppliedParameters == 2 && s.Visitors == 1 && s.Parameters == 1
		},
		"the uploads": func(_ *testing.T, e *Emulator) bool { return e.Uploads()[0].Status == "complete" },
		"a fetch": func(t *testing.T, e *Emulator) bool {
			status, body := serve(t, e, newRequest(t, http.MethodGet, "http://127.0.0.1/rest/v1/profiles/thirdPartyId/crm-1", "client=acme", ""))
			return status == 200 && strings.Contains(body, `"value":"gold"`)
		},
		"the control": func(t *testing.T, e *Emulator) bool {
			_, body := controlCall(t, e, http.MethodGet, "profiles", "")
			return strings.Contains(body, "crm-1")
		},
		"an update, which is newer": func(t *testing.T, e *Emulator) bool {
			serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.tier=silver"))
			p, _ := e.Profile(Mbox3rdPartyID, "crm-1")
			return e.Stats().Applied == 2 && p.Attributes["tier"].Value == "silver"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			e := newEmulator(t, Settings{Now: c.now, History: true, Bulk: Bulk{Processing: time.Minute}})
			e.SetReceipts("r")
			submit(t, e, v2URL, "batch=thirdPartyId,tier,r7\ncrm-1,gold,1")
			c.advance(time.Minute - 1)
			if !strings.HasPrefix(name, "an update") {
				assert.False(t, look(t, e))
			}
			c.advance(time.Hour)
			assert.True(t, look(t, e))
		})
	}
}
