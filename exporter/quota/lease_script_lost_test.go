// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLeaseScript_ALeaseThatWasRenewedInTheLostWritesIsCountedFromTheRestart(t *testing.T) {
	l := newLenderAt(t)
	l.limits.Quota.Window = 24 * time.Hour // a part is a minute
	l.pass(time.Second)
	a, b := l.asker(), l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.crashAfter(func() {
		require.Equal(t, leaseCalls-10, b.ask(0, 0, leaseCalls))
		for range 14 {
			l.pass(4 * time.Second)
			a.ask(0, 0, 0)
		}
	})
	l.asker().ask(0, 0, 0)
	l.pass(leaseEnds + 24*time.Hour - time.Millisecond)
	assert.Zero(t, l.asker().ask(0, 0, leaseCalls), "calls of the lease may have left until now")
}

func TestLeaseScript_AnAskThatComesAfterItsLeaseEndedIsNoSignOfLostWrites(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.pass(9 * leaseEnds) // the server hung, or the network
	require.NoError(t, l.expire(9*leaseEnds))
	assert.Equal(t, 50, a.ask(10, 0, 50))
	assert.Empty(t, a.got.began)
	assert.Equal(t, 60, a.got.used)
}

// expire has the server forget the keys that it keeps for less than that time.
func (l *lenderAt) expire(after time.Duration) error {
	const script = `for _, key in ipairs(redis.call('KEYS', '*')) do
		local left = redis.call('PTTL', key)
		if left >= 0 and left < tonumber(ARGV[1]) then redis.call('DEL', key) end
	end return 1`
	return l.client.Eval(l.t.Context(), script, nil, after.Milliseconds()).Err()
}

func TestLeaseScript_AFirstAskThatIsRepeatedIsAnsweredAsBeforeThoughTheAccountBeganAnew(t *testing.T) {
	l := newLenderAt(t)
	l.limits.Quota.Redis.ColdStart = Wait
	l.asker().ask(0, 0, 0)
	l.pass(2 * leaseWindow)
	a := l.asker()
	require.Equal(t, 30, a.ask(0, 0, 30))
	for range 3 {
		assert.Equal(t, 30, a.again())
		assert.Equal(t, 30, a.got.used)
	}
}

func TestLeaseScript_AfterARestartWithOtherLimitsTheFormerPaceBoundsNothing(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	l.crashAfter(func() { require.Equal(t, leaseCalls-10, a.ask(10, 0, leaseCalls-10), "without a pace") })
	l.pass(2 * leaseEnds)
	l.limits.RateLimit = &RateLimitConfig{CallsPerSecond: 1, Burst: 1}
	l.asker().ask(0, 0, 0)
	l.pass(10 * time.Second)
	assert.Zero(t, l.asker().ask(0, 0, 10))
}

func TestLeaseScript_AnAccountThatIsGoneIsUsedUpForTheLongestCallThatIsTold(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	long := l.asker()
	long.timeout = time.Minute
	require.Equal(t, 10, long.ask(0, 0, 10))
	require.Equal(t, 10, a.ask(0, 0, 10))
	long.got.epoch = a.got.epoch
	require.NoError(t, l.client.FlushAll(t.Context()).Err())
	a.ask(0, 0, 0)
	l.pass(time.Second)
	long.ask(0, 0, 0)
	assert.Equal(t, "full", long.got.began)
}

func TestLeaseScript_KeepsNothingOfCallsThatAreNotCounted(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	for range 50 {
		require.Equal(t, 1, a.ask(0, 0, 1))
		l.pass(time.Second)
		require.Zero(t, a.ask(0, 1, 0))
	}
	kept, err := l.client.HLen(t.Context(), a.lender.keys[1]).Result()
	require.NoError(t, err)
	assert.Zero(t, kept)
}

func TestLeaseScript_APauseEndsThoughTheClockIsSetBack(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	a.ask(0, 0, 0)
	a.last.seq++
	a.last.pause = 10 * time.Second
	a.again()
	l.pass(-time.Hour)
	a.ahead = time.Hour
	a.ask(0, 0, 1)
	assert.Equal(t, 10*time.Second, a.got.pause)
}

func TestLeaseScript_AnAskOfAnAccountThatIsGoneIsAnsweredAsBeforeWhenItIsRepeated(t *testing.T) {
	l := newLenderAt(t)
	a, b := l.asker(), l.asker()
	a.ask(0, 0, 0)
	b.ask(0, 0, 0)
	require.NoError(t, l.client.FlushAll(t.Context()).Err())
	a.ask(0, 0, 0)
	l.pass(2 * leaseWindow)
	require.Equal(t, 30, b.ask(0, 0, 30))
	for range 3 {
		b.got.epoch = b.last.epoch
		assert.Equal(t, 30, b.again())
		assert.Equal(t, 30, b.got.used)
		assert.False(t, b.got.known)
	}
}

func TestLeaseScript_RefusesAServerWhoseRestartsCannotBeNoticed(t *testing.T) {
	l := newLenderAt(t)
	lender := l.asker().lender
	blind := redis.NewScript(strings.ReplaceAll(leaseText, "run_id", "another"))
	lender.run = blind.Run
	_, err := lender.ask(t.Context(), &ask{seq: 1, want: 10, timeout: leaseTimeout})
	require.ErrorIs(t, err, errRefused)
	require.ErrorContains(t, err, "run_id")
	kept, err := l.client.DBSize(t.Context()).Result()
	require.NoError(t, err)
	assert.Zero(t, kept)
}

func TestLeaseScript_CountsNothingByClocksThatAreYearsApart(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, apart := range map[string]time.Duration{"the machine is ahead": 20 * year, "the server is ahead": -20 * year} {
		t.Run(name, func(t *testing.T) {
			l := newLenderAt(t)
			a, b := l.asker(), l.asker()
			require.Equal(t, 10, a.ask(0, 0, 10))
			b.ahead = apart
			_, err := b.hear(&ask{seq: 1, want: 10, timeout: leaseTimeout})
			require.ErrorContains(t, err, "set the one right that is wrong")
			require.NotErrorIs(t, err, errRefused, "it may pass")
			a.ask(10, 0, 0)
			l.pass(2 * leaseWindow)
			b.ahead = 0
			assert.Equal(t, leaseCalls, b.ask(0, 0, leaseCalls), "and no call is counted for years")
		})
	}
}

func TestLeaseScript_ALongerCallThatWasLostIsCountedOnceItsProcessAsks(t *testing.T) {
	l := newLenderAt(t)
	a := l.asker()
	require.Equal(t, 10, a.ask(0, 0, 10))
	long := l.asker()
	long.timeout = time.Minute
	l.crashAfter(func() { require.Equal(t, 90, long.ask(0, 0, 90)) })
	a.ask(0, 0, 0)
	long.ask(0, 0, 0)
	assert.Equal(t, "behind", long.got.began)
	l.pass(time.Minute + leaseWindow)
	assert.Zero(t, a.ask(0, 0, 10))
}
