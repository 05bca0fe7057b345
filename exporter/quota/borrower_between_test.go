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
	"go.uber.org/zap"
)

func TestLease_ACallOfAForgottenLeaseThatTakesItsTimeIsNoneOfTheNextOne(t *testing.T) {
	l := newLease(leasesOf(10*time.Second), time.Minute, time.Second)
	l.apply(l.compose(0, 0), answer{epoch: "e", known: true, grant: 2}, 0, 0)
	require.True(t, l.take(0))
	l.apply(l.compose(0, 1), answer{epoch: "e", gen: 1, grant: 2}, 0, 1)
	require.True(t, l.take(0))
	a := l.compose(2*time.Second, 2) // the first should be over by now, and is not
	assert.Zero(t, a.over)
	l.apply(a, answer{epoch: "e", gen: 1, known: true}, 2*time.Second, 2)
	l.ended++
	a = l.compose(3*time.Second, 1)
	assert.Zero(t, a.over, "one of the two may still be under way")
	l.apply(a, answer{epoch: "e", gen: 1, known: true}, 3*time.Second, 1)
	l.ended++
	assert.Equal(t, 1, l.compose(4*time.Second, 0).over)
}

// leasesOf is of leases of that length.
func leasesOf(d time.Duration) RedisConfig {
	cfg := NewDefaultRedisConfig()
	cfg.Lease.Duration = d
	return cfg
}

func TestLease_CallsThatMayTakeLongerLeaveEarlierUntilRedisKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLease(leasesOf(10*time.Second), time.Minute, time.Second)
		l.apply(l.compose(0, 0), answer{epoch: "e", known: true, grant: 5}, 0, 0)
		under := l.compose(0, 0)
		l.credits = 5
		l.outlast(4 * time.Second)
		assert.True(t, l.take(6*time.Second-1))
		assert.False(t, l.take(6*time.Second))
		l.apply(under, answer{epoch: "e", known: true, grant: 5}, 0, 0)
		assert.False(t, l.take(6*time.Second), "the ask was under way")
		l.apply(l.compose(0, 0), answer{epoch: "e", known: true, grant: 5}, 0, 0)
		assert.True(t, l.take(9*time.Second-1))
	})
}

func TestLease_EndsByTheClockAtTheAskThoughTheMachineIsSuspendedBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLease(leasesOf(10*time.Second), time.Minute, time.Second)
		a := l.compose(0, 0)
		time.Sleep(time.Hour) // of which the steady clock knows nothing
		l.apply(a, answer{epoch: "e", known: true, grant: 5}, 0, 0)
		assert.False(t, l.take(0))
	})
}

func TestBorrower_ACallThatWaitsForThePaceTakesNothingOfAnotherTimeOfUse(t *testing.T) {
	slow := func(l *Limits) { l.RateLimit = &RateLimitConfig{CallsPerSecond: 0.5, Burst: 2} }
	inBorrower(t, slow, func(f *fleet, p *member) {
		p.borrow(2)
		p.account.pace.SetBurst(1)
		require.NoError(t, p.waits(time.Millisecond))
		left := make(chan error)
		go func() { left <- p.waits(time.Minute) }()
		synctest.Wait()
		p.account.Done(time.Now())
		require.NoError(t, p.account.Unborrow(f.t.Context()))
		lender, err := newLender(p.ctx, acme, f.limits)
		require.NoError(t, err)
		require.NoError(t, lender.close())
		lender.client, lender.run = f.server.client(), p.run
		require.NoError(t, p.account.borrow(p.ctx, lender, f.limits, zap.NewNop()))
		require.NoError(t, <-left)
		assert.Equal(t, "1", f.client.HGet(f.t.Context(), lender.keys[4], "held").Val())
	})
}

func TestBorrower_CallsOfBeforeAreNoneOfItsLease(t *testing.T) {
	server := startRedis(t)
	inFleet(t, 0, server, func(s *redisServer) Limits { return fleetLimits(s, 100, time.Minute) }, func(f *fleet) {
		p := &member{fleet: f, account: NewAccount(f.limits)}
		p.ctx, p.kill = context.WithCancel(f.t.Context())
		require.NoError(t, p.waits(time.Second), "kept elsewhere")
		lender, err := newLender(p.ctx, acme, f.limits)
		require.NoError(t, err)
		require.NoError(t, lender.close())
		lender.client, lender.run = f.server.client(), p.run
		require.NoError(t, p.account.borrow(p.ctx, lender, f.limits, zap.NewNop()))
		p.borrow(1)
		p.account.Done(time.Now())
		time.Sleep(400 * time.Millisecond) // the ask is due, and its calls are under way
		p.keep(1)
		require.NoError(t, p.waits(time.Millisecond))
		time.Sleep(3 * time.Second)
		assert.Equal(t, 1, p.account.Usage().Used, "the one under way, of which nothing is over")
		assert.Equal(t, "1", f.client.HGet(f.t.Context(), lender.keys[4], "held").Val())
		p.crash()
	})
}

func TestBorrower_WhoWaitsForTheQuotaDoesNotLookAgainBeforeItIsAsked(t *testing.T) {
	l := newLease(leasesOf(30*time.Second), 24*time.Hour, time.Second)
	b := &borrower{account: NewAccount(Limits{}), lease: l}
	l.take(0)
	l.apply(l.compose(0, 0), answer{epoch: "e", known: true, why: "quota", oldest: time.Millisecond}, 0, 0)
	assert.Equal(t, l.next, b.lacks(0).atMost)
}
