// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"strings"
)

const (
	maxDeliveryBytes = 60_000_000
	edgeHost         = "mboxedge45.tt.omtrdc.net"
)

// serveDelivery looks at the call, its session and the faults, in this order.
func (e *Emulator) serveDelivery(w http.ResponseWriter, r *http.Request) {
	world := e.current()
	world.counters.deliveries.Add(1)
	world.counters.concurrent(e.inFlight.Add(1))
	defer e.inFlight.Add(-1)
	at := e.settings.Now()
	body, refused := readDelivery(r)
	world.calls.add(r, body, at)
	watching(w).brings(RouteDelivery, "", body)
	var session sessionKey
	if refused == nil {
		session, refused = e.deliverySession(r)
	}
	var d delivery
	if refused == nil {
		d, refused = parseDelivery(body, e.settings.ThirdPartyIDLength)
	}
	if refused != nil {
		e.refuseDelivery(w, r, world, refused)
		return
	}
	leave, refused := world.sessions.enter(session, storeKey{client: session.client, visitor: d.visitor}, at)
	if refused != nil {
		e.refuseDelivery(w, r, world, refused)
		return
	}
	defer leave()
	if gone(r) {
		return
	}
	e.deliver(w, r, world, call{client: session.client, at: at}, d)
}

// gone reports whether a call's client has gone before the call was looked at, as that of a process that was
// killed. Where the emulator got no processor for so long, the call would be late by more than any network makes it,
// and be taken for one out of order that the next process has made.
func gone(r *http.Request) bool { return r.Context().Err() != nil }

// deliver sets the parameters, creates the profile where there is none, and says what was done.
func (e *Emulator) deliver(w http.ResponseWriter, r *http.Request, world *world, c call, d delivery) {
	key := storeKey{client: c.client, visitor: d.visitor}
	watching(w).brings(RouteDelivery, c.client, nil)
	watching(w).ofVisitor(d.visitor)
	world.judge(key)
	fault, faulted := e.faults.next(RouteDelivery, d.visitor.is)
	if !faulted || fault.Applied {
		world.counters.billed.Add(int64(d.billed))
		world.store.visited(key)
		world.write(c, d.update, !faulted)
	}
	good := d.answer(c.client)
	if !faulted {
		world.counters.accepted.Add(1)
		e.respond(w, r, good)
		return
	}
	world.counters.faulted.Add(1)
	watching(w).met(fault)
	if fault.Applied {
		world.counters.faultedApplied.Add(1)
	}
	silent := d
	silent.mboxes, silent.notifications = nil, nil
	refused := jsonError(http.StatusBadRequest, "the call is refused")
	refused.status = http.StatusOK
	e.act(w, r, fault, replies{good: good, refused: refused, silent: silent.answer(c.client)})
}

func (e *Emulator) refuseDelivery(w http.ResponseWriter, r *http.Request, world *world, refused *refusal) {
	world.counters.countRefusal(refused.status)
	watching(w).refusedFor(refused)
	a := jsonError(refused.status, refused.message)
	a.hangUp = refused.leavesBody()
	if refused.status == http.StatusMethodNotAllowed {
		a.allow = http.MethodPost
	}
	e.respond(w, r, a)
}

// readDelivery returns the body of a call that may be one of the Delivery API.
func readDelivery(r *http.Request) ([]byte, *refusal) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, message: "the body has more than 60 MB"}
	switch {
	case r.Method != http.MethodPost:
		return nil, &refusal{status: http.StatusMethodNotAllowed, message: "use POST"}
	case len(r.Header.Values("Content-Encoding")) > 0:
		return nil, unsupported("a Content-Encoding is not accepted")
	case r.ContentLength > maxDeliveryBytes:
		return nil, tooLarge
	case !isJSON(r.Header.Values("Content-Type")):
		return nil, unsupported("the body must be application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDeliveryBytes+1))
	switch {
	case err != nil:
		return nil, malformed("the body could not be read to its end")
	case len(body) > maxDeliveryBytes:
		return nil, tooLarge
	case len(r.Header.Values("Authorization")) > 0, len(r.Header.Values("Cookie")) > 0:
		return body, malformed("the Delivery API takes no token and no cookie")
	}
	return body, nil
}

func isJSON(contentTypes []string) bool {
	if len(contentTypes) != 1 {
		return false
	}
	media, parameters, err := mime.ParseMediaType(contentTypes[0])
	if err != nil || media != "application/json" {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

// deliverySession reads the query.
func (e *Emulator) deliverySession(r *http.Request) (sessionKey, *refusal) {
	pairs, refused := parseForm(r.URL.RawQuery)
	if refused != nil {
		return sessionKey{}, refused
	}
	given := map[string]string{}
	for _, p := range pairs {
		given[p.name] = p.value
	}
	client, served := e.clientOf(r.Host, given["client"])
	switch {
	case len(pairs) != 2 || len(given) != 2 || !isClientCode(given["client"]):
		return sessionKey{}, malformed("the query must be client=<client code>&sessionId=<id>")
	case !served:
		return sessionKey{}, malformed("no such client code")
	case !isSessionID(given["sessionId"]):
		return sessionKey{}, malformed("the session id is not valid")
	}
	return sessionKey{client: client, id: given["sessionId"]}, nil
}

type mboxAnswer struct {
	Index int    `json:"index"`
	Name  string `json:"name"`
}

type notificationAnswer struct {
	ID string `json:"id"`
}

// answer is Adobe's to a call that was processed.
func (d *delivery) answer(client string) answer {
	if d.beacon {
		return answer{status: http.StatusNoContent}
	}
	type execute struct {
		Mboxes []mboxAnswer `json:"mboxes"`
	}
	a := struct {
		Status        int                  `json:"status"`
		RequestID     string               `json:"requestId"`
		Client        string               `json:"client"`
		ID            map[string]string    `json:"id"`
		EdgeHost      string               `json:"edgeHost"`
		Execute       *execute             `json:"execute,omitempty"`
		Notifications []notificationAnswer `json:"notifications,omitempty"`
	}{Status: http.StatusOK, RequestID: d.requestID, Client: client, ID: idOf(d.visitor), EdgeHost: edgeHost, Notifications: d.notifications}
	if d.mboxes != nil {
		a.Execute = &execute{d.mboxes}
	}
	return jsonAnswer(http.StatusOK, a)
}

// idOf names a visitor as the answer does: Target gives one known by a customer's id a tntId too.
func idOf(v Visitor) map[string]string {
	if v.Parameter == MboxPC {
		return map[string]string{"tntId": v.ID}
	}
	hash := sha256.Sum256([]byte(v.ID))
	return map[string]string{"thirdPartyId": v.ID, "tntId": hex.EncodeToString(hash[:16]) + ".45_0"}
}
