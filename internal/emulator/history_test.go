// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheHistoryKeepsAppliedValuesInTheOrderOfArrival(t *testing.T) {
	e := newEmulator(t, Settings{History: true})
	for _, body := range []string{
		"mbox3rdPartyId=crm-1&profile.tier=silver&profile.store=7",
		"mbox3rdPartyId=crm-2&profile.tier=bronze",
		"mbox3rdPartyId=crm-1&profile.tier=gold",
		"mbox3rdPartyId=crm-1&profile.tier=gold",
		"mbox3rdPartyId=crm-1&profile.tier=",
		"mboxPC=crm-1&profile.tier=iron",
	} {
		serve(t, e, postForm(t, body))
	}
	expected := []History{
		{"acme", Mbox3rdPartyID, "crm-1", map[string][]string{"tier": {"silver", "gold", "gold"}, "store": {"7"}}},
		{"acme", MboxPC, "crm-1", map[string][]string{"tier": {"iron"}}},
	}
	assert.Equal(t, expected, e.History("crm-1"))
	assert.Empty(t, e.History("crm-3"))

	status, body := controlCall(t, e, http.MethodGet, "history?visitor=crm-2", "")
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `[{"client":"acme","parameter":"mbox3rdPartyId","id":"crm-2","values":{"tier":["bronze"]}}]`, body)
}

func TestNoHistoryIsKeptUnasked(t *testing.T) {
	e := newEmulator(t, Settings{})
	serve(t, e, postForm(t, goldUpdate))
	assert.Empty(t, e.History("crm-1"))
}

func TestASequenceMustRise(t *testing.T) {
	for _, test := range []struct {
		name     string
		values   string
		expected sequenceCounts
	}{
		{"rising", "1 2 3", sequenceCounts{}},
		{"with gaps, as merging makes them", "1 5 9", sequenceCounts{}},
		{"from below zero", "-5 0 5", sequenceCounts{}},
		{"not as text", "9 10", sequenceCounts{}},
		{"a repeat", "1 2 2", sequenceCounts{repeats: 1}},
		{"a step back", "1 3 2", sequenceCounts{disorders: 1}},
		{"everything below the highest so far", "5 1 2 3 6", sequenceCounts{disorders: 3}},
		{"a first value that is 0", "0 0", sequenceCounts{repeats: 1}},
		{"no number", "1 x 2", sequenceCounts{notNumbers: 1}},
		{"a fraction", "1 1.5 2", sequenceCounts{notNumbers: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{Sequences: []string{"seq"}})
			for i, value := range strings.Fields(test.values) {
				serve(t, e, postForm(t, "mboxPC=1&profile.seq="+value+"&profile.other="+strconv.Itoa(100-i)))
				serve(t, e, postForm(t, "mboxPC=2&profile.seq="+strconv.Itoa(i)))
			}
			stats := e.Stats()
			assert.Equal(t, test.expected, sequenceCounts{stats.Disorders, stats.Repeats, stats.NotNumbers})
		})
	}
}

func TestARetryOfAnUpdateThatTookEffectIsARepeat(t *testing.T) {
	e := newEmulator(t, Settings{Sequences: []string{"seq"}, Faults: []Fault{
		{Kind: FaultStatus, Status: 503, Count: 1},
		{Kind: FaultStatus, Status: 503, Count: 1, Applied: true},
	}})
	assert.Equal(t, []int{503, 503, 200}, statuses(t, e, 3, "mboxPC=1&profile.seq=1"))
	assert.Equal(t, 1, e.Stats().Repeats)
	assert.Equal(t, 2, e.Stats().Applied)
}

func TestCallsAreRecordedAsTheyCame(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, RecordCalls: 3})
	r := postForm(t, goldUpdate)
	r.Header.Set("User-Agent", "test")
	serve(t, e, r)
	r.Header.Set("User-Agent", "changed")
	serve(t, e, newRequest(t, http.MethodGet, "http://x/_emulator/stats", "", ""))
	serve(t, e, fetchRequest(t, "a%20b", "client=acme"))
	serve(t, e, newRequest(t, http.MethodGet, "http://x/nowhere", "", ""))
	serve(t, e, postForm(t, goldUpdate))

	calls := e.Calls()
	require.Len(t, calls, 3, "recording is bounded and leaves out the control")
	assert.Equal(t, Call{
		Method: http.MethodPost, Host: "127.0.0.1", Path: "/m2/acme/profile/update",
		Header: http.Header{"Content-Type": {formType}, "User-Agent": {"test"}},
		Body:   []byte(goldUpdate), At: c.now(),
	}, calls[0])
	assert.Equal(t, "/rest/v1/profiles/a%20b", calls[1].Path)
	assert.Equal(t, "client=acme", calls[1].RawQuery)
	assert.Equal(t, "/nowhere", calls[2].Path)
}

func TestNoCallIsRecordedUnasked(t *testing.T) {
	e := newEmulator(t, Settings{})
	serve(t, e, postForm(t, goldUpdate))
	assert.Empty(t, e.Calls())
}
