// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fetchRequest(t *testing.T, path, query string) *http.Request {
	t.Helper()
	return newRequest(t, http.MethodGet, "http://127.0.0.1/rest/v1/profiles/"+path, query, "")
}

func TestAFetchShowsWhatUpdatesDid(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now})
	serve(t, e, postForm(t, "mboxPC=1368.01_00&profile.tier=silver&profile.note=R%26D+%C3%A9"))
	c.advance(1500 * time.Millisecond)
	serve(t, e, postForm(t, "mboxPC=1368.01_00&profile.tier=gold"))
	serve(t, e, postForm(t, "mbox3rdPartyId=a+b%C3%A9&profile.tier=bronze"))

	recorded := httptest.NewRecorder()
	e.ServeHTTP(recorded, fetchRequest(t, "1368.01_00", "client=acme"))
	assert.Equal(t, http.StatusOK, recorded.Code)
	assert.Equal(t, "application/json; charset=utf-8", recorded.Header().Get("Content-Type"))
	assert.JSONEq(t, `{
		"client": "acme", "visitorId": "1368.01_00", "modifiedAt": "2026-03-01T12:00:01.500Z",
		"profileAttributes": {
			"tier": {"value": "gold", "modifiedAt": "2026-03-01T12:00:01.500Z"},
			"note": {"value": "R&D é", "modifiedAt": "2026-03-01T12:00:00.000Z"}
		}}`, recorded.Body.String())

	status, body := serve(t, e, fetchRequest(t, "thirdPartyId/a%20b%C3%A9", "client=acme"))
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `"value":"bronze"`)
	assert.Equal(t, 2, e.Stats().Fetches)
	assert.Equal(t, 2, e.Stats().Fetched)
	assert.Equal(t, 3, e.Stats().Attempts, "a fetch is no update attempt")
}

func TestFetchesThatFindNothing(t *testing.T) {
	for _, test := range []struct {
		name, path, query string
		status            int
	}{
		{"an unknown visitor", "thirdPartyId/crm-2", "client=acme", 404},
		{"a third-party id taken for a pcId", "crm-1", "client=acme", 404},
		{"another client code", "thirdPartyId/crm-1", "client=umbrella", 404},
		{"no client code", "thirdPartyId/crm-1", "", 400},
		{"an empty client code", "thirdPartyId/crm-1", "client=", 404},
		{"a client code twice", "thirdPartyId/crm-1", "client=acme&client=acme", 400},
		{"another parameter", "thirdPartyId/crm-1", "client=acme&x=y", 400},
		{"a query that cannot be read", "thirdPartyId/crm-1", "client=%", 400},
		{"no visitor", "", "client=acme", 400},
		{"no third-party id", "thirdPartyId/", "client=acme", 400},
		{"an id over two segments", "thirdPartyId/crm-1/x", "client=acme", 400},
		{"an id with an escaped slash", "thirdPartyId/crm%2F1", "client=acme", 400},
		{"an id that is not UTF-8", "thirdPartyId/%FF", "client=acme", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{ClientCode: "acme"})
			serve(t, e, postForm(t, goldUpdate))
			status, body := serve(t, e, fetchRequest(t, test.path, test.query))

			assert.Equal(t, test.status, status)
			assert.Contains(t, body, `"message":`)
			assert.NotContains(t, body, "crm")
			assert.Equal(t, 1, e.Stats().Fetches)
			assert.Zero(t, e.Stats().Fetched)
		})
	}
}

func TestAFetchIsAGet(t *testing.T) {
	e := newEmulator(t, Settings{})
	r := fetchRequest(t, "1", "client=acme")
	r.Method = http.MethodPost
	status, _ := serve(t, e, r)
	assert.Equal(t, http.StatusMethodNotAllowed, status)
}

func TestAKnownVisitorIsThereBeforeItsFirstUpdate(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, Known: []Visitor{{MboxPC, "1"}}})
	status, body := serve(t, e, fetchRequest(t, "1", "client=acme"))
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"client":"acme","visitorId":"1","modifiedAt":"2026-03-01T12:00:00.000Z","profileAttributes":{}}`, body)
}

func TestTheTokenGuardsUpdatesAndFetches(t *testing.T) {
	for _, test := range []struct {
		name          string
		authorization []string
		passes        bool
	}{
		{"the token", []string{"Bearer s3cret"}, true},
		{"the scheme in another case", []string{"bearer s3cret"}, true},
		{"no header", nil, false},
		{"another token", []string{"Bearer s3cret2"}, false},
		{"a part of the token", []string{"Bearer s3cre"}, false},
		{"the token in another case", []string{"Bearer S3CRET"}, false},
		{"the token alone", []string{"s3cret"}, false},
		{"the token with a space too many", []string{"Bearer  s3cret"}, false},
		{"another scheme", []string{"Basic s3cret"}, false},
		{"an empty header", []string{""}, false},
		{"two headers", []string{"Bearer s3cret", "Bearer s3cret"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{Token: "s3cret", Known: []Visitor{{Mbox3rdPartyID, "crm-1"}}})
			for _, r := range []*http.Request{postForm(t, goldUpdate), fetchRequest(t, "thirdPartyId/crm-1", "client=acme")} {
				if test.authorization != nil {
					r.Header["Authorization"] = test.authorization
				}
				status, body := serve(t, e, r)
				if test.passes {
					assert.Equal(t, http.StatusOK, status)
					continue
				}
				assert.Equal(t, http.StatusForbidden, status)
				assert.JSONEq(t, `{"status":403,"message":"the bearer token is missing or not valid"}`, body)
			}
			if !test.passes {
				assert.Equal(t, 1, e.Stats().Unauthorized, "a fetch is counted apart")
				assert.Empty(t, e.Profiles())
			}
		})
	}
}

func TestATokenCanBeReplaced(t *testing.T) {
	e := newEmulator(t, Settings{Token: "old"})
	withToken := func(token string) *http.Request {
		r := postForm(t, goldUpdate)
		r.Header.Set("Authorization", "Bearer "+token)
		return r
	}
	e.SetToken("new")
	status, _ := serve(t, e, withToken("old"))
	assert.Equal(t, http.StatusForbidden, status)
	status, _ = serve(t, e, withToken("new"))
	require.Equal(t, http.StatusOK, status)
	e.SetToken("")
	status, _ = serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, http.StatusOK, status)
}
