// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"slices"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// unsendable is the answer to an entry that the configuration, which has changed since, does not
// let be sent.
var unsendable = route.Answer{Verdict: route.Rejected, Reason: reasonConfiguration}

// canceled is the answer to a call that was not made: the exporter or the caller stops, or the
// account does not let it leave.
var canceled = route.Answer{Verdict: route.NotNow, Reason: route.ReasonCanceled}

// uncarried is the answer to an entry of which the overflow can carry nothing.
var uncarried = route.Answer{Verdict: route.NotNow, Reason: reasonUncarried}

// send makes the calls of an entry, of which the account has let the first leave, and returns
// the answer that decides what becomes of it. The parameters that were not delivered stay in the
// entry, those that the way cannot carry among them.
func (s *Sender) send(ctx context.Context, e *outbox.Entry, w *way) (answer route.Answer) {
	if !s.recheck(e) {
		w.account.GiveBack()
		return unsendable
	}
	var left []profile.Parameter
	if e.Parameters, left = w.setAside(e.Parameters); len(left) > 0 {
		defer func() { e.Parameters = profile.Merge(e.Parameters, left) }()
	}
	if len(e.Parameters) == 0 {
		w.account.GiveBack()
		return uncarried
	}
	return s.sendAll(ctx, e, w)
}

// sendAll makes the calls for the parameters of an entry. Those that were refused come first in it.
func (s *Sender) sendAll(ctx context.Context, e *outbox.Entry, w *way) route.Answer {
	var refused []profile.Parameter
	var refusal route.Answer
	for {
		n, answer := s.call(ctx, e, w)
		if n == 0 || answer.Held() {
			e.Parameters = append(refused, e.Parameters...)
			return answer
		}
		if answer.Verdict == route.Delivered {
			e.Sent = news(e.Sent, e.Parameters[:n])
		}
		if answer.Verdict == route.Rejected {
			refused, refusal = append(refused, e.Parameters[:n]...), answer
		}
		switch e.Parameters = e.Parameters[n:]; {
		case len(e.Parameters) > 0:
		case len(refused) > 0:
			e.Parameters = refused
			return refusal
		default:
			return answer
		}
		if err := s.leave(s.run.stopping, w, nil); err != nil { //nolint:contextcheck // waiting ends with the exporter, the call does not
			e.Parameters = append(refused, e.Parameters...)
			return canceled
		}
	}
}

// recheck leaves out the parameters that no call can carry, and reports whether any is left to
// be sent to a visitor that a call can name. Mapping has seen to it, but the configuration may
// have changed since.
func (s *Sender) recheck(e *outbox.Entry) bool {
	e.Parameters = slices.DeleteFunc(e.Parameters, func(p profile.Parameter) bool {
		why, carried := s.set.Mapper.Carries(e.Visitor, &p)
		if !carried {
			s.outcomes.dropped(why.String(), 1)
		}
		return !carried
	})
	return len(e.Parameters) > 0 && s.set.Mapper.Sendable(e.Visitor)
}

// call makes one call and notes what came of it. Where the route carries nothing it makes none.
func (s *Sender) call(ctx context.Context, e *outbox.Entry, w *way) (carried int, answer route.Answer) {
	s.holdupsEnd(w)
	s.spills(w)
	start := time.Now()
	carried, answer = w.route.Send(ctx, e.Visitor, e.Parameters)
	if carried == 0 { // who looked at it before and the route differ in what a call can carry
		w.account.GiveBack()
		if w == s.overflow {
			return 0, uncarried
		}
		return 0, unsendable
	}
	if answer.RetryAfter > 0 {
		w.account.Pause(answer.RetryAfter)
	}
	took := time.Since(start)
	over := start.Add(took)
	w.account.Done(over)
	s.outcomes.call(w.name, answer, took)
	return carried, answer
}
