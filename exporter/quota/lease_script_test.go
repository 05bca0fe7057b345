// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The limits of these tests: a lease is over 6 s after it was granted, calls under way among it.
const (
	leaseCalls   = 100
	leaseWindow  = time.Minute
	leaseTTL     = 5 * time.Second
	leaseTimeout = time.Second
	leaseEnds    = leaseTTL + leaseTimeout
	// leasePart is what a call may be counted for longer than it has to be.
	leasePart = 50 * time.Millisecond
)

// lenderAt is a server at a time that the test sets, asked by the script alone.
type lenderAt struct {
	t      *testing.T
	client *redis.Client
	limits Limits
	clock  time.Time
	run    string
}

func newLenderAt(t *testing.T) *lenderAt {
	server := startRedis(t)
	l := &lenderAt{
		t: t, client: server.client(), clock: time.Date(2026, 11, 27, 1, 0, 0, 0, time.UTC), run: "first",
		limits: fleetLimits(server, leaseCalls, leaseWindow),
	}
	l.limits.RateLimit = nil
	t.Cleanup(func() { require.NoError(t, l.client.Close()) })
	return l
}

// asker is a process that asks.
type asker struct {
	at      *lenderAt
	lender  *lender
	ahead   time.Duration // of its clock
	timeout time.Duration // of a call
	last    ask
	got     answer
}

func (l *lenderAt) asker() *asker {
	lender, err := newLender(l.t.Context(), acme, l.limits)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { require.NoError(l.t, lender.close()) })
	return &asker{at: l, lender: lender, timeout: leaseTimeout}
}

// ask asks, and returns what was granted.
func (a *asker) ask(over, back, want int) int {
	a.last = ask{
		seq: a.last.seq + 1, epoch: a.got.epoch, gen: a.got.gen, alive: a.got.epoch != "",
		over: over, back: back, want: want, timeout: a.timeout,
	}
	return a.again()
}

// again repeats the last ask.
func (a *asker) again() int {
	a.at.t.Helper()
	got, err := a.hear(&a.last)
	require.NoError(a.at.t, err)
	a.got = got
	return got.grant
}

// hear has the server hear an ask.
func (a *asker) hear(q *ask) (answer, error) {
	a.at.t.Helper()
	args := a.lender.arguments(q)
	for i := 0; i < len(args); i += 2 {
		if args[i] == "wall" {
			args[i+1] = a.at.clock.Add(a.ahead).UnixMilli()
		}
	}
	args = append(args, "clock", a.at.clock.UnixMilli(), "run", a.at.run)
	reply, err := modelScript.Run(a.at.t.Context(), a.at.client, a.lender.keys, args...).Slice()
	require.NoError(a.at.t, err)
	return a.lender.read(reply)
}

func (l *lenderAt) pass(d time.Duration) { l.clock = l.clock.Add(d) }

// grantsAfter checks that nothing is granted until just before that time from now on, and that much
// just after it.
func (l *lenderAt) grantsAfter(d time.Duration, want int) {
	l.t.Helper()
	l.pass(d - time.Millisecond)
	assert.Zero(l.t, l.asker().ask(0, 0, leaseCalls), "before")
	l.pass(leasePart)
	other := l.asker()
	got := other.ask(0, 0, leaseCalls)
	for range 2 { // who asked before is hungry, and has a share
		got += l.asker().ask(0, 0, leaseCalls)
	}
	assert.GreaterOrEqual(l.t, got, want/2, "after")
}

func TestLeaseScript_CountsWhatAProcessThatIsGoneHadBorrowedUntilItsLastCallIsOver(t *testing.T) {
	l := newLenderAt(t)
	require.Equal(t, leaseCalls, l.asker().ask(0, 0, leaseCalls))
	l.grantsAfter(leaseEnds+leaseWindow, leaseCalls)
}

func TestLeaseScript_CountsACallThatIsOverForAWindow(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, leaseCalls, a.ask(0, 0, leaseCalls))
	l.pass(time.Second)
	a.ask(leaseCalls, 0, 0)
	l.grantsAfter(leaseWindow, leaseCalls)
}

func TestLeaseScript_CountsALeaseFromItsLastRenewal(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, leaseCalls, a.ask(0, 0, leaseCalls))
	l.pass(4 * time.Second)
	a.ask(0, 0, 0)
	l.grantsAfter(leaseEnds+leaseWindow, leaseCalls)
}

func TestLeaseScript_WhatIsGivenBackIsFreeAtOnce(t *testing.T) {
	l := newLenderAt(t)
	a, b := l.asker(), l.asker()
	require.Equal(t, leaseCalls, a.ask(0, 0, leaseCalls))
	require.Zero(t, b.ask(0, 0, 10))
	a.ask(0, 30, 0)
	assert.Equal(t, 30, b.ask(0, 0, 50))
	assert.Equal(t, leaseCalls, b.got.used)
	a.ask(0, 1000, 0)
	assert.Equal(t, 70, b.ask(0, 0, 1000), "no more than was borrowed")
}

func TestLeaseScript_AnswersAnAskThatIsRepeatedAsBefore(t *testing.T) {
	l := newLenderAt(t)
	a, b := l.asker(), l.asker()
	require.Equal(t, 60, a.ask(0, 0, 60))
	require.Equal(t, 20, a.ask(10, 20, 20))
	for range 3 {
		assert.Equal(t, 20, a.again())
		assert.True(t, a.got.known)
		assert.Equal(t, 60, a.got.used, "10 that are over, and 50")
	}
	assert.Equal(t, 40, b.ask(0, 0, 60))
	assert.Equal(t, 20, a.again(), "whatever others got meanwhile")
}

// crashAfter is a server that starts again and has forgotten what was done.
func (l *lenderAt) crashAfter(done func()) {
	l.t.Helper()
	kept, err := keepScript.Run(l.t.Context(), l.client, nil).Slice()
	require.NoError(l.t, err)
	done()
	require.ErrorIs(l.t, restartScript.Run(l.t.Context(), l.client, nil, kept...).Err(), redis.Nil)
	l.run += " and again"
}

func TestLeaseScript_AnAskThatComesLateChangesNothing(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	late := a.last
	require.Equal(t, 20, a.ask(5, 0, 20))
	before, err := keepScript.Run(t.Context(), l.client, nil).Slice()
	require.NoError(t, err)
	_, err = a.hear(&late)
	require.ErrorContains(t, err, "a later ask")
	after, err := keepScript.Run(t.Context(), l.client, nil).Slice()
	require.NoError(t, err)
	assert.ElementsMatch(t, before, after)
}

func TestLeaseScript_AnAskThatComesLateAfterARestartDoesNotRenewALeaseThatIsForgotten(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.crashAfter(func() { require.Equal(t, 20, a.ask(0, 0, 20)) })
	late := a.last
	next := *a
	next.last = ask{seq: late.seq + 1, epoch: a.got.epoch, gen: a.got.gen, alive: true, timeout: leaseTimeout}
	_, err := a.hear(&late)
	require.NoError(t, err)
	next.again()
	assert.False(t, next.got.known)
}

func TestLeaseScript_AClockThatIsBehindHidesNoRoomThatMayHaveBeenGrantedAndLost(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, leaseCalls, a.ask(0, 0, leaseCalls))
	a.ask(leaseCalls, 0, 0)
	l.pass(2 * time.Second)
	a.ask(0, 0, 0)
	l.pass(leaseWindow - time.Second)
	l.crashAfter(func() { require.Equal(t, leaseCalls, l.asker().ask(0, 0, leaseCalls)) })
	behind := l.asker()
	behind.ahead = -time.Minute // so it still counts what others have forgotten
	assert.Zero(t, behind.ask(0, 0, 10))
	assert.Zero(t, l.asker().ask(0, 0, 10))
}

func TestLeaseScript_ProcessesHaveToAgreeOnTheLengthOfALease(t *testing.T) {
	l := newLenderAt(t)
	require.Equal(t, 10, l.asker().ask(0, 0, 10))
	l.limits.Quota.Redis.Lease.Duration = time.Minute
	other := l.asker()
	_, err := other.hear(&ask{seq: 1, timeout: leaseTimeout})
	require.ErrorIs(t, err, errRefused)
	assert.ErrorContains(t, err, "quota::redis::lease::duration is 1m0s here and 5s there")
}

func TestLeaseScript_SaysAgainThatALeaseIsForgottenToWhoDidNotHearIt(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.crashAfter(func() {})
	a.ask(0, 0, 10)
	for range 3 {
		assert.False(t, a.got.known)
		a.again()
	}
	a.ask(0, 0, 10)
	assert.True(t, a.got.known)
}

func TestLeaseScript_AServerThatStartedAgainCountsAllThatItCouldHaveGranted(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.crashAfter(func() { require.Equal(t, 90, a.ask(10, 0, 90), "which the server forgets") })
	l.pass(time.Second)
	first := l.asker()
	assert.Zero(t, first.ask(0, 0, 50))
	assert.Equal(t, "behind", first.got.began)
	assert.Equal(t, leaseCalls, first.got.used)
	l.grantsAfter(leaseEnds+leaseWindow, leaseCalls)
}

func TestLeaseScript_AProcessNoticesThatTheServerIsBehindWhereNothingElseTells(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.crashAfter(func() { require.Equal(t, 20, a.ask(0, 0, 20)) })
	l.run = "first" // as of a server that does not tell
	assert.Zero(t, a.ask(0, 0, 50))
	assert.Equal(t, "behind", a.got.began)
	assert.False(t, a.got.known)
	assert.Zero(t, l.asker().ask(0, 0, 50))
}

func TestLeaseScript_AnAccountThatIsGoneBeginsUsedUp(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	require.NoError(t, l.client.FlushAll(t.Context()).Err())
	assert.Zero(t, a.ask(0, 0, 10), "though a cold start is allowed: a process knows that there was an account")
	assert.Equal(t, "full", a.got.began)
	l.grantsAfter(leaseEnds+leaseWindow, leaseCalls)
}

func TestLeaseScript_AnAccountThatANewProcessBeganAnewIsUsedUpOnceAnOlderOneAsks(t *testing.T) {
	l := newLenderAt(t)
	a, b := l.asker(), l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	require.Equal(t, 10, b.ask(0, 0, 10))
	require.NoError(t, l.client.FlushAll(t.Context()).Err())
	fresh := l.asker()
	require.Equal(t, 5, fresh.ask(0, 0, 5))
	assert.Equal(t, "empty", fresh.got.began)
	assert.Zero(t, a.ask(0, 0, 10))
	assert.Equal(t, "full", a.got.began)
	l.pass(leaseEnds)
	b.ask(0, 0, 0)
	assert.Empty(t, b.got.began, "the second that knew of it does not make it last longer")
	l.grantsAfter(leaseWindow, leaseCalls-5)
}

func TestLeaseScript_WithoutLeaveNothingIsGrantedOfANewAccountForAWindow(t *testing.T) {
	l := newLenderAt(t)
	l.limits.Quota.Redis.ColdStart = Wait
	a := l.asker()
	assert.Zero(t, a.ask(0, 0, 10))
	assert.Equal(t, "full", a.got.began)
	l.grantsAfter(leaseEnds+leaseWindow, leaseCalls)
}

func TestLeaseScript_OneClockThatIsWrongFreesNoCallEarly(t *testing.T) {
	for name, tt := range map[string]struct{ server, process time.Duration }{
		"the server's is ahead when calls are counted":         {server: time.Hour},
		"the server's is behind when calls are counted":        {server: -time.Hour},
		"that of the process is ahead when calls are counted":  {process: time.Hour},
		"that of the process is behind when calls are counted": {process: -time.Hour},
		"both are right": {},
	} {
		t.Run(name, func(t *testing.T) {
			for _, corrected := range []bool{false, true} {
				l := newLenderAt(t)
				l.pass(tt.server)
				a := l.asker()
				a.ahead = tt.process - tt.server
				require.Equal(t, leaseCalls, a.ask(0, 0, leaseCalls))
				a.ask(leaseCalls, 0, 0)
				b := l.asker()
				b.ahead = a.ahead
				if corrected {
					l.pass(-tt.server)
					b.ahead = 0
				}
				l.pass(leaseWindow - time.Millisecond)
				assert.Zero(t, b.ask(0, 0, 10))
			}
		})
	}
}

func TestLeaseScript_AClockThatIsSetAheadFreesNothing(t *testing.T) {
	for name, tt := range map[string]struct{ server, process time.Duration }{
		"the server's":        {server: time.Hour},
		"that of the process": {process: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLenderAt(t)
			a := l.asker()
			require.Equal(t, leaseCalls, a.ask(0, 0, leaseCalls))
			l.pass(tt.server)
			b := l.asker()
			b.ahead = tt.process - tt.server
			assert.Zero(t, b.ask(0, 0, 10))
		})
	}
}

func TestLeaseScript_AfterARestartAPaceBoundsWhatMayHaveBeenGranted(t *testing.T) {
	l := newLenderAt(t)
	l.limits.RateLimit = &RateLimitConfig{CallsPerSecond: 2, Burst: 1}
	a := l.asker()
	require.Equal(t, 1, a.ask(0, 0, 10))
	a.ask(1, 0, 0)
	l.run = "second"
	l.pass(10 * time.Second)
	a.ask(0, 0, 0)
	assert.Equal(t, "behind", a.got.began)
	assert.Equal(t, 1+2*10+1, a.got.used-1, "what was over, ten seconds of the pace, and what comes at once, rounded up")
}
