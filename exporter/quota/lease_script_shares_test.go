// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clocks are those that an ask sees.
type clocks struct {
	now             time.Time
	server, machine time.Duration // ahead
}

// clockedAsker is a process that asks, at times that are given.
type clockedAsker struct {
	t      *testing.T
	lender *lender
	clocks *clocks
	next   ask
}

var scripted atomic.Int64

// scriptTest is an account of its own on a server, with clocks of its own.
type scriptTest struct {
	t      *testing.T
	clocks clocks
	limits Limits
}

func newScriptTest(t *testing.T, s *redisServer, calls int, window time.Duration) *scriptTest {
	limits := badLimits(s.endpoint(), func(c *RedisConfig) { c.Prefix = "test" + strconv.FormatInt(scripted.Add(1), 10) })
	limits.Quota.Calls, limits.Quota.Window = calls, window
	return &scriptTest{t: t, clocks: clocks{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}, limits: limits}
}

func (s *scriptTest) asker() *clockedAsker {
	l, err := newLender(s.t.Context(), acme, s.limits)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { assert.NoError(s.t, l.close()) })
	l.patience = 20 * time.Second
	l.run = func(ctx context.Context, client redis.Scripter, keys []string, args ...any) *redis.Cmd {
		for i := 0; i < len(args); i += 2 {
			if args[i] == "wall" {
				args[i+1] = s.clocks.now.Add(s.clocks.machine).UnixMilli()
			}
		}
		args = append(args, "clock", s.clocks.now.Add(s.clocks.server).UnixMilli(), "run", "first")
		return modelScript.Run(ctx, client, keys, args...)
	}
	return &clockedAsker{t: s.t, lender: l, clocks: &s.clocks}
}

// ask asks for so many, and says that so many are over and so many come back.
func (a *clockedAsker) ask(want, over, back int) answer {
	a.t.Helper()
	got, err := a.try(want, over, back)
	require.NoError(a.t, err)
	return got
}

func (a *clockedAsker) try(want, over, back int) (answer, error) {
	a.next.seq++
	a.next.want, a.next.over, a.next.back, a.next.timeout = want, over, back, 100*time.Millisecond
	got, err := a.lender.ask(a.t.Context(), &a.next)
	if err == nil {
		a.next.epoch, a.next.gen = got.epoch, got.gen
	}
	return got, err
}

// leave gives back all and ends.
func (a *clockedAsker) leave(over, back int) {
	a.t.Helper()
	a.next.leaves = true
	a.ask(0, over, back)
}

// calls makes so many calls now.
func (a *clockedAsker) calls(n int) {
	a.t.Helper()
	got := a.ask(n, 0, 0)
	require.Equal(a.t, n, got.grant)
	a.ask(0, n, 0)
}

func TestScript_SharesWhatThereIs(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	hungry := func(t *testing.T, n int) (*scriptTest, []*clockedAsker) {
		s := newScriptTest(t, server, 20, time.Hour)
		holder := s.asker()
		require.Equal(t, 20, holder.ask(20, 0, 0).grant)
		var all []*clockedAsker
		for range n {
			a := s.asker()
			require.Zero(t, a.ask(20, 0, 0).grant)
			all = append(all, a)
			s.clocks.now = s.clocks.now.Add(10 * time.Millisecond)
		}
		holder.leave(9, 11) // so eleven are free
		return s, all
	}
	t.Run("the rest that does not divide goes to who has waited longest", func(t *testing.T) {
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
			_, all := hungry(t, 3)
			var got [3]int
			for _, i := range order {
				got[i] = all[i].ask(20, 0, 0).grant
			}
			assert.Equal(t, 11, got[0]+got[1]+got[2], "%v", order)
			for i, n := range got {
				assert.GreaterOrEqual(t, n, 3, "%v: %d", order, i)
			}
		}
		_, all := hungry(t, 3)
		assert.Equal(t, 4, all[0].ask(20, 0, 0).grant)
	})
	t.Run("of what is too few for all, who has waited longest has one", func(t *testing.T) {
		s := newScriptTest(t, server, 1, time.Hour)
		holder := s.asker()
		require.Equal(t, 1, holder.ask(1, 0, 0).grant)
		first, second := s.asker(), s.asker()
		first.ask(1, 0, 0)
		s.clocks.now = s.clocks.now.Add(time.Second)
		second.ask(1, 0, 0)
		holder.leave(0, 1)
		assert.Zero(t, second.ask(1, 0, 0).grant)
		assert.Equal(t, 1, first.ask(1, 0, 0).grant)
	})
	t.Run("who needs fewer leaves the rest to the others", func(t *testing.T) {
		_, all := hungry(t, 2)
		assert.Equal(t, 1, all[0].ask(1, 0, 0).grant)
		assert.Equal(t, 10, all[1].ask(20, 0, 0).grant)
	})
	t.Run("the share of one that was killed is kept for five seconds and no longer", func(t *testing.T) {
		s, all := hungry(t, 2)
		s.clocks.now = s.clocks.now.Add(hungryFor - time.Second)
		assert.Equal(t, 5, all[1].ask(20, 0, 0).grant)
		s.clocks.now = s.clocks.now.Add(time.Second)
		assert.Equal(t, 6, all[1].ask(20, 0, 0).grant)
	})
	t.Run("none starves, however often the others ask", func(t *testing.T) {
		s := newScriptTest(t, server, 1_000_000, time.Hour)
		s.limits.RateLimit = &RateLimitConfig{CallsPerSecond: 10, Burst: 1}
		eager, modest := s.asker(), s.asker()
		var first, second, borrowed int
		for range 200 {
			s.clocks.now = s.clocks.now.Add(20 * time.Millisecond)
			n := eager.ask(20, borrowed, 0).grant
			first, borrowed = first+n, n
			if s.clocks.now.UnixMilli()%100 == 0 {
				n := modest.ask(1, 0, 0).grant
				second += n
				if n > 0 {
					modest.ask(0, n, 0)
				}
			}
		}
		assert.Positive(t, first)
		assert.Greater(t, second, 10, "of %d", first+second)
		assert.LessOrEqual(t, first+second, 41, "the pace holds for all of them")
	})
}

// TestScript_ForgetsNoCallEarlyWhateverWindowFollows changes the window while nobody runs.
func TestScript_ForgetsNoCallEarlyWhateverWindowFollows(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	windows := []time.Duration{time.Minute, 61 * time.Second, 90 * time.Second, 10 * time.Minute, time.Hour}
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 7))
		former, window := windows[random.IntN(len(windows))], windows[random.IntN(len(windows))]
		s := newScriptTest(t, server, 1000, former)
		a := s.asker()
		var made []time.Time
		for range 8 {
			s.clocks.now = s.clocks.now.Add(time.Duration(random.Int64N(int64(former / 8))))
			a.calls(1)
			made = append(made, s.clocks.now)
		}
		a.leave(0, 0)
		s.limits.Quota.Window = window
		s.clocks.now = s.clocks.now.Add(time.Duration(random.Int64N(int64(time.Second))))
		changed := s.clocks.now
		b := s.asker()
		for s.clocks.now.Before(changed.Add(window + window/8)) {
			used, counted := b.ask(0, 0, 0).used, 0
			for _, at := range made {
				if s.clocks.now.Sub(at) < window && changed.Sub(at) < former {
					counted++
				}
			}
			assert.GreaterOrEqual(t, used, counted, "seed %d: %s to %s, after %s", seed, former, window, s.clocks.now.Sub(changed))
			s.clocks.now = s.clocks.now.Add(time.Duration(random.Int64N(int64(window / 5))))
		}
		s.clocks.now = s.clocks.now.Add(former/1440 + window/100)
		assert.Zero(t, b.ask(0, 0, 0).used, "seed %d: %s to %s: and none is counted for ever", seed, former, window)
	}
}

func TestScript_CountsACallForAWindowWhateverAClockSays(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	tests := map[string]struct{ before, after clocks }{
		"all are right":                    {clocks{}, clocks{}},
		"Redis is an hour ahead":           {clocks{server: time.Hour}, clocks{server: time.Hour}},
		"Redis is an hour behind":          {clocks{server: -time.Hour}, clocks{server: -time.Hour}},
		"the machine is an hour ahead":     {clocks{machine: time.Hour}, clocks{machine: time.Hour}},
		"the machine is an hour behind":    {clocks{machine: -time.Hour}, clocks{machine: -time.Hour}},
		"Redis is set an hour ahead":       {clocks{}, clocks{server: time.Hour}},
		"Redis is set an hour back":        {clocks{}, clocks{server: -time.Hour}},
		"the machine is set an hour ahead": {clocks{}, clocks{machine: time.Hour}},
		"the machine is set an hour back":  {clocks{}, clocks{machine: -time.Hour}},
		"Redis was an hour ahead":          {clocks{server: time.Hour}, clocks{}},
		"Redis was an hour behind":         {clocks{server: -time.Hour}, clocks{}},
		"the machine was an hour behind":   {clocks{machine: -time.Hour}, clocks{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const window = 10 * time.Minute
			s := newScriptTest(t, server, 100, window)
			set := func(c clocks) { s.clocks.server, s.clocks.machine = c.server, c.machine }
			set(tt.before)
			a := s.asker()
			a.calls(7)
			made := s.clocks.now
			set(tt.after)
			for s.clocks.now.Sub(made) < window {
				require.GreaterOrEqual(t, a.ask(0, 0, 0).used, 7, "after %s", s.clocks.now.Sub(made))
				s.clocks.now = s.clocks.now.Add(7 * time.Second)
			}
			s.clocks.now = made.Add(window + 2*time.Hour + time.Minute)
			assert.Zero(t, a.ask(0, 0, 0).used, "and no longer than the clocks are off")
		})
	}
}

// A walk over all the parts between would keep Redis from answering anybody.
func TestScript_AnswersAtOnceWhenAClockIsADayOff(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	const day = 24*time.Hour - time.Second // and with more nothing is counted
	for name, tt := range map[string]clocks{
		"Redis is ahead": {server: day}, "Redis is behind": {server: -day},
		"the machine is ahead": {machine: day}, "the machine is behind": {machine: -day},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScriptTest(t, server, 100, time.Minute)
			a := s.asker()
			a.calls(7)
			s.clocks.server, s.clocks.machine = tt.server, tt.machine
			a.ask(0, 0, 0)
			got := a.ask(3, 0, 0)
			a.ask(0, got.grant, 0)
			s.clocks.server, s.clocks.machine = 0, 0
			used := a.ask(0, 0, 0).used
			assert.GreaterOrEqual(t, used, 7+got.grant)
			s.clocks.now = s.clocks.now.Add(2 * time.Minute)
			a.ask(0, 0, 0)
			a.ask(1, 0, 0)
		})
	}
}

func TestScript_HoldsTheLargestNumbers(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	tests := map[string]func(*Limits){
		"no quota":                       func(l *Limits) { l.Quota.Calls = Unlimited },
		"a quota as large as an integer": func(l *Limits) { l.Quota.Calls = math.MaxInt - 1 },
		"a burst as large as an integer": func(l *Limits) { l.RateLimit = &RateLimitConfig{CallsPerSecond: 1, Burst: math.MaxInt} },
		"a pace as large as a number":    func(l *Limits) { l.RateLimit = &RateLimitConfig{CallsPerSecond: math.MaxFloat64, Burst: 1} },
		"a pace as small as a number": func(l *Limits) {
			l.RateLimit = &RateLimitConfig{CallsPerSecond: math.SmallestNonzeroFloat64, Burst: 50}
		},
		"the longest window": func(l *Limits) { l.Quota.Window = MaxWindow },
		"leases of an hour":  func(l *Limits) { l.Quota.Redis.Lease = LeaseConfig{Duration: MaxLease, Calls: math.MaxInt} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScriptTest(t, server, 100, time.Hour)
			change(&s.limits)
			a := s.asker()
			for i := range 3 {
				got := a.ask(10, 0, 0)
				assert.Equal(t, 10, got.grant)
				assert.Equal(t, 10*(i+1), got.used)
				assert.Equal(t, 10*(i+1), a.ask(0, 10, 0).used)
				s.clocks.now = s.clocks.now.Add(time.Second)
			}
			got := a.ask(50, 0, 0)
			assert.GreaterOrEqual(t, got.grant, 0)
			assert.GreaterOrEqual(t, got.next, time.Duration(0))
		})
	}
}

func TestScript_BeginsUsedUpWhereCallsAreLeftOfAnAccountThatIsGone(t *testing.T) {
	t.Parallel()
	s := newScriptTest(t, startRedis(t), 10, time.Hour)
	a := s.asker()
	a.calls(4)
	require.NoError(t, a.lender.client.Del(t.Context(), a.lender.keys[0]).Err()) // as Redis evicts it
	fresh := s.asker()
	got := fresh.ask(1, 0, 0)
	assert.Zero(t, got.grant, "cold_start: allow is for where nothing was sent")
	assert.Equal(t, "full", got.began)
	assert.Zero(t, a.ask(1, 0, 0).grant)
}

func TestScript_KeepsOtherLimitsAwayForAsLongAsTheLongestLease(t *testing.T) {
	t.Parallel()
	s := newScriptTest(t, startRedis(t), 10, time.Hour)
	s.limits.Quota.Redis.Lease.Duration = MaxLease
	patient := s.asker()
	patient.calls(4)
	s.clocks.now = s.clocks.now.Add(20 * time.Minute) // it asks again in no less
	s.limits.Quota.Calls, s.limits.Quota.Redis.Lease.Duration = 20, MinLease
	other := s.asker()
	_, err := other.try(1, 0, 0)
	require.ErrorIs(t, err, errRefused)
	require.ErrorContains(t, err, "quota::calls is 20 here and 10 there")
	patient.leave(0, 0)
	assert.Equal(t, 1, other.ask(1, 0, 0).grant, "once it has ended they may change")
}

func TestScript_LeavesAllAsItIsWhereAnotherProgramWroteAmongTheCalls(t *testing.T) {
	t.Parallel()
	s := newScriptTest(t, startRedis(t), 10, time.Hour)
	a := s.asker()
	a.calls(4)
	a.leave(0, 0)
	client, calls := a.lender.client, a.lender.keys[1]
	before := client.HGetAll(t.Context(), calls).Val()
	require.NoError(t, client.HSet(t.Context(), calls, secret, secret).Err())
	s.limits.Quota.Window = 2 * time.Hour
	b := s.asker()
	_, err := b.try(1, 0, 0)
	require.ErrorIs(t, err, errRefused)
	require.ErrorContains(t, err, "a key of the prefix holds what this exporter did not write, choose another prefix")
	assert.NotContains(t, err.Error(), secret)
	require.NoError(t, client.HDel(t.Context(), calls, secret).Err())
	assert.Equal(t, before, client.HGetAll(t.Context(), calls).Val())
	assert.Equal(t, 4, b.ask(0, 0, 0).used)
}
