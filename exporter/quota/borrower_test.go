// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// borrow has a process borrow so many calls.
func (p *member) borrow(calls int) {
	a := p.account
	a.mu.Lock()
	a.borrower.lease.short = calls
	a.mu.Unlock()
	a.borrower.wake()
	time.Sleep(atOnce)
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	require.GreaterOrEqual(p.fleet.t, a.borrower.lease.credits, calls)
}

// keep has the process keep what it has borrowed, as one that has just made so many calls.
func (p *member) keep(calls int) {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	p.account.borrower.lease.spent = calls
}

// waits tries to make a call within that time.
func (p *member) waits(atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(p.ctx, atMost)
	defer cancel()
	return p.account.Wait(ctx, new(Waits))
}

// inBorrower runs a test with a process that makes no calls of its own.
func inBorrower(t *testing.T, change func(*Limits), test func(*fleet, *member)) {
	t.Helper()
	server := startRedis(t)
	limits := func(s *redisServer) Limits {
		l := fleetLimits(s, 100, time.Minute)
		change(&l)
		return l
	}
	inFleet(t, 0, server, limits, func(f *fleet) {
		p := f.start(0)
		test(f, p)
		p.crash()
	})
}

func TestBorrower_WhileRedisIsAwayCallsThatWereBorrowedLeaveUntilTheLeaseEnds(t *testing.T) {
	inBorrower(t, func(*Limits) {}, func(f *fleet, p *member) {
		p.borrow(10)
		p.keep(10)
		f.change(func(w *weather) { w.away = true })
		time.Sleep(4 * time.Second)
		require.NoError(t, p.waits(time.Millisecond))
		p.account.Done(time.Now())
		time.Sleep(600 * time.Millisecond)
		require.ErrorIs(t, p.waits(time.Minute), context.DeadlineExceeded)
		assert.Equal(t, Lease, p.account.Cause())
		require.ErrorContains(t, p.account.Fault(), "the network fails")
		f.change(func(w *weather) { w.away = false })
		require.NoError(t, p.waits(longestPause))
		require.NoError(t, p.account.Fault())
	})
}

func TestBorrower_TheLeaseIsReckonedFromBeforeItWasAskedFor(t *testing.T) {
	inBorrower(t, func(*Limits) {}, func(f *fleet, p *member) {
		a := p.account
		f.change(func(w *weather) { w.slow = 2 * time.Second })
		a.mu.Lock()
		a.borrower.lease.short = 10
		a.mu.Unlock()
		asked := time.Now()
		a.borrower.wake()
		time.Sleep(2*time.Second + atOnce)
		p.keep(10)
		f.change(func(w *weather) { w.away = true })
		time.Sleep(time.Until(asked.Add(4400 * time.Millisecond)))
		require.NoError(t, p.waits(time.Millisecond))
		p.account.Done(time.Now())
		time.Sleep(200 * time.Millisecond)
		require.ErrorIs(t, p.waits(time.Second), context.DeadlineExceeded)
	})
}

func TestBorrower_ACallThatWaitedForThePaceUntilItsLeaseEndedDoesNotLeave(t *testing.T) {
	slow := func(l *Limits) { l.RateLimit = &RateLimitConfig{CallsPerSecond: 0.1, Burst: 2} }
	inBorrower(t, slow, func(f *fleet, p *member) {
		p.borrow(2)
		p.account.pace.SetBurst(1)
		p.account.pace.SetLimitAt(time.Now(), 0.1)
		require.NoError(t, p.waits(time.Millisecond))
		f.change(func(w *weather) { w.away = true })
		require.ErrorIs(t, p.waits(time.Minute), context.DeadlineExceeded)
		f.change(func(w *weather) { w.away = false })
		require.NoError(t, p.waits(time.Minute))
	})
}

func TestBorrower_APauseHoldsForOtherProcesses(t *testing.T) {
	inBorrower(t, func(*Limits) {}, func(f *fleet, p *member) {
		other := f.start(0)
		other.account.Pause(20 * time.Second)
		began := time.Now()
		time.Sleep(2 * time.Second) // as long as a process that is idle may need to ask
		require.NoError(t, p.waits(time.Minute))
		assert.GreaterOrEqual(t, time.Since(began), 20*time.Second)
		other.crash()
	})
}

func TestBorrower_AProcessThatEndsGivesBackWhatItDidNotUse(t *testing.T) {
	inBorrower(t, func(*Limits) {}, func(f *fleet, p *member) {
		other := f.start(0)
		other.borrow(20)
		require.NoError(t, other.waits(time.Second))
		other.account.Done(time.Now())
		require.NoError(t, other.account.Unborrow(f.t.Context()))
		p.borrow(1)
		assert.LessOrEqual(t, p.account.Usage().Used, 3, "one that was made, and what this one has borrowed")
	})
}

func TestBorrower_NoCallLeavesAfterAMachineWasSuspendedForLongerThanTheLease(t *testing.T) {
	inBorrower(t, func(*Limits) {}, func(f *fleet, p *member) {
		p.borrow(10)
		p.keep(10)
		f.change(func(w *weather) { w.away = true })
		require.NoError(t, p.waits(time.Millisecond))
		lease := p.account.borrower.lease
		p.account.mu.Lock()
		lease.untilWall = lease.untilWall.Add(-time.Hour) // its steady clock stood still
		p.account.mu.Unlock()
		require.ErrorIs(t, p.waits(time.Second), context.DeadlineExceeded)
	})
}

func TestBorrower_ACreditThatEndsWhileTheQuotaIsShortLetsNoCallLeave(t *testing.T) {
	inBorrower(t, func(*Limits) {}, func(f *fleet, p *member) {
		p.borrow(10)
		p.keep(10)
		a := p.account
		a.mu.Lock()
		lease := a.borrower.lease
		lease.last.why = "quota" // there was no more
		lease.untilWall = lease.untilWall.Add(-time.Hour)
		lease.next = time.Since(a.origin) - time.Second
		a.mu.Unlock()
		f.change(func(w *weather) { w.away = true })
		require.ErrorIs(t, p.waits(time.Second), context.DeadlineExceeded)
		a.mu.Lock()
		defer a.mu.Unlock()
		assert.Zero(t, a.window.inFlight)
	})
}
