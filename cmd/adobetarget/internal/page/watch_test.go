// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// send makes a call of the API and returns its answer.
func send(t *testing.T, method, address, contentType, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response
}

const formType = "application/x-www-form-urlencoded"

func update(t *testing.T, address, id, name, value string) *http.Response {
	t.Helper()
	form := url.Values{"mbox3rdPartyId": {id}, "profile." + name: {value}}
	return send(t, http.MethodPost, address+"/m2/acme/profile/update", formType, form.Encode())
}

// upload makes many visitors, crm-000001 and so on.
func upload(t *testing.T, address string, visitors int) {
	t.Helper()
	var body strings.Builder
	body.WriteString("batch=thirdPartyId,tier\n")
	for n := range visitors {
		fmt.Fprintf(&body, "crm-%06d,gold\n", n+1)
	}
	response := send(t, http.MethodPost, address+"/m2/acme/v2/profile/batchUpdate", formType, body.String())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestWatch_BeginsWithWhatToDo(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	p.waitText("#connection", "Live")
	p.waitText("#first-call", "curl --data-raw 'mbox3rdPartyId=crm-1&profile.tier=gold' "+address+"/m2/demo/profile/update")
	p.waitText("#calls-empty", "make run")
	p.waitText("#visitors-empty", "None yet")
	p.waitText("#batches-empty", "make run ROUTE=bulk")
	p.waitText("#faults-none", "None is active")

	loaded := eval[[]string](p, `performance.getEntriesByType('resource').map((e) => new URL(e.name).origin)`)
	assert.NotEmpty(t, loaded)
	for _, origin := range loaded {
		assert.Equal(t, address, origin, "all is loaded from the emulator itself")
	}
}

func TestWatch_ShowsACallAndItsVisitorWithoutAReload(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	p.waitText("#connection", "Live")
	update(t, address, "crm-1", "tier", "gold")

	p.waitText("#calls td", "crm-1")
	p.waitText("#calls td", "200 accepted")
	p.waitText("#visitors td", "crm-1")
	p.click("#visitors tbody button")
	p.waitText("#attributes td", "gold")
	p.waitText("#visitor-calls li", "200 accepted")

	update(t, address, "crm-1", "tier", "platinum")
	p.waitText("#attributes td", "platinum")
	p.wait(`document.querySelectorAll('#visitor-calls li').length === 2`)
	p.waitText("#figures", "Updates2")

	send(t, http.MethodGet, address+"/elsewhere", "", "")
	p.waitText("#calls td", "404 not found")
}

func TestWatch_HoldsTheListWhileItIsPausedOrRead(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	update(t, address, "crm-1", "tier", "gold")
	p.waitText("#calls td", "crm-1")
	p.click("#calls-pause")
	update(t, address, "crm-2", "tier", "gold")
	p.waitText("#calls-newer", "Show 1 new call")
	assert.Equal(t, 1, eval[int](p, `document.querySelectorAll('#calls tbody tr').length`))
	p.click("#calls-pause")
	p.waitText("#calls td", "crm-2")

	eval[any](p, `(document.querySelector('#calls tbody tr:last-child button').focus(), null)`)
	update(t, address, "crm-3", "tier", "gold")
	p.waitText("#calls-newer", "Show 1 new call")
	assert.Equal(t, "crm-2", eval[string](p, `document.querySelector('#calls tbody tr .id').textContent`))
	p.click("#calls-newer")
	p.waitText("#calls td", "crm-3")
	update(t, address, "crm-4", "tier", "gold")
	p.waitText("#calls td", "crm-4")
}

func TestWatch_FindsOneOfManyVisitors(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	upload(t, address, 100_000)
	p := open(t, address)
	p.waitText("#visitors-note", "100,000 visitors")
	p.waitText("#page-note", "1–50 of 100,000")
	assert.Equal(t, 50, eval[int](p, `document.querySelectorAll('#visitors tbody tr').length`))
	p.click("#page-after")
	p.waitText("#visitors td", "crm-000051")

	p.fill("#search", "RM-0999")
	p.waitText("#visitors-note", "100 of 100,000")
	p.fill("#search", "CRM-099999")
	p.waitText("#visitors-note", "1 of 100,000")
	assert.Equal(t, []string{"crm-099999"}, eval[[]string](p, `[...document.querySelectorAll('#visitors tbody .id')].map((e) => e.textContent)`))
	p.fill("#search", "nobody")
	p.waitText("#visitors-empty", "No id has that in it.")

	p.waitText("#batches td", "complete")
	p.waitText("#batches td", "100,000 updated")
	p.waitText("#calls td", "100,000 rows")
	widest := eval[int](p, `Math.max(...performance.getEntriesByType('resource').filter((e) => e.name.includes('/visitors')).map((e) => e.encodedBodySize))`)
	assert.Less(t, widest, 20_000, "no more than a page of visitors is sent")
}

func TestWatch_SwitchesFaultsOnAndOff(t *testing.T) {
	e, address := serve(t, emulator.Settings{})
	p := open(t, address)
	p.waitText("#connection", "Live")
	p.fill("#faults-form [name=count]", "3")
	p.clickOn("503, Retry-After 10 s")
	p.waitText("#faults li", "Status 503, Retry-After 10 s, 3 left")

	response := update(t, address, "crm-1", "tier", "gold")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Equal(t, "10", response.Header.Get("Retry-After"))
	p.waitText("#faults li", "2 left")
	p.waitText("#calls td", "503 fault")

	p.clickOn("Lift")
	p.waitText("#faults-none", "None is active")
	assert.Equal(t, http.StatusOK, update(t, address, "crm-1", "tier", "gold").StatusCode)

	p.fill("#faults-form [name=count]", "")
	p.clickOn("10 % fail with 500")
	p.clickOn("Slow answers, 2 s")
	p.waitText("#faults li", "Status 500, 10 % of the calls, until lifted")
	p.waitText("#faults li", "Answers take 2 s or more")
	p.clickOn("Lift all")
	p.waitText("#faults-none", "None is active")
	assert.Empty(t, e.Faults())
}

func TestWatch_SaysWhatIsWrongWithAFault(t *testing.T) {
	_, address := serve(t, emulator.Settings{Faults: []emulator.Fault{{Kind: emulator.FaultHang, Visitor: "crm-9"}}})
	p := open(t, address)
	p.waitText("#faults li", "No answer comes, visitor crm-9, until lifted")
	eval[any](p, `(fetch = () => Promise.reject(new Error('no network')), null)`)
	p.clickOn("Hang")
	p.waitText("#faults-note", "That is not possible: the emulator does not answer.")
}

func TestWatch_ShowsTheQuotaFill(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	p.waitText("#quota-note", "no limit, counted over 24 h")
	update(t, address, "crm-1", "tier", "gold")
	p.waitText("#quota-windows", "1 attempt acme")

	p.click("#quota-form summary, details summary")
	p.fill("#quota-form [name=calls]", "2")
	p.fill("#quota-form [name=window]", "1h")
	p.clickOn("Set")
	p.waitText("#quota-note", "2 calls in any 1 h")
	for range 3 {
		update(t, address, "crm-1", "tier", "gold")
	}
	p.waitText("#quota-windows", "3 of 2 acme")
	p.waitText("#quota-windows", "full, frees in")
	p.waitText("#calls td", "429 over quota")
	p.wait(`document.querySelectorAll('#quota-windows rect').length === 1`)
}

func TestWatch_StartsOver(t *testing.T) {
	e, address := serve(t, emulator.Settings{})
	p := open(t, address)
	update(t, address, "crm-1", "tier", "gold")
	p.waitText("#visitors td", "crm-1")
	p.click("#reset")
	p.waitText("#sure", "All profiles")
	p.click("#reset-sure")
	p.waitText("#visitors-empty", "None yet")
	p.waitText("#calls-empty", "No calls yet")
	assert.Empty(t, e.Profiles())
}

func TestWatch_APageInTheBackgroundLeavesTheConnectionToOthers(t *testing.T) {
	e, err := emulator.New(emulator.Settings{RecentCalls: 1000})
	require.NoError(t, err)
	var followed atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_emulator/events" {
			followed.Add(1)
			defer followed.Add(-1)
		}
		page.New(e).ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		e.Close()
		server.CloseClientConnections()
		server.Close()
	})
	address := server.URL
	p := open(t, address)
	p.waitText("#connection", "Live")
	update(t, address, "crm-1", "tier", "gold")
	p.waitText("#calls td", "crm-1")
	hide := func(is bool) {
		eval[any](p, fmt.Sprintf(`(Object.defineProperty(document, 'hidden', { value: %t, configurable: true }), document.dispatchEvent(new Event('visibilitychange')), null)`, is))
	}
	hide(true)
	require.Eventually(t, func() bool { return followed.Load() == 0 }, waitFor, tick)
	eval[any](p, `(document.querySelector('#calls tbody tr').dataset.before = 'yes', null)`)
	update(t, address, "crm-2", "tier", "gold")

	hide(false)
	p.waitText("#calls td", "crm-2")
	assert.Equal(t, 2, eval[int](p, `document.querySelectorAll('#calls tbody tr').length`))
	assert.Equal(t, "yes", eval[string](p, `document.querySelector('#calls tbody tr:last-child').dataset.before`), "it goes on where it was")
}

func TestWatch_AVisitorWhoIsChosenIsSeen(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	for i := range 30 {
		update(t, address, fmt.Sprint("crm-", i), "tier", "gold")
	}
	p.waitText("#calls td", "crm-29")
	p.waitText("#visitors td", "crm-29")
	p.click("#calls tbody .id")
	p.waitText("#attributes td", "gold")
	p.wait(`(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(document.querySelector('#attributes').getBoundingClientRect())`)
}

func TestWatch_WhatIsWrongWithTheQuotaStaysToBeRead(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	p.ignore = true // the console tells of a status of 400
	p.waitText("#connection", "Live")
	set := func(window string) {
		eval[any](p, fmt.Sprintf(`((form) => {
			form.closest('details').open = true;
			form.elements.calls.value = '5'; form.elements.window.value = %q; form.requestSubmit();
			return null;
		})(document.querySelector('#quota-form'))`, window))
	}
	set("1.5.5s")
	p.waitText("#quota-form", "a duration is written as 1h30m")
	update(t, address, "crm-1", "tier", "gold")
	p.waitText("#quota-windows", "1 attempt")
	p.waitText("#quota-form", "a duration is written as 1h30m")
	set("1m")
	p.waitText("#quota-note", "5 calls in any 1 min")
	p.wait(`!document.querySelector('#quota-form [role="alert"]').checkVisibility()`)
}

func TestWatch_AnEmulatorThatIsGoneIsNamedWhereSomethingIsAsked(t *testing.T) {
	e, err := emulator.New(emulator.Settings{RecentCalls: 1})
	require.NoError(t, err)
	server := httptest.NewServer(page.New(e))
	p := open(t, server.URL)
	p.waitText("#connection", "Live")
	p.ignore = true // the console tells of the connection
	e.Close()
	server.CloseClientConnections()
	server.Close()
	p.waitText("#connection", "Connecting again")
	p.clickOn("429")
	p.waitText("#faults-note", "the emulator does not answer")
	p.click("#reset")
	p.click("#reset-sure")
	p.waitText("#sure-note", "the emulator does not answer")
}

func TestWatch_ManyBatchesLeaveThePageItsLength(t *testing.T) {
	e, address := serve(t, emulator.Settings{})
	p := open(t, address)
	for range 40 {
		upload(t, address, 1)
	}
	require.Len(t, e.Uploads(), 40)
	p.wait(`document.querySelectorAll('#batches tbody tr').length === 40`)
	assert.Less(t, eval[float64](p, `document.querySelector('#batches-scroll').clientHeight`), 500.0)
	send(t, http.MethodGet, address+"/m2/acme/profile/batchStatus?batchId="+e.Uploads()[0].ID, "", "")
	p.waitText("#calls td", "bulk status")
	assert.Equal(t, 1, eval[int](p, `new Set([...document.querySelectorAll('#calls td:nth-child(2)')].map((e) => e.clientHeight)).size`), "a row has one line")
}
