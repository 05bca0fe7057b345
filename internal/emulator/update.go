// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"
)

// serveUpdate counts an attempt, then looks at the token, the quota, the call, the faults, in this order.
func (e *Emulator) serveUpdate(w http.ResponseWriter, r *http.Request, client string) {
	world := e.current()
	world.counters.attempts.Add(1)
	world.counters.concurrent(e.inFlight.Add(1))
	defer e.inFlight.Add(-1)
	quota := *e.quota.Load()
	at, over := world.quotas.arrive(client, quota, e.settings.Now)

	received, refused := readRequest(r, cmp.Or(e.single.Load().BodyBytes, maxBodyBytes))
	world.calls.add(r, received.body, at)
	watching(w).brings(RouteSingle, client, received.body)
	switch {
	case !e.authorized(r):
		world.counters.unauthorized.Add(1)
		e.respond(w, r, unauthorized(refused))
	case over:
		world.counters.overQuota.Add(1)
		e.respond(w, r, e.overQuota(quota, refused))
	case refused != nil:
		e.refuse(w, r, world, refused)
	default:
		e.update(w, r, world, call{client: client, at: at, encoded: e.single.Load().looksAt(r, received)})
	}
}

// call is an update attempt that may pass: not yet known to be well-formed.
type call struct {
	client  string
	at      time.Time
	encoded string
}

func (e *Emulator) update(w http.ResponseWriter, r *http.Request, world *world, c call) {
	pairs, refused := parseForm(c.encoded)
	if refused != nil {
		e.refuse(w, r, world, refused)
		return
	}
	u, refused := readUpdate(pairs, e.settings.ThirdPartyIDLength)
	if refused != nil {
		e.refuse(w, r, world, refused)
		return
	}
	watching(w).ofVisitor(u.visitor)
	single := e.single.Load()
	if refused = single.take(&u); refused != nil {
		e.refuse(w, r, world, refused)
		return
	}
	if single.RefuseUnknown && !e.exists(world, storeKey{client: c.client, visitor: u.visitor}) {
		e.refuse(w, r, world, refusedUpdate("the visitor is not known"))
		return
	}
	if gone(r) {
		return
	}
	world.judge(storeKey{client: c.client, visitor: u.visitor})
	fault, faulted := e.faults.next(RouteSingle, u.visitor.is)
	if !faulted {
		if !e.apply(world, c, u, true) {
			watching(w).tookNoEffect()
		}
		world.counters.accepted.Add(1)
		e.respond(w, r, submitted(e.settings.Plain))
		return
	}
	world.counters.faulted.Add(1)
	watching(w).met(fault)
	if fault.Applied {
		world.counters.faultedApplied.Add(1)
		e.apply(world, c, u, false)
	}
	e.act(w, r, fault, replies{
		good: submitted(e.settings.Plain), refused: refusedUpdate("the update is refused").answer(e.settings.Plain),
		silent: answer{status: http.StatusOK, contentType: textType},
	})
}

// apply writes an update before its answer is on the way: a caller that gives up early has changed the profile all the same.
// It reports whether there is such a visitor.
func (e *Emulator) apply(world *world, c call, u update, accepted bool) bool {
	if !e.exists(world, storeKey{client: c.client, visitor: u.visitor}) {
		world.counters.unknownVisitors.Add(1)
		return false
	}
	world.write(c, u, accepted)
	return true
}

// write writes an update to the visitor's profile, or to a new one.
func (world *world) write(c call, u update, accepted bool) {
	brought := len(u.parameters)
	parameters := world.receipts.Load().take(u, accepted)
	seen := world.store.apply(storeKey{client: c.client, visitor: u.visitor}, parameters, c.at)
	world.counters.countApplied(brought, seen)
}

// exists tells whether an update of the visitor takes effect, which Adobe's answer does not.
func (e *Emulator) exists(world *world, key storeKey) bool {
	if e.known == nil {
		return true
	}
	if _, known := e.known[key.visitor]; known {
		return true
	}
	return world.store.has(key)
}

func (e *Emulator) refuse(w http.ResponseWriter, r *http.Request, world *world, refused *refusal) {
	world.counters.countRefusal(refused.status)
	watching(w).refusedFor(refused)
	e.respond(w, r, refused.answer(e.settings.Plain))
}

func (e *Emulator) authorized(r *http.Request) bool {
	token := *e.token.Load()
	if token == "" {
		return true
	}
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return false
	}
	scheme, credentials, _ := strings.Cut(values[0], " ")
	return strings.EqualFold(scheme, "Bearer") && credentials == token
}

func unauthorized(refused *refusal) answer {
	a := jsonError(http.StatusForbidden, "the bearer token is missing or not valid")
	a.hangUp = refused.leavesBody()
	return a
}

func (e *Emulator) overQuota(quota Quota, refused *refusal) answer {
	a := updateAnswer(e.settings.Plain, http.StatusTooManyRequests, false, "more updates than the quota allows")
	a.retryAfter = retryAfter(quota.RetryAfter, false, e.settings.Now)
	a.hangUp = refused.leavesBody()
	return a
}

// respond answers after the latency, unless the caller does not wait for it.
func (e *Emulator) respond(w http.ResponseWriter, r *http.Request, a answer) {
	e.delay(r.Context())
	a.write(w)
}

// delay waits out the latency and drops the connection when nobody waits for the answer any more.
func (e *Emulator) delay(ctx context.Context) {
	wait := e.latency.next()
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	case <-e.closed:
		panic(http.ErrAbortHandler)
	}
}
