// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	deliveryURL   = "http://127.0.0.1/rest/v1/delivery"
	deliveryQuery = "client=acme&sessionId=s1"
	executeBody   = `{"requestId":"q1","id":{"thirdPartyId":"crm-1"},"context":{"channel":"web"},"execute":{"mboxes":[` +
		`{"index":0,"name":"m","profileParameters":{"tier":"gold"}}]}}`
	notifyBody = `{"id":{"tntId":"1.28_0"},"context":{"channel":"web"},"notifications":[` +
		`{"id":"n1","type":"display","timestamp":1760000000000,"mbox":{"name":"m"},"profileParameters":{"tier":"gold"}}]}`
)

func postDelivery(t *testing.T, query, body string) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodPost, deliveryURL, query, body)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func parameters(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"p%d":"v"`, i))
	}
	return "{" + strings.Join(list, ",") + "}"
}

func TestDelivery_CreatesAProfileAndNamesWhatItDid(t *testing.T) {
	for name, tt := range map[string]struct {
		body, want string
		visitor    Visitor
	}{
		"execute": {executeBody, `{"status":200,"requestId":"q1","client":"acme","id":{"thirdPartyId":"crm-1","tntId":"bf34d0c4a3a7c0bc88e39dd0a1d9b9a4.45_0"},` +
			`"edgeHost":"mboxedge45.tt.omtrdc.net","execute":{"mboxes":[{"index":0,"name":"m"}]}}`, Visitor{Mbox3rdPartyID, "crm-1"}},
		"a notification": {notifyBody, `{"status":200,"requestId":"made-by-the-emulator","client":"acme","id":{"tntId":"1.28_0"},` +
			`"edgeHost":"mboxedge45.tt.omtrdc.net","notifications":[{"id":"n1"}]}`, Visitor{MboxPC, "1.28_0"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Known: []Visitor{}, Quota: Quota{Calls: 1}, Token: "s3cret"})
			for range 3 {
				status, body := serve(t, e, postDelivery(t, deliveryQuery, tt.body))
				assert.Equal(t, http.StatusOK, status)
				var got, want map[string]any
				require.NoError(t, json.Unmarshal([]byte(body), &got))
				require.NoError(t, json.Unmarshal([]byte(tt.want), &want))
				if name == "execute" {
					want["id"].(map[string]any)["tntId"] = got["id"].(map[string]any)["tntId"] // made up
				}
				assert.Equal(t, want, got)
			}
			p, found := e.Profile(tt.visitor.Parameter, tt.visitor.ID)
			require.True(t, found, "though an update would find nobody")
			assert.Equal(t, "gold", p.Attributes["tier"].Value)
			stats := e.Stats()
			assert.Equal(t, []int{3, 3, 3, 3, 1, 1, 0, 0}, []int{
				stats.Deliveries, stats.Billed, stats.Accepted, stats.Applied, stats.Sessions, stats.MaxInSession, stats.Attempts, stats.OverQuota,
			})
		})
	}
}

func TestDelivery_AProfileItCreatedTakesUpdates(t *testing.T) {
	e := newEmulator(t, Settings{Known: []Visitor{}})
	serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, 1, e.Stats().UnknownVisitors)
	serve(t, e, postDelivery(t, deliveryQuery, executeBody))
	serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.tier=silver"))
	p, _ := e.Profile(Mbox3rdPartyID, "crm-1")
	assert.Equal(t, "silver", p.Attributes["tier"].Value)
	assert.Equal(t, 1, e.Stats().UnknownVisitors)
}

func TestDelivery_BillsEachMbox(t *testing.T) {
	e := newEmulator(t, Settings{})
	second := `,{"index":1,"name":"m","profileParameters":` + parameters(50) + `}]}}`
	status, _ := serve(t, e, postDelivery(t, deliveryQuery, strings.Replace(executeBody, "]}}", second, 1)))
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, 2, e.Stats().Billed)
	assert.Equal(t, 51, e.Stats().Parameters)
}

func TestSessions_TheLocationOfAnMboxPCMakesNoOtherVisitor(t *testing.T) {
	s := newSessions()
	for id, session := range map[string]string{"1.28_0": "s1", "1.35_0": "s1", "1": "s1", "2.28_0": "s2"} {
		leave, refused := s.enter(sessionKey{"acme", session}, storeKey{client: "acme", visitor: Visitor{MboxPC, id}}, time.Now())
		require.Nil(t, refused, id)
		leave()
	}
}

func TestDecodeDelivery_GoesAHundredLevelsDeep(t *testing.T) {
	for levels, want := range map[int]string{
		100: "the JSON has an unknown member, or one of another type", 101: "the JSON is too deep", 5_000_000: "the JSON is too deep",
	} {
		require.EqualError(t, decodeDelivery([]byte(strings.Repeat("[", levels)+strings.Repeat("]", levels)), &deliveryWire{}), want)
	}
}

func TestDelivery_RefusesWhatAdobeWouldAndWhatIsNotSure(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	swap := func(old, with string) string {
		require.Contains(t, executeBody, old)
		return strings.Replace(executeBody, old, with, 1)
	}
	notify := func(old, with string) string {
		require.Contains(t, notifyBody, old)
		return strings.Replace(notifyBody, old, with, 1)
	}
	for name, tt := range map[string]struct {
		query, body string
		want        int
	}{
		"50 parameters":                  {deliveryQuery, swap(`{"tier":"gold"}`, parameters(50)), 200},
		"51 parameters":                  {deliveryQuery, swap(`{"tier":"gold"}`, parameters(51)), 400},
		"a name of 128 characters":       {deliveryQuery, swap("tier", long(128)), 200},
		"a name of 129 characters":       {deliveryQuery, swap("tier", long(129)), 400},
		"a blank name":                   {deliveryQuery, swap("tier", " "), 400},
		"a name with profile.":           {deliveryQuery, swap("tier", "profile.tier"), 400},
		"a reserved name":                {deliveryQuery, swap("tier", "user.tier"), 400},
		"a value of 256 characters":      {deliveryQuery, swap("gold", long(256)), 200},
		"a value of 257 characters":      {deliveryQuery, swap("gold", long(257)), 400},
		"a value of 256 units":           {deliveryQuery, swap("gold", strings.Repeat("😀", 128)), 200},
		"a value of 257 units":           {deliveryQuery, swap("gold", strings.Repeat("😀", 128)+"x"), 400},
		"a name of 128 units":            {deliveryQuery, swap("tier", strings.Repeat("😀", 64)), 200},
		"a name of 129 units":            {deliveryQuery, swap("tier", strings.Repeat("😀", 64)+"x"), 400},
		"an empty value":                 {deliveryQuery, swap("gold", ""), 400},
		"a value of null":                {deliveryQuery, swap(`"gold"`, "null"), 400},
		"a number for a value":           {deliveryQuery, swap(`"gold"`, "1"), 400},
		"a name twice":                   {deliveryQuery, swap(`"tier":"gold"`, `"tier":"gold","tier":"silver"`), 400},
		"an unknown member":              {deliveryQuery, swap(`"requestId"`, `"requestID2"`), 400},
		"a visitor twice":                {deliveryQuery, swap(`"crm-1"`, `"crm-1","tntId":"1"`), 400},
		"no visitor":                     {deliveryQuery, swap(`"thirdPartyId":"crm-1"`, ""), 400},
		"an impossible visitor":          {deliveryQuery, swap("crm-1", "a/b"), 400},
		"no channel":                     {deliveryQuery, swap(`"channel":"web"`, ""), 400},
		"no index":                       {deliveryQuery, swap(`"index":0,`, ""), 400},
		"an mbox without a name":         {deliveryQuery, swap(`"name":"m"`, `"name":""`), 400},
		"an mbox of clicks":              {deliveryQuery, swap(`"name":"m"`, `"name":"m-clicked"`), 400},
		"nothing to do":                  {deliveryQuery, `{"id":{"tntId":"1"},"context":{"channel":"web"}}`, 400},
		"no JSON":                        {deliveryQuery, "tier=gold", 400},
		"half of the JSON":               {deliveryQuery, executeBody[:len(executeBody)-1], 400},
		"something behind the JSON":      {deliveryQuery, executeBody + "{}", 400},
		"no UTF-8":                       {deliveryQuery, swap("gold", "\xff"), 400},
		"a notification of another kind": {deliveryQuery, notify("display", "view"), 400},
		"a notification without an id":   {deliveryQuery, notify("n1", ""), 400},
		"a notification without a time":  {deliveryQuery, notify("1760000000000", "0"), 400},
		"no session":                     {"client=acme", executeBody, 400},
		"a session with a slash":         {"client=acme&sessionId=a%2Fb", executeBody, 400},
		"a session of 129 characters":    {"client=acme&sessionId=" + strings.Repeat("s", 129), executeBody, 400},
		"another client code":            {"client=other&sessionId=s1", executeBody, 400},
		"something else in the query":    {deliveryQuery + "&a=b", executeBody, 400},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{ClientCode: "acme"})
			status, body := serve(t, e, postDelivery(t, tt.query, tt.body))
			assert.Equal(t, tt.want, status, body)
			if tt.want != http.StatusOK {
				assert.Regexp(t, `^\{"status":400,"message":".+"\}$`, body)
				assert.Equal(t, map[int]int{400: 1}, e.Stats().Malformed)
				assert.Zero(t, e.Stats().Billed)
				assert.NotContains(t, body, "crm-1")
			}
		})
	}
}

func TestDelivery_TakesNoTokenAndNoOtherFormOfCall(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(r *http.Request)
		want   int
	}{
		"a token":             {func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cret") }, 400},
		"a cookie":            {func(r *http.Request) { r.Header.Set("Cookie", "a=b") }, 400},
		"a form":              {func(r *http.Request) { r.Header.Set("Content-Type", formType) }, 415},
		"another charset":     {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=latin1") }, 415},
		"a compressed body":   {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		"a GET":               {func(r *http.Request) { r.Method = http.MethodGet }, 405},
		"a body that is huge": {func(r *http.Request) { r.ContentLength = 60_000_001 }, 413},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Token: "s3cret"})
			r := postDelivery(t, deliveryQuery, executeBody)
			tt.change(r)
			status, _ := serve(t, e, r)
			assert.Equal(t, tt.want, status)
		})
	}
}

func TestDelivery_ASessionIsOneVisitors(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now})
	call := func(session, visitor string) int {
		status, _ := serve(t, e, postDelivery(t, "client=acme&sessionId="+session, strings.Replace(executeBody, "crm-1", visitor, 1)))
		return status
	}
	assert.Equal(t, 200, call("s1", "crm-1"))
	assert.Equal(t, 400, call("s1", "crm-2"), "of nobody else, ever")
	c.advance(30*time.Minute - 1)
	assert.Equal(t, 400, call("s2", "crm-1"), "and the only one while it lasts")
	c.advance(1)
	assert.Equal(t, 200, call("s2", "crm-1"))
	assert.Equal(t, 400, call("s1", "crm-1"))
}

func TestDelivery_ManyCallsOfASessionAtOnceAreTooMany(t *testing.T) {
	s := newSessions()
	key, visitor := sessionKey{"acme", "s1"}, storeKey{client: "acme", visitor: Visitor{MboxPC, "1"}}
	var last func()
	for range maxInSession {
		leave, refused := s.enter(key, visitor, time.Time{})
		require.Nil(t, refused)
		last = leave
	}
	_, refused := s.enter(key, visitor, time.Time{})
	assert.Equal(t, &refusal{status: 420, message: "Too many requests with same session ID"}, refused)
	last()
	_, refused = s.enter(key, visitor, time.Time{})
	assert.Nil(t, refused)
}

func TestDelivery_HasTheFaultsOfUpdates(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  Fault
		status int
		body   string
		billed int
	}{
		"a status":                {Fault{Kind: FaultStatus, Status: 503}, 503, `^\{"status":503,`, 0},
		"a message under 200":     {Fault{Kind: FaultRefuse}, 200, `^\{"status":400,"message":"the call is refused"\}$`, 0},
		"a page":                  {Fault{Kind: FaultGarbage}, 200, `^<!DOCTYPE html>`, 0},
		"nothing that names it":   {Fault{Kind: FaultSilent}, 200, `"edgeHost":"mboxedge45.tt.omtrdc.net"\}$`, 0},
		"one that takes effect":   {Fault{Kind: FaultSilent, Applied: true}, 200, `"edgeHost":"mboxedge45.tt.omtrdc.net"\}$`, 1},
		"one of this visitor":     {Fault{Kind: FaultRefuse, Visitor: "crm-1"}, 200, `message`, 0},
		"none of another visitor": {Fault{Kind: FaultRefuse, Visitor: "crm-2"}, 200, `"execute":`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Faults: []Fault{tt.fault}})
			status, body := serve(t, e, postDelivery(t, deliveryQuery, executeBody))
			assert.Equal(t, tt.status, status)
			assert.Regexp(t, tt.body, body)
			assert.Equal(t, tt.billed, e.Stats().Billed)
		})
	}
}

func FuzzParseDelivery(f *testing.F) {
	for _, seed := range []string{executeBody, notifyBody, `{"id":{"tntId":"1","tntId":"2"}}`, `[[[`, "{\"\xff\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, refused := parseDelivery(body, maxThirdPartyIDLength)
		if refused != nil {
			assert.Equal(t, http.StatusBadRequest, refused.status)
			return
		}
		require.NoError(t, d.visitor.validate(maxThirdPartyIDLength))
		assert.Positive(t, d.billed)
		for _, p := range d.parameters {
			require.NoError(t, validateName(p.name))
			assert.NotEmpty(t, p.value)
		}
	})
}
