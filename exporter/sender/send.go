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

// send makes the calls of an entry, of which the account has let the first leave, and returns
// the answer that decides what becomes of it. The parameters that were not delivered stay in the
// entry, those that were refused first.
func (s *Sender) send(ctx context.Context, e *outbox.Entry) route.Answer {
	if !s.recheck(e) {
		s.set.Account.GiveBack()
		return unsendable
	}
	var refused []profile.Parameter
	var refusal route.Answer
	for {
		n, answer := s.call(ctx, e)
		if n == 0 || answer.Held() {
			e.Parameters = append(refused, e.Parameters...)
			return answer
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
		if err := s.await(s.run.stopping); err != nil { //nolint:contextcheck // waiting ends with the exporter, the call does not
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
func (s *Sender) call(ctx context.Context, e *outbox.Entry) (carried int, answer route.Answer) {
	s.holdupsEnd()
	start := time.Now()
	carried, answer = s.set.Route.Send(ctx, e.Visitor, e.Parameters)
	if carried == 0 { // recheck and the route differ in what a call can carry
		s.set.Account.GiveBack()
		return 0, unsendable
	}
	if answer.RetryAfter > 0 {
		s.set.Account.Pause(answer.RetryAfter)
	}
	took := time.Since(start)
	over := start.Add(took)
	s.set.Account.Done(over)
	if answer.Verdict != route.NotSent {
		s.outcomes.call(answer, took)
	}
	return carried, answer
}
