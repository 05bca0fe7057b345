// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Account is what the calls of one client code and endpoint share: pace, quota
// and pause. It is safe for concurrent use.
type Account struct {
	pace *rate.Limiter

	mu     sync.Mutex
	origin time.Time
	now    func() instant // the time that can be compared over restarts
	limits Limits
	id     string  // tells what this account has written from what others have
	stored string  // the statement that holds every call counted here, "" when none does
	ledger *ledger // nil while the account is kept in memory only
	window *window
	freed  chan struct{} // closed when room was given back
	paused time.Duration // no call leaves before, since origin

	over overCalls // needs no lock
}

// NewAccount returns an account that has counted nothing yet.
func NewAccount(limits Limits) *Account {
	pace := limits.pace()
	return &Account{
		// Before all that any window could hold: times before it cannot be told.
		origin: time.Now().Add(-2 * MaxWindow),
		now:    instants(readUptime),
		id:     rand.Text(),
		pace:   rate.NewLimiter(rate.Limit(pace.CallsPerSecond), pace.Burst),
		limits: limits,
		window: newWindow(limits.Quota),
		freed:  make(chan struct{}),
	}
}

// Wait returns when the next call may leave, and counts it. After a nil error the
// caller either makes exactly one call and then calls Done, or makes none and calls
// GiveBack. When ctx ends first, Wait
// returns its error at once and nothing is counted. An error that is ErrStorage
// means that the account could not be written and that no call may leave. The time
// that the call waited is noted in waits.
func (a *Account) Wait(ctx context.Context, waits *Waits) error {
	if leaves, err := a.reserve(ctx, waits); leaves || err != nil {
		return err
	}
	for {
		if err := a.waitForPace(ctx, waits); err != nil {
			a.GiveBack()
			return err
		}
		// A pause may have begun meanwhile. The token is then let go, so that the pace
		// holds after the pause too.
		pause := a.untilPauseEnds()
		if pause <= 0 {
			return nil
		}
		if err := (delay{pause, Paused, nil}).sleep(ctx, waits); err != nil {
			a.GiveBack()
			return err
		}
	}
}

// waitForPace takes a token of the pace as soon as there is one.
func (a *Account) waitForPace(ctx context.Context, waits *Waits) error {
	waits.begin(Pace)
	defer waits.end(Pace)
	return a.pace.Wait(ctx)
}

// reserve waits for the pause to end and for room in the window, and takes it. It
// reports whether there was a token of the pace too, so that the call leaves.
func (a *Account) reserve(ctx context.Context, waits *Waits) (leaves bool, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		wait, leaves, err := a.tryReserve(ctx)
		if err != nil || wait.atMost <= 0 {
			return leaves, err
		}
		if err := wait.sleep(ctx, waits); err != nil {
			return false, err
		}
	}
}

// tryReserve takes a call from the window, or returns what keeps it.
func (a *Account) tryReserve(ctx context.Context) (wait delay, leaves bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Read with the lock held: a pace that is told of times out of order fills twice.
	now := time.Since(a.origin)
	a.settle()
	if pause := a.paused - now; pause > 0 {
		return delay{pause, Paused, nil}, false, nil
	}
	if wait := a.window.untilFree(now); wait > 0 {
		return delay{wait, Window, a.freed}, false, nil
	}
	wrote, err := a.credit(ctx)
	if err != nil {
		return delay{}, false, err
	}
	if wrote {
		now = time.Since(a.origin) // a disk takes its time
	}
	a.window.reserve(now)
	return delay{}, a.limits.RateLimit == nil || a.pace.AllowN(a.origin.Add(now), 1), nil
}

// GiveBack says that the call that Wait let through does not leave after all. Its room
// in the window is free again at once; its turn in the pace has passed.
func (a *Account) GiveBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.window.giveBack()
	if a.ledger != nil {
		a.ledger.credits++
	}
	// Those who wait for room reckon with calls that stay counted.
	close(a.freed)
	a.freed = make(chan struct{})
}

// Done says that a call that Wait let through is over, however it ended: the
// quota counts attempts. The time is not before its end and not in the future, and has a
// monotonic reading.
func (a *Account) Done(over time.Time) { a.over.add(over.Sub(a.origin)) }

// settle counts the calls that are over since. It is called with the lock held. Until
// then they are in flight, which holds others back as well.
func (a *Account) settle() {
	if calls, last := a.over.take(); calls > 0 {
		a.window.complete(last, calls)
	}
}

// Pause lets no further call leave for that long. A pause that is already longer
// stays as it is.
func (a *Account) Pause(d time.Duration) {
	until := time.Since(a.origin) + d
	a.mu.Lock()
	defer a.mu.Unlock()
	a.paused = max(a.paused, until)
}

func (a *Account) untilPauseEnds() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.paused - time.Since(a.origin)
}

// Usage is the state of an account's quota.
type Usage struct {
	// Limit is how many calls any window may hold, Unlimited where there is no quota.
	Limit int
	// Used is how many calls the window holds now, those in flight among them.
	Used int
}

// Usage returns the state of the account's quota.
func (a *Account) Usage() Usage {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	a.window.advance(time.Since(a.origin))
	return Usage{Limit: a.limits.Quota.Calls, Used: a.window.used + a.window.inFlight}
}

// NextFree returns the time until the quota's window lets the next call leave, 0
// while it has room.
func (a *Account) NextFree() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	return a.window.untilFree(time.Since(a.origin))
}

// Cause returns what a call that waits now waits for.
func (a *Account) Cause() Cause {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	now := time.Since(a.origin)
	switch {
	case a.paused > now:
		return Paused
	case a.window.untilFree(now) > 0:
		return Window
	}
	return Pace
}

// adopt changes the limits of an account and keeps what it has counted.
func (a *Account) adopt(limits Limits) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	a.window = a.window.rebuilt(limits.Quota, time.Since(a.origin))
	a.limits = limits
	pace := limits.pace()
	a.pace.SetLimit(rate.Limit(pace.CallsPerSecond))
	a.pace.SetBurst(pace.Burst)
}

// longestSleep is after what time a call that waits is told of again.
const longestSleep = 5 * time.Minute

// delay is what keeps a call from leaving.
type delay struct {
	atMost time.Duration
	cause  Cause
	woken  <-chan struct{} // ends it before, if it is not nil
}

// sleep waits until the delay or ctx ends, and returns the error of ctx then. It may end before,
// to be told of again.
func (d delay) sleep(ctx context.Context, waits *Waits) error {
	if waits.Tell != nil {
		waits.Tell(d.cause, d.atMost)
	}
	waits.begin(d.cause)
	defer waits.end(d.cause)
	timer := time.NewTimer(min(d.atMost, longestSleep))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-d.woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
