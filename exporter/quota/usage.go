// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import "time"

// Usage is the state of an account's quota.
type Usage struct {
	// Limit is how many calls any window may hold, Unlimited where there is no quota.
	Limit int
	// Used is how many calls the window holds now, those in flight among them. Of an account in
	// Redis it is of all processes, when it was asked last, with what they have borrowed.
	Used int
}

// Usage returns the state of the account's quota.
func (a *Account) Usage() Usage {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	a.window.advance(time.Since(a.origin))
	if a.borrower != nil && a.borrower.lease.epoch != "" {
		return Usage{Limit: a.limits.Quota.Calls, Used: a.borrower.lease.last.used}
	}
	return Usage{Limit: a.limits.Quota.Calls, Used: a.window.used + a.window.inFlight}
}

// NextFree returns the time until the quota's window lets the next call leave, 0
// while it has room.
func (a *Account) NextFree() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	now := time.Since(a.origin)
	free := a.window.untilFree(now)
	if a.borrower != nil {
		free = max(free, a.borrower.lease.nextFree(now))
	}
	return free
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
	case a.borrower != nil && a.borrower.lease.credits == 0:
		return a.borrower.lease.cause()
	}
	return Pace
}

// Fault is why an account in Redis could not be asked for calls when it was last, nil when it could.
func (a *Account) Fault() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.borrower == nil {
		return nil
	}
	return a.borrower.lease.fault
}
