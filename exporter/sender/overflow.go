// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Overflow is where updates go while the quota is used up.
type Overflow struct {
	// Name is the route's.
	Name route.Name
	// After is for how long updates wait for the quota before they go there.
	After time.Duration
	// Route makes the calls, nil where they are not calls of one visitor.
	Route Route
	// Account is that of its calls.
	Account *quota.Account
	// Carries reports whether a call can carry a parameter. What it cannot carry waits for the quota.
	Carries func(*profile.Parameter) bool
	// Host is what log lines name.
	Host string
}

// newOverflow returns the way of the overflow, nil where there is none.
func (s *Sender) newOverflow(g *goodTime) *way {
	o := s.set.Overflow
	if o == nil || o.Route == nil {
		return nil
	}
	w := &way{name: o.Name, route: o.Route, account: o.Account, carries: o.Carries, troubles: troublesOfAWay}
	w.health = newHealth(s.set.Retry, o.Host+" (route "+string(o.Name)+")", s.set.Logger, s.troubles, g)
	w.health.trouble += w.troubles
	w.waits.Tell = func(c quota.Cause, wait time.Duration) { s.heldUp(w, c, wait) }
	return w
}

// overflows reports whether what is due goes by the overflow: the quota is used up, and its window
// frees nothing for too long, or too little for what waits.
func (s *Sender) overflows(now time.Time) bool {
	if s.set.Overflow == nil {
		return false
	}
	free, after := s.primary.account.NextFree(), s.set.Overflow.After
	return free > after || free > 0 && s.set.Outbox.Waited(outbox.Fresh, now) > after
}

// wayOf returns the way of what is fresh or fails alone.
func (s *Sender) wayOf(now time.Time) *way {
	if s.overflow != nil && s.overflows(now) {
		return s.overflow
	}
	return s.primary
}

// errAnotherWay is that a call was not let leave for so long that the other way may be the better one.
var errAnotherWay = errors.New("another way may be the better one")

// leave waits until the account of a way lets a call leave, or with errAnotherWay until it is to
// be asked again which way it goes. changed, if it is not nil, tells of entries that have become due.
func (s *Sender) leave(ctx context.Context, w *way, changed <-chan struct{}) error {
	if s.overflow == nil {
		return s.await(ctx, w)
	}
	waiting, done := context.WithCancel(ctx)
	patience, watch := s.patience(w, time.Now())
	defer time.AfterFunc(patience, done).Stop()
	var watching sync.WaitGroup
	if watch && changed != nil {
		watching.Go(func() { await(waiting, changed, 0); done() })
	}
	err := s.await(waiting, w)
	again := err != nil && ctx.Err() == nil && waiting.Err() != nil
	done()
	watching.Wait() // a change that is heard after this would be missed by others
	if again {
		return errAnotherWay
	}
	return err
}

// patience returns for how long a call waits for a way at most before it is asked again which one
// it takes. watch is that an entry that becomes due would change that.
func (s *Sender) patience(w *way, now time.Time) (most time.Duration, watch bool) {
	free, after := s.primary.account.NextFree(), s.set.Overflow.After
	switch {
	case w == s.overflow:
		return min(max(free, time.Millisecond), after), false
	case free == 0:
		return after, false
	}
	due, next := s.set.Outbox.Due(now)
	if due[outbox.Fresh] == 0 {
		return earlier(next, after), true
	}
	return max(after-s.set.Outbox.Waited(outbox.Fresh, now), 0) + time.Millisecond, false
}

// leaves reports whether an entry that went by the overflow waits for the primary way, with what is
// left of it: what a call cannot carry, and what was refused while others got through. The last word
// on that is the primary way's, which can do without a call that is billed.
func leaves(e *outbox.Entry, a route.Answer, believed bool) bool {
	switch a.Verdict {
	case route.Delivered:
		return len(e.Parameters) > 0
	case route.Rejected:
		return believed && a != unsendable
	default:
		return a == uncarried
	}
}

// spills says that updates go by the overflow, or no longer, when a call leaves by a way.
func (s *Sender) spills(w *way) {
	switch {
	case s.set.Overflow == nil:
	case w == s.overflow:
		s.overflowBegins()
	default:
		s.overflowEnds()
	}
}

// spilling is since when updates go by the overflow.
type spilling struct {
	mu    sync.Mutex
	since time.Time
}

// overflowBegins says that an update goes by the overflow, unless it was said.
func (s *Sender) overflowBegins() {
	s.spilling.mu.Lock()
	defer s.spilling.mu.Unlock()
	if !s.spilling.since.IsZero() {
		return
	}
	now := time.Now()
	s.spilling.since = now
	message := "The quota is used up: updates go by route " + string(s.set.Overflow.Name)
	if s.set.Overflow.Name == route.ToDelivery {
		message += ", each of these calls is billed"
	}
	s.set.Logger.Warn(message, zap.Time("next_call_within_quota", now.Add(s.primary.account.NextFree()).UTC().Truncate(time.Second)))
}

// overflowEnds says that the quota has room again, when a call by the primary way leaves and it has.
func (s *Sender) overflowEnds() {
	s.spilling.mu.Lock()
	defer s.spilling.mu.Unlock()
	if s.spilling.since.IsZero() || s.primary.account.NextFree() > 0 {
		return
	}
	s.set.Logger.Info("The quota has room again: updates go by route "+string(s.primary.name),
		zap.Duration("after", time.Since(s.spilling.since).Round(time.Second)))
	s.spilling.since = time.Time{}
}
