// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import "time"

const (
	// hungryFor is for how long a process that is short of calls has a share of what is free kept for
	// it, after it has asked.
	hungryFor = 5 * time.Second
	// askAgain is the longest time after which a process that is short of calls asks again.
	askAgain = 2 * time.Second
	// atOnce is the shortest one.
	atOnce = 20 * time.Millisecond
	// paceAgain is the shortest one where the pace of all keeps it waiting: half of the time for which
	// the script lets turns of the pace come together.
	paceAgain = 50 * time.Millisecond
)

// lease is what a process knows of the calls that it has borrowed, and decides what it asks for. The
// lock of its account guards it; times are since the account's origin.
//
//	              granted                   leaves                over
//	wanted ─────────────────► credit ─────────────────► in flight ──────► ended ──► reported
//	                             │ not needed, or the lease ends             ▲
//	                             ▼                                           │
//	                         given back             Redis forgot the lease: stale until its calls have ended
type lease struct {
	most     int           // borrowed at once
	duration time.Duration // for which calls that were borrowed may leave
	every    time.Duration // after which is asked again while calls are made
	timeout  time.Duration // of a call

	epoch  string
	gen    int64
	seq    int64
	number int // of leases that have ended or were forgotten

	credits   int           // calls that may leave
	until     time.Duration // before which they may
	untilWall time.Time     // the same by the machine's clock
	alive     time.Duration // until which Redis has to know the lease

	pacing int           // calls that have a credit and wait for the pace
	ended  int           // calls that are over and not reported
	stale  int           // calls that had left when their lease was forgotten
	quiet  time.Duration // until which ended calls may be stale ones

	spent int           // credits since the last ask
	short int           // calls that found none since
	size  int           // how many were wanted last
	pause time.Duration // to tell the others of
	asked *ask          // not answered yet

	answered time.Duration // when the last answer came
	next     time.Duration // to ask before is of no use
	last     answer
	fault    error // of the last ask
}

func newLease(cfg RedisConfig, window, timeout time.Duration) *lease {
	return &lease{
		most: cfg.Lease.Calls, duration: cfg.Lease.Duration, timeout: timeout,
		every: max(100*time.Millisecond, min(cfg.Lease.Duration/3, window/120)),
		size:  1,
	}
}

// take takes a credit, or notes that one is missing.
func (l *lease) take(now time.Duration) bool {
	if l.credits == 0 || !l.lasts(now) {
		l.short++
		return false
	}
	l.credits--
	l.spent++
	return true
}

// holds reports whether a call that took a credit of that lease may still leave.
func (l *lease) holds(number int, now time.Duration) bool { return number == l.number && l.lasts(now) }

// lasts reports whether credits may still leave. While a machine is suspended its steady clock stands still, and
// only the other one goes on.
func (l *lease) lasts(now time.Duration) bool { return now < l.until && time.Now().Before(l.untilWall) }

// giveBack returns a credit. Who knows whose it is while calls of a lease that was forgotten are in
// flight: then it counts as made.
func (l *lease) giveBack() {
	if l.stale > 0 || l.ended < 0 {
		l.ended++
		return
	}
	l.credits++
}

// outlast has calls take up to that long. Until Redis knows, they leave so much earlier.
func (l *lease) outlast(timeout time.Duration) {
	if more := timeout - l.timeout; more > 0 {
		l.timeout, l.until = timeout, l.until-more
	}
}

// cause is what a call waits for that finds no credit.
func (l *lease) cause() Cause {
	switch {
	case l.fault != nil || l.asked != nil:
		return Lease
	case l.last.why == "quota":
		return Window
	case l.last.why == "pace":
		return Pace
	}
	return Lease
}

// nextFree is how long it takes until the quota may have room, 0 while it has.
func (l *lease) nextFree(now time.Duration) time.Duration {
	if l.last.why != "quota" || l.credits > 0 {
		return 0
	}
	return max(time.Millisecond, l.answered+l.last.oldest-now)
}

// due is when the next ask is due.
func (l *lease) due(inFlight int) time.Duration {
	switch {
	case l.fault != nil:
		return l.next
	case l.pause > 0:
		return 0
	case l.short > 0:
		return l.next
	case l.credits+inFlight+l.ended > 0:
		return l.answered + l.every
	}
	return l.answered + l.duration/3
}

// compose says what is asked. An ask that was not answered is asked again, for it may have been heard,
// as long as credits may leave or what it would bring is of use.
func (l *lease) compose(now time.Duration, inFlight int) *ask {
	if l.asked != nil {
		if now < max(l.until, l.asked.sent+l.duration/2) {
			return l.asked
		}
		l.forget(now, inFlight)
	}
	l.seq++
	a := &ask{
		seq: l.seq, epoch: l.epoch, gen: l.gen, alive: now < l.alive,
		pause: max(0, l.pause-now), timeout: l.timeout, sent: now, wall: time.Now().Round(0),
	}
	a.over = l.report(now)
	a.back, a.want = l.need(now)
	l.credits -= a.back
	l.spent, l.short, l.pause = 0, 0, 0
	l.asked = a
	return a
}

// report takes the calls that have ended for certain.
func (l *lease) report(now time.Duration) int {
	if l.stale > 0 && now < l.quiet {
		return 0
	}
	l.ended, l.stale = l.ended-l.stale, 0
	over := max(0, l.ended) // below 0 while one of them takes its time
	l.ended -= over
	return over
}

// need says how many credits are given back and how many are wanted: what is made in the time to the
// next ask, by what was made since the last one, twice as many where that was too few.
func (l *lease) need(now time.Duration) (back, want int) {
	usable := l.credits
	if !l.lasts(now) {
		usable = 0
	}
	switch {
	case l.short > 0 && l.last.why == "pace":
		l.size = max(l.size, l.short) // what comes together until the next ask
	case l.short > 0 && l.last.grant < l.size:
		l.size = max(1, l.short, l.spent) // what was wanted was not to be had
	case l.short > 0:
		l.size = max(2*l.size, l.short)
	default:
		l.size = l.spent
	}
	l.size = min(l.size, l.most)
	keep := min(usable, l.size)
	return l.credits - keep, l.size - keep
}

// forget ends what is known of the lease: its calls that are in flight are counted where it was.
func (l *lease) forget(now time.Duration, inFlight int) {
	l.number++
	l.credits, l.ended, l.asked = 0, 0, nil
	l.follow(inFlight-l.pacing, now)
	l.alive = 0
	l.seq++ // no ask that may still be heard has this number
}

// follow says that so many calls are in flight that the lease has not lent.
func (l *lease) follow(inFlight int, now time.Duration) {
	l.stale, l.quiet = inFlight, now+l.timeout
}

// apply takes an answer.
func (l *lease) apply(a *ask, got answer, now time.Duration, inFlight int) {
	if !got.known && (l.epoch != "" || l.number > 0) {
		l.forget(now, inFlight)
		l.seq = a.seq
	}
	l.asked, l.fault = nil, nil
	l.epoch, l.gen, l.last, l.answered = got.epoch, got.gen, got, now
	l.credits += got.grant
	// Redis may have heard of it later, never before.
	lasts := l.duration - l.duration/10 - (l.timeout - a.timeout)
	l.until, l.untilWall = a.sent+lasts, a.wall.Add(lasts)
	l.alive = a.sent + l.duration
	switch {
	case got.why == "pace":
		l.next = now + max(got.next, paceAgain)
	case got.grant > 0 || a.want == 0:
		l.next = now
	case got.why == "quota":
		l.next = now + min(max(got.oldest, l.window()), askAgain)
	default:
		l.next = now + atOnce
	}
}

// window is the shortest time after which room that is freed is asked for.
func (l *lease) window() time.Duration { return min(max(l.every/5, atOnce), time.Second) }

// fail notes that an ask was not answered.
func (l *lease) fail(err error, now, pause time.Duration) {
	l.fault = err
	l.next = now + pause
}
