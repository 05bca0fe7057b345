// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// longestPause is for how long an entry that fails alone is put off in the end.
const longestPause = time.Hour

// unsendable is the answer to an entry that the configuration, which has changed since, does not
// let be sent.
var unsendable = route.Answer{Verdict: route.Rejected, Reason: reasonConfiguration}

// canceled is the answer to a call that was not made because the exporter stops.
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
		if answer.Held() {
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

// call makes one call and notes what came of it.
func (s *Sender) call(ctx context.Context, e *outbox.Entry) (carried int, answer route.Answer) {
	s.holdupsEnd()
	start := time.Now()
	carried, answer = s.set.Route.Send(ctx, e.Visitor, e.Parameters)
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

// settle gives an entry its outcome, or puts it off. All ends of an entry are here and in doubt,
// but for those of an entry that was never called: it has expired in an outage, or had to make
// room. began is when its call did.
func (s *Sender) settle(e *outbox.Entry, a route.Answer, began time.Time) {
	now := time.Now()
	vouched := s.health.vouched(now)
	alone := s.blame(e, a, now)
	tried := s.set.Retry.Enabled && !s.expired(e)
	switch {
	case a.Verdict == route.Rejected && a != unsendable && tried:
		s.doubt(refusal{e, a, now}, vouched, alone)
	case !a.Held():
		as, reason := conclusion(a)
		s.end(e, as, reason)
	case a.Reason == route.ReasonCanceled:
		s.set.Outbox.Retry(e, now)
	case !s.set.Retry.Enabled:
		s.end(e, rejected, reasonRetryDisabled)
	case !tried:
		s.end(e, rejected, reasonRetriesEnded)
	default:
		s.putOff(e, alone, now)
	}
	s.review(a, began, now)
}

// putOff has an entry tried again, unless it has failed alone for long enough.
func (s *Sender) putOff(e *outbox.Entry, alone bool, now time.Time) {
	if alone && s.set.GiveUpAfter > 0 && e.Failing >= s.set.GiveUpAfter {
		s.end(e, rejected, reasonAttemptsExhausted)
		return
	}
	s.set.Outbox.Retry(e, now.Add(s.pause(e)))
}

// doubt has a refusal wait for what becomes of the calls after it, if the one before got through.
// Where no further calls are to come, one that was refused before is refused.
func (s *Sender) doubt(r refusal, vouched, alone bool) {
	switch {
	case vouched && s.refusals.wait(r):
		time.AfterFunc(longestDoubt, func() { s.putBack(time.Now().Add(-longestDoubt)) })
	case alone && r.entry.Attempts > 1 && s.refusals.ended():
		s.refuse(r)
	default:
		s.putOff(r.entry, alone, r.at)
	}
}

// review believes or doubts the refusals that wait, when another call has got its answer.
func (s *Sender) review(a route.Answer, began, now time.Time) {
	switch {
	case a.Verdict == route.Delivered:
		for _, r := range s.refusals.before(began) {
			s.refuse(r)
		}
	case s.health.careful():
		s.putBack(now)
	}
}

// putBack puts off the entries whose refusals have waited since that time, for nothing.
func (s *Sender) putBack(since time.Time) {
	for _, r := range s.refusals.before(since) {
		s.putOff(r.entry, false, time.Now())
	}
}

// refuse ends an entry whose refusal is believed.
func (s *Sender) refuse(r refusal) {
	if r.entry.Attempts > 1 {
		s.share.refund()
	}
	s.end(r.entry, rejected, r.answer.Reason)
}

// end counts the records of an entry that has come to its end.
func (s *Sender) end(e *outbox.Entry, as outcome, reason string) {
	s.ended(as, reason, e.Records)
	s.set.Outbox.End(e)
}

// ended counts and says records that have come to their end.
func (s *Sender) ended(as outcome, reason string, records int) {
	s.outcomes.records(as, reason, records)
	switch as {
	case delivered:
		s.outcomes.carried(records)
	case rejected:
		s.sayRecords(s.set.Logger.Warn, "Log records rejected, they will not be sent again", reason, records)
	case skipped:
	}
}

// sayRecords says that records ended for a reason, every five minutes at most.
func (s *Sender) sayRecords(log func(string, ...zap.Field), what, reason string, records int) {
	if n := s.said.add(what+reason, records, time.Now()); n > 0 {
		log(what+"; said every five minutes at most", zap.String("reason", reason), zap.Int("records", n), remedy(reason))
	}
}

// conclusion returns how the records end whose update got that answer.
func conclusion(a route.Answer) (as outcome, reason string) {
	switch a.Verdict {
	case route.Delivered:
		return delivered, ""
	case route.NotSent:
		return skipped, reasonDryRun
	default:
		return rejected, a.Reason
	}
}

// expired reports whether an entry is older than retry_on_failure::max_elapsed_time.
func (s *Sender) expired(e *outbox.Entry) bool {
	return s.set.Retry.MaxElapsedTime > 0 && time.Since(e.First) > s.set.Retry.MaxElapsedTime
}

// blame tells health and share of an answer, and the entry whether it has failed alone: a refusal
// is a failure until it is believed.
func (s *Sender) blame(e *outbox.Entry, a route.Answer, now time.Time) (alone bool) {
	before := e.Attempts > 0
	if before {
		s.share.over()
	}
	if a == unsendable {
		return false
	}
	others := s.health.othersGetThrough(now)
	// Of one that has failed since others got through, a further failure says nothing of others.
	if before && others && (e.Failing > 0 || s.health.clock()-e.Seen >= time.Second) {
		s.health.retried(a, now)
	} else {
		s.health.note(a, now)
	}
	if through(a) {
		if before {
			s.share.refund()
		}
		return false
	}
	alone = !a.Throttled() && a.Reason != route.ReasonCanceled && others
	clock := s.health.clock()
	if before && alone {
		e.Failing += clock - e.Seen
	}
	e.Seen = clock
	if alone {
		e.Attempts++
	}
	return alone
}

// pause returns for how long an entry that was not taken is put off. One that fails alone is
// put off for longer each time; of another nothing is known, so it only makes way.
func (s *Sender) pause(e *outbox.Entry) time.Duration {
	return pauseAfter(s.set.Retry.InitialInterval, s.set.Retry.Multiplier, max(longestPause, s.set.Retry.MaxInterval),
		s.set.Retry.RandomizationFactor, e.Attempts)
}

// pauseAfter returns the pause after so many attempts.
func pauseAfter(first time.Duration, multiplier float64, longest time.Duration, random float64, attempts int) time.Duration {
	pause := float64(first) * math.Pow(multiplier, float64(max(0, attempts-1)))
	pause = min(pause, float64(longest))
	return time.Duration(pause * (1 + random*(2*rand.Float64()-1)))
}
