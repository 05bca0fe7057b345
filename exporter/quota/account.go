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

	mu       sync.Mutex
	origin   time.Time
	now      func() instant // the time that can be compared over restarts
	limits   Limits
	id       string    // tells what this account has written from what others have
	stored   string    // the statement that holds every call counted here, "" when none does
	ledger   *ledger   // nil unless the account is kept in a storage
	borrower *borrower // nil unless it is kept in Redis
	window   *window
	freed    chan struct{} // closed when room was given back
	paused   time.Duration // no call leaves before, since origin

	over overCalls // needs no lock

	starting sync.Mutex // held while a borrower starts or ends
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
	for {
		t, err := a.reserve(ctx, waits)
		if t.leaves || err != nil {
			return err
		}
		err = a.waitForTurn(ctx, waits)
		if a.hasTurn(t, err) {
			return err
		}
	}
}

// turn is a call, and whether it has its room in the window.
type turn struct {
	reserved bool      // it has that room
	leaves   bool      // it does not have to wait for the pace
	borrower *borrower // who borrowed it, nil when the account is not in Redis
	lease    int       // the number of the lease that it was taken from
}

// waitForTurn waits for the pace, outside of any pause.
func (a *Account) waitForTurn(ctx context.Context, waits *Waits) error {
	for {
		if err := a.waitForPace(ctx, waits); err != nil {
			return err
		}
		// A pause may have begun meanwhile. The token is then let go, so that the pace
		// holds after the pause too.
		pause := a.untilPauseEnds()
		if pause <= 0 {
			return nil
		}
		if err := (delay{pause, Paused, nil}).sleep(ctx, waits); err != nil {
			return err
		}
	}
}

// hasTurn reports whether a call that has waited for the pace is decided: it leaves, or it failed
// with that error and its room is given back. Else its lease has ended meanwhile, and it needs another room.
func (a *Account) hasTurn(t turn, failed error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	same := a.borrower == t.borrower
	holds := same
	if t.borrower != nil {
		holds = t.borrower.paced(t.lease, time.Since(a.origin)) && same
	}
	if failed == nil && holds {
		return true
	}
	if same && (t.borrower == nil || t.borrower.lease.number == t.lease) {
		a.giveBack()
	} else {
		a.window.giveBack()
	}
	return failed != nil
}

// waitForPace takes a token of the pace as soon as there is one.
func (a *Account) waitForPace(ctx context.Context, waits *Waits) error {
	waits.begin(Pace)
	defer waits.end(Pace)
	return a.pace.Wait(ctx)
}

// reserve waits for the pause to end and for room in the window, and takes it.
func (a *Account) reserve(ctx context.Context, waits *Waits) (turn, error) {
	for {
		if err := ctx.Err(); err != nil {
			return turn{}, err
		}
		wait, t, err := a.tryReserve(ctx)
		if err != nil || t.reserved {
			return t, err
		}
		if err := wait.sleep(ctx, waits); err != nil {
			return turn{}, err
		}
	}
}

// tryReserve takes a call from the window, or returns what keeps it.
func (a *Account) tryReserve(ctx context.Context) (wait delay, t turn, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Read with the lock held: a pace that is told of times out of order fills twice.
	now := time.Since(a.origin)
	a.settle()
	if pause := a.paused - now; pause > 0 {
		return delay{pause, Paused, nil}, turn{}, nil
	}
	if wait := a.window.untilFree(now); wait > 0 {
		return delay{wait, Window, a.freed}, turn{}, nil
	}
	if a.borrower != nil && !a.borrower.lease.take(now) {
		return a.borrower.lacks(now), turn{}, nil
	}
	wrote, err := a.credit(ctx)
	if err != nil {
		return delay{}, turn{}, err
	}
	if wrote {
		now = time.Since(a.origin) // a disk takes its time
	}
	a.window.reserve(now)
	t.reserved = true
	t.leaves = a.limits.RateLimit == nil || a.pace.AllowN(a.origin.Add(now), 1)
	if a.borrower != nil {
		t.borrower, t.lease = a.borrower, a.borrower.lease.number
		if !t.leaves {
			a.borrower.lease.pacing++
		}
	}
	return delay{}, t, nil
}

// GiveBack says that the call that Wait let through does not leave after all. Its room
// in the window is free again at once; its turn in the pace has passed.
func (a *Account) GiveBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.giveBack()
}

func (a *Account) giveBack() {
	a.window.giveBack()
	switch {
	case a.ledger != nil:
		a.ledger.credits++
	case a.borrower != nil:
		a.borrower.lease.giveBack()
	}
	a.wakeAll()
}

// wakeAll wakes those who wait for room: they reckon with calls that stay counted.
func (a *Account) wakeAll() {
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
		if a.borrower != nil {
			a.borrower.lease.ended += calls
		}
	}
}

// Pause lets no further call leave for that long, of other processes that share the account either
// as soon as they ask. A pause that is already longer stays as it is.
func (a *Account) Pause(d time.Duration) {
	until := time.Since(a.origin) + d
	a.mu.Lock()
	defer a.mu.Unlock()
	if until > a.paused && a.borrower != nil {
		a.borrower.tell(until)
	}
	a.paused = max(a.paused, until)
}

func (a *Account) untilPauseEnds() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.paused - time.Since(a.origin)
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
