// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func attributesOf(t *testing.T, e *Emulator, id string) map[string]string {
	t.Helper()
	p, found := e.Profile(Mbox3rdPartyID, id)
	require.True(t, found)
	values := map[string]string{}
	for name, a := range p.Attributes {
		values[name] = a.Value
	}
	return values
}

func TestOverride_WhatTheNextBatchLacks(t *testing.T) {
	v1 := func(t *testing.T, e *Emulator) { submit(t, e, v1URL, "batch=thirdPartyId,d\ncrm-1,v1") }
	single := func(t *testing.T, e *Emulator) {
		serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.c=single&profile.a=single"))
	}
	visit := func(t *testing.T, e *Emulator) { serve(t, e, postDelivery(t, deliveryQuery, executeBody)) }
	for name, tt := range map[string]struct {
		override Override
		between  func(*testing.T, *Emulator)
		faults   []Fault
		want     map[string]string
	}{
		"is lost":                               {OverrideLostProperties, nil, nil, map[string]string{"b": "2", "x": "2"}},
		"is lost by default":                    {"", nil, nil, map[string]string{"b": "2", "x": "2"}},
		"is lost though an update came between": {OverrideLostProperties, single, nil, map[string]string{"b": "2", "c": "single", "x": "2"}},
		"is lost though a v1 batch came between, whose own stays": {
			OverrideLostProperties, v1, nil, map[string]string{"b": "2", "d": "v1", "x": "2"},
		},
		"stays if the visitor came between": {OverrideLostProperties, visit, nil, map[string]string{"a": "1", "b": "2", "x": "2", "tier": "gold"}},
		"stays in the other reading":        {OverrideLastValue, nil, nil, map[string]string{"a": "1", "b": "2", "x": "2"}},
		"stays if the row fails": {
			OverrideLostProperties, nil, []Fault{{Kind: FaultFailRows, Visitor: "crm-1"}}, map[string]string{"a": "1", "b": "1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{History: true, Bulk: Bulk{Override: tt.override, V1ThirdParty: true}})
			serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.a=0"))
			submit(t, e, v2URL, "batch=thirdPartyId,a,b\ncrm-1,1,1\ncrm-2,1,1")
			if tt.between != nil {
				tt.between(t, e)
			}
			require.NoError(t, e.SetFaults(tt.faults))
			submit(t, e, v2URL, "batch=thirdPartyId,b,x,a\ncrm-1,2,2")
			assert.Equal(t, tt.want, attributesOf(t, e, "crm-1"))
			assert.Equal(t, map[string]string{"a": "1", "b": "1"}, attributesOf(t, e, "crm-2"), "who is not in it")
			assert.Equal(t, len(tt.want)+2, e.Stats().Parameters)
			assert.Equal(t, "1", e.History("crm-1")[0].Values["a"][1], "the history keeps what was applied")
		})
	}
}

func TestOverride_LooksOneBatchBack(t *testing.T) {
	e := newEmulator(t, Settings{})
	for _, columns := range []string{"a,b\ncrm-1,1,1", "b\ncrm-1,2", "c\ncrm-1,3", "c\ncrm-1"} {
		submit(t, e, v2URL, "batch=thirdPartyId,"+columns)
	}
	assert.Equal(t, map[string]string{"c": "3"}, attributesOf(t, e, "crm-1"), "a row without a value is ignored")
}

func TestOverlaps_AreCallsOfVisitorsInABatchThatIsNotComplete(t *testing.T) {
	const batch = "batch=thirdPartyId,a,b\ncrm-1,1,2\ncrm-2,1,2"
	upload := func(body string) func(*testing.T, *Emulator) {
		return func(t *testing.T, e *Emulator) { serve(t, e, postBatch(t, v2URL, body)) }
	}
	single := func(t *testing.T, e *Emulator) { serve(t, e, postForm(t, goldUpdate)) }
	delivery := func(t *testing.T, e *Emulator) { serve(t, e, postDelivery(t, deliveryQuery, executeBody)) }
	lost := Fault{Kind: FaultStatus, Status: 502, Applied: true, Count: 1}
	for name, tt := range map[string]struct {
		fault Fault
		wait  time.Duration
		then  func(*testing.T, *Emulator)
		want  int
	}{
		"an update":                                 {Fault{}, 0, single, 1},
		"a Delivery call":                           {Fault{}, 0, delivery, 1},
		"both rows again":                           {Fault{}, 0, upload(batch), 2},
		"one row of a batch":                        {Fault{}, 0, upload("batch=thirdPartyId,a\ncrm-2,3\ncrm-3,3"), 1},
		"another visitor":                           {Fault{}, 0, upload("batch=thirdPartyId,a\ncrm-3,3"), 0},
		"the same id of the other kind":             {Fault{}, 0, upload("batch=pcId,a\ncrm-1,3"), 0},
		"an update that is refused":                 {Fault{}, 0, func(t *testing.T, e *Emulator) { serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.a=")) }, 0},
		"an update just before its time":            {Fault{}, time.Minute - 1, single, 1},
		"an update at its time":                     {Fault{}, time.Minute, single, 0},
		"a batch at its time":                       {Fault{}, time.Minute, upload(batch), 0},
		"the batch again, whose answer was lost":    {lost, 0, upload(batch), 0},
		"the batch again in another order":          {lost, 0, upload("batch=thirdPartyId,b,a\ncrm-2,2,1\ncrm-1,2,1"), 0},
		"a changed batch, whose answer was lost":    {lost, 0, upload("batch=thirdPartyId,a,b\ncrm-1,1,2\ncrm-2,1,3"), 1},
		"an update, though the answer was lost":     {lost, 0, single, 1},
		"the batch again, which had not been taken": {Fault{Kind: FaultReset, Count: 1}, 0, upload(batch + "3"), 0},
		"the batch again, whose answer was odd":     {Fault{Kind: FaultEntity, Count: 1}, 0, upload(batch), 2},
		"an update of a batch that will get stuck":  {Fault{Kind: FaultStuck}, 0, single, 1},
		"an update of a batch that is stuck":        {Fault{Kind: FaultStuck}, time.Minute, single, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			e := newEmulator(t, Settings{Now: c.now, Bulk: Bulk{Processing: time.Minute, V2PCID: true}})
			if tt.fault.Kind != "" {
				require.NoError(t, e.SetFaults([]Fault{tt.fault}))
			}
			func() {
				defer func() { _ = recover() }() // the connection is dropped
				serve(t, e, postBatch(t, v2URL, batch))
			}()
			c.advance(tt.wait)
			tt.then(t, e)
			assert.Equal(t, tt.want, e.Stats().Overlaps)
		})
	}
}

func TestOverlaps_LetAnOlderValueWin(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, Bulk: Bulk{Processing: time.Minute}, Sequences: []string{"seq"}})
	submit(t, e, v2URL, "batch=thirdPartyId,seq\ncrm-1,1")
	serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.seq=2"))
	require.NoError(t, e.SetBulk(Bulk{Processing: time.Second}))
	submit(t, e, v2URL, "batch=thirdPartyId,seq\ncrm-1,3")
	assert.Equal(t, "2", attributesOf(t, e, "crm-1")["seq"])
	c.advance(time.Second)
	assert.Equal(t, "3", attributesOf(t, e, "crm-1")["seq"])
	serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.seq=4"))
	c.advance(time.Minute)
	assert.Equal(t, "1", attributesOf(t, e, "crm-1")["seq"], "the first batch completes last")
	assert.Equal(t, 3, e.Stats().Overlaps)
	assert.Equal(t, 1, e.Stats().Disorders)
	serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.seq=5"))
	assert.Equal(t, 3, e.Stats().Overlaps, "no batch waits any more")
}

func TestBatches_OfTheSameTimeTakeEffectInTheirOrder(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, History: true, Bulk: Bulk{Processing: time.Second}})
	for _, value := range []string{"1", "2", "3"} {
		submit(t, e, v2URL, "batch=thirdPartyId,seq\ncrm-1,"+value)
	}
	c.advance(time.Second)
	assert.Equal(t, []string{"1", "2", "3"}, e.History("crm-1")[0].Values["seq"])
}

func TestBatches_WaitWhileOthersAreUploadedAndRead(t *testing.T) {
	e := newEmulator(t, Settings{Bulk: Bulk{Processing: 2 * time.Millisecond}})
	server := startServer(t, e)
	ended := make(chan int)
	for _, worker := range []string{"a", "b", "c", "d"} {
		go func() {
			taken := 0
			for n := range 10 {
				body := "batch=thirdPartyId,a\n" + strings.Repeat(worker, n+1) + ",1\nshared,1"
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/m2/acme/v2/profile/batchUpdate", strings.NewReader(body))
				if err != nil {
					break
				}
				r.Header.Set("Content-Type", formType)
				response, err := server.Client().Do(r)
				if err != nil {
					break
				}
				response.Body.Close()
				taken++
				e.Profiles()
				e.Uploads()
			}
			ended <- taken
		}()
	}
	for range 4 {
		assert.Equal(t, 10, <-ended)
	}
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(e.Uploads(), func(u Upload) bool { return u.Status == "incomplete" })
	}, time.Minute, time.Millisecond)
	stats := e.Stats()
	assert.Equal(t, []int{40, 80, 80, 41}, []int{stats.Uploads, stats.Rows, stats.Applied, stats.Visitors})
}
