// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"math"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// longestPause is for how long an entry that fails alone is put off in the end, unless retry_on_failure::max_interval is longer.
const longestPause = time.Hour

// settle gives an entry its outcome, or puts it off. All ends that an answer brings are in this
// file. Without one an entry ends where it is taken, expired in an outage or overdue, and where a
// push needs its room. began is when its call did.
func (s *Sender) settle(e *outbox.Entry, w *way, a route.Answer, began time.Time) {
	now := time.Now()
	vouched := w.health.vouched(now)
	alone := s.blame(e, w, a, now)
	tried := s.set.Retry.Enabled && !s.expired(e)
	switch {
	case w == s.overflow && leaves(e, a, vouched && tried):
		e.OneWay = true
		s.set.Outbox.Retry(e, now)
	case a.Verdict == route.Rejected && a != unsendable && tried:
		s.doubt(refusal{e, a, now}, w, vouched, alone)
	case !a.Held():
		s.conclude(w, a, e.Records)
		s.set.Outbox.End(e)
	case a.Reason == route.ReasonCanceled:
		s.set.Outbox.Retry(e, now)
	case !s.set.Retry.Enabled:
		s.reject(e, reasonRetryDisabled)
	case !tried:
		s.reject(e, reasonRetriesEnded)
	default:
		s.putOff(e, alone, now)
	}
	s.review(w, a, began, now)
}

// putOff has an entry tried again, unless it has failed alone for long enough.
func (s *Sender) putOff(e *outbox.Entry, alone bool, now time.Time) {
	if alone && s.set.GiveUpAfter > 0 && e.Failing >= s.set.GiveUpAfter {
		s.reject(e, reasonAttemptsExhausted)
		return
	}
	s.set.Outbox.Retry(e, now.Add(s.pause(e)))
}

// doubt has a refusal wait for what becomes of the calls after it, if the one before got through.
// Where no further calls are to come, one that was refused before is refused.
func (s *Sender) doubt(r refusal, w *way, vouched, alone bool) {
	switch {
	case vouched && w.refusals.wait(r):
		time.AfterFunc(longestDoubt, func() { s.putBack(w, time.Now().Add(-longestDoubt)) })
	case alone && r.entry.Attempts > 1 && w.refusals.ended():
		s.refuse(r)
	default:
		s.putOff(r.entry, alone, r.at)
	}
}

// review believes or doubts the refusals that wait, when another call has got its answer.
func (s *Sender) review(w *way, a route.Answer, began, now time.Time) {
	switch {
	case a.Verdict == route.Delivered:
		for _, r := range w.refusals.before(began) {
			s.refuse(r)
		}
	case w.health.careful():
		s.putBack(w, now)
	}
}

// putBack puts off the entries whose refusals have waited since that time, for nothing.
func (s *Sender) putBack(w *way, since time.Time) {
	for _, r := range w.refusals.before(since) {
		s.putOff(r.entry, false, time.Now())
	}
}

// refuse ends an entry whose refusal is believed.
func (s *Sender) refuse(r refusal) {
	if r.entry.Attempts > 1 && ofShare(r.entry) {
		s.share.refund()
	}
	s.reject(r.entry, r.answer.Reason)
}

// reject counts the records of an entry that has come to its end without being delivered.
func (s *Sender) reject(e *outbox.Entry, reason string) {
	s.ended(rejected, reason, e.Records)
	s.set.Outbox.End(e)
}

// ended counts and says records that have come to their end without being delivered.
func (s *Sender) ended(as outcome, reason string, records int) {
	s.outcomes.records(as, reason, records)
	if as == rejected {
		s.sayRecords(s.set.Logger.Warn, "Log records rejected, they will not be sent again", reason, records)
	}
}

// sayRecords says that records ended for a reason, every five minutes at most.
func (s *Sender) sayRecords(log func(string, ...zap.Field), what, reason string, records int) {
	if n := s.said.add(what+reason, records, time.Now()); n > 0 {
		log(what+"; said every five minutes at most", zap.String("reason", reason), zap.Int("records", n), remedy(reason))
	}
}

// conclude counts and says the records whose update got an answer that is its last.
func (s *Sender) conclude(w *way, a route.Answer, records int) {
	switch a.Verdict {
	case route.Delivered:
		s.outcomes.delivered(w.name, "", records)
		s.outcomes.carried(records)
	case route.NotSent:
		s.ended(skipped, reasonDryRun, records)
	default:
		s.ended(rejected, a.Reason, records)
	}
}

// expired reports whether an entry is older than retry_on_failure::max_elapsed_time.
func (s *Sender) expired(e *outbox.Entry) bool {
	return s.set.Retry.MaxElapsedTime > 0 && time.Since(e.First) > s.set.Retry.MaxElapsedTime
}

// blame tells health and share of an answer, and the entry whether it has failed alone: a refusal
// is a failure until it is believed.
func (s *Sender) blame(e *outbox.Entry, w *way, a route.Answer, now time.Time) (alone bool) {
	before := e.Attempts > 0
	if ofShare(e) {
		s.share.over()
	}
	if a == unsendable || a == uncarried {
		return false
	}
	others := w.health.othersGetThrough(now)
	// Of one that has failed since others got through, a further failure says nothing of others.
	if before && others && (e.Failing > 0 || w.health.good.clock()-e.Seen >= time.Second) {
		w.health.retried(a, now)
	} else {
		w.health.note(a, now)
	}
	if through(a) {
		if ofShare(e) {
			s.share.refund()
		}
		return false
	}
	alone = !a.Throttled() && a.Reason != route.ReasonCanceled && others
	clock := w.health.good.clock()
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
func (s *Sender) pause(e *outbox.Entry) time.Duration { return s.pauseAfter(e.Attempts) }

// pauseAfter returns the pause of what has failed alone so many times.
func (s *Sender) pauseAfter(attempts int) time.Duration {
	return pauseAfter(s.set.Retry.InitialInterval, s.set.Retry.Multiplier, max(longestPause, s.set.Retry.MaxInterval),
		s.set.Retry.RandomizationFactor, attempts)
}

// pauseAfter returns the pause after so many attempts.
func pauseAfter(first time.Duration, multiplier float64, longest time.Duration, random float64, attempts int) time.Duration {
	pause := float64(first) * math.Pow(multiplier, float64(max(0, attempts-1)))
	pause = min(pause, float64(longest))
	return time.Duration(pause * (1 + random*(2*rand.Float64()-1)))
}
