// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// fetched is Adobe's answer to a profile fetch.
type fetched struct {
	Client            string                      `json:"client"`
	VisitorID         string                      `json:"visitorId"`
	ModifiedAt        string                      `json:"modifiedAt"`
	ProfileAttributes map[string]fetchedAttribute `json:"profileAttributes"`
}

type fetchedAttribute struct {
	Value      string `json:"value"`
	ModifiedAt string `json:"modifiedAt"`
}

// serveFetch answers what an update did: {tntId}?client=… and thirdPartyId/{id}?client=….
func (e *Emulator) serveFetch(w http.ResponseWriter, r *http.Request, rest string) {
	world := e.current()
	world.counters.fetches.Add(1)
	world.calls.add(r, nil, e.settings.Now())
	watching(w).brings(routeFetch, "", nil)
	found, a := e.fetch(world, r, rest)
	if a.status != 0 {
		e.respond(w, r, a)
		return
	}
	world.counters.fetched.Add(1)
	watching(w).brings(routeFetch, found.Client, nil)
	watching(w).ofVisitor(Visitor{Parameter: found.Parameter, ID: found.ID})
	e.respond(w, r, jsonAnswer(http.StatusOK, fetchedOf(found, e.settings.Now().Add(-e.single.Load().Lag))))
}

// fetch finds the profile or the answer that says why not.
func (e *Emulator) fetch(world *world, r *http.Request, rest string) (Profile, answer) {
	if r.Method != http.MethodGet {
		a := jsonError(http.StatusMethodNotAllowed, "use GET")
		a.allow = http.MethodGet
		return Profile{}, a
	}
	if !e.authorized(r) {
		return Profile{}, unauthorized(nil)
	}
	visitor, ok := fetchedVisitor(rest)
	if !ok || visitor.validate(e.settings.ThirdPartyIDLength) != nil {
		return Profile{}, jsonError(http.StatusBadRequest, "the path names no possible visitor")
	}
	pairs, refused := parseForm(r.URL.RawQuery)
	if refused != nil || len(pairs) != 1 || pairs[0].name != "client" {
		return Profile{}, jsonError(http.StatusBadRequest, "the query must be client=<client code>")
	}
	client, served := e.clientOf(r.Host, pairs[0].value)
	if !served {
		return Profile{}, jsonError(http.StatusNotFound, "no such client code")
	}
	if found, ok := world.store.profile(storeKey{client: client, visitor: visitor}); ok {
		return found, answer{}
	}
	if _, known := e.known[visitor]; known {
		return Profile{Client: client, Parameter: visitor.Parameter, ID: visitor.ID, ModifiedAt: world.started}, answer{}
	}
	return Profile{}, jsonError(http.StatusNotFound, "No profile found for this client and visitor")
}

func fetchedVisitor(rest string) (Visitor, bool) {
	v := Visitor{Parameter: MboxPC}
	if id, isThirdParty := strings.CutPrefix(rest, "thirdPartyId/"); isThirdParty {
		v.Parameter, rest = Mbox3rdPartyID, id
	}
	id, err := url.PathUnescape(rest)
	if err != nil || strings.Contains(rest, "/") || !utf8.ValidString(id) {
		return Visitor{}, false
	}
	v.ID = id
	return v, true
}

// fetchedOf shows what was there at a time.
func fetchedOf(p Profile, at time.Time) fetched {
	f := fetched{
		Client:            p.Client,
		VisitorID:         p.ID,
		ModifiedAt:        iso8601(p.ModifiedAt),
		ProfileAttributes: make(map[string]fetchedAttribute, len(p.Attributes)),
	}
	for name, a := range p.Attributes {
		if a.ModifiedAt.After(at) {
			continue
		}
		f.ProfileAttributes[name] = fetchedAttribute{Value: a.Value, ModifiedAt: iso8601(a.ModifiedAt)}
	}
	return f
}

func iso8601(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
