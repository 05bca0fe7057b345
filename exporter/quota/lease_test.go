// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testLease is of 10 seconds and at most 100 calls, of a minute's window and calls of a second.
func testLease() *lease {
	return newLease(RedisConfig{Lease: LeaseConfig{Duration: 10 * time.Second, Calls: 100}}, time.Minute, time.Second)
}

// ask asks and is answered at once.
func (l *lease) askAt(now time.Duration, inFlight int, got answer) *ask {
	a := l.compose(now, inFlight)
	l.apply(a, got, now, inFlight)
	return a
}

// granted is an answer that grants so many.
func granted(calls int) answer { return answer{epoch: "e", known: true, grant: calls} }

func lacking(why string) answer { return answer{epoch: "e", known: true, why: why} }

// takeAll takes so many credits, and reports whether there were so many.
func (l *lease) takeAll(now time.Duration, calls int) bool {
	for range calls {
		if !l.take(now) {
			return false
		}
	}
	return true
}

func TestLease_LetsCallsLeaveThatItHasAndNoneAfterItsEnd(t *testing.T) {
	tests := map[string]struct {
		at    time.Duration
		calls int
		want  bool
	}{
		"one":                               {0, 1, true},
		"all":                               {0, 5, true},
		"one too many":                      {0, 6, false},
		"one at the last moment":            {9*time.Second - 1, 1, true},
		"none in the tenth before its end":  {9 * time.Second, 1, false},
		"none when it has ended":            {time.Hour, 1, false},
		"all of them at the last moment":    {9*time.Second - 1, 5, true},
		"one too many at the last moment":   {9*time.Second - 1, 6, false},
		"those that leave one by one, also": {time.Second, 5, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := testLease()
			l.askAt(0, 0, granted(5))
			assert.Equal(t, tt.want, l.takeAll(tt.at, tt.calls))
		})
	}
}

func TestLease_EndsByTheTimeOfTheAskAndNotOfTheAnswer(t *testing.T) {
	l := testLease()
	a := l.compose(time.Second, 0)
	l.apply(a, granted(5), 3*time.Second, 0)
	assert.True(t, l.take(10*time.Second-1))
	assert.False(t, l.take(10*time.Second))
}

func TestLease_AsksForAsManyAsAreMade(t *testing.T) {
	l := testLease()
	assert.Zero(t, l.askAt(0, 0, granted(0)).want, "nobody needs one yet")
	wants := []int{1, 2, 4, 8, 16, 32, 64, 100, 100}
	for i, want := range wants { // one is short each time
		now := time.Duration(i+1) * time.Second
		for l.take(now) {
		}
		l.ended += l.spent
		a := l.askAt(now, 0, granted(want))
		assert.Equal(t, want, a.want, "ask %d doubles it, to the most", i)
	}
	assert.True(t, l.takeAll(20*time.Second-1-9*time.Second, 30))
	a := l.askAt(12*time.Second, 30, granted(0))
	assert.Equal(t, 0, a.want)
	assert.Equal(t, 40, a.back, "70 were left, and 30 were enough")
	assert.Equal(t, 30, l.credits)
	a = l.askAt(13*time.Second, 0, granted(0))
	assert.Equal(t, 30, a.back, "everything is given back by who is idle")
	assert.Equal(t, 0, a.want)
	assert.Zero(t, l.credits)
}

func TestLease_ThatIsShortAsksForWhatItNeeds(t *testing.T) {
	l := testLease()
	for range 40 {
		l.take(0)
	}
	assert.Equal(t, 40, l.askAt(0, 0, granted(40)).want, "so many wait at once")
	for range 200 {
		l.take(time.Second)
	}
	assert.Equal(t, 100, l.askAt(time.Second, 40, lacking("quota")).want, "never more than the most")
	for range 3 {
		l.take(2 * time.Second)
	}
	assert.Equal(t, 3, l.askAt(2*time.Second, 40, lacking("quota")).want, "where there is none, for no more than wait")
}

func TestLease_AsksForNothingToReplaceCreditsThatHaveEnded(t *testing.T) {
	l := testLease()
	l.askAt(0, 0, granted(50))
	a := l.askAt(time.Minute, 0, granted(0))
	assert.Equal(t, 50, a.back, "what has ended is given back")
	assert.False(t, l.take(time.Minute))
}

func TestLease_ReportsEachCallThatIsOverOnce(t *testing.T) {
	l := testLease()
	l.askAt(0, 0, granted(5))
	l.takeAll(0, 5)
	l.ended = 3
	assert.Equal(t, 3, l.askAt(time.Second, 2, granted(0)).over)
	assert.Zero(t, l.askAt(2*time.Second, 2, granted(0)).over)
	l.ended = 2
	assert.Equal(t, 2, l.askAt(3*time.Second, 0, granted(0)).over)
}

func TestLease_GivesBackCallsThatDoNotLeave(t *testing.T) {
	l := testLease()
	l.askAt(0, 0, granted(1))
	assert.True(t, l.take(0))
	assert.False(t, l.take(0))
	l.giveBack()
	assert.True(t, l.take(0), "it is free again at once")
}

func TestLease_AsksAgainWithTheSameNumberUntilItIsAnswered(t *testing.T) {
	l := testLease()
	a := l.compose(0, 0)
	l.fail(errors.New("away"), 0, time.Second)
	assert.Equal(t, time.Second, l.due(0))
	l.take(time.Second)
	assert.Same(t, a, l.compose(time.Second, 0), "it may have been heard")
	assert.Same(t, a, l.compose(5*time.Second-1, 0))
	again := l.compose(5*time.Second, 0)
	assert.NotSame(t, a, again)
	assert.Greater(t, again.seq, a.seq+1, "and by no number that may still be heard")
	assert.False(t, again.alive, "a lease that may have been forgotten is not missed")
}

func TestLease_ThatIsForgottenTakesItsCallsAlong(t *testing.T) {
	forgotten := answer{epoch: "e", gen: 1, grant: 4}
	fresh := func() *lease {
		l := testLease()
		l.askAt(0, 0, granted(10))
		l.takeAll(0, 6)
		l.pacing = 1 // and 5 have left
		l.askAt(time.Second, 6, forgotten)
		return l
	}
	t.Run("what it had is gone, and what was granted is there", func(t *testing.T) {
		l := fresh()
		assert.True(t, l.takeAll(time.Second, 4))
		assert.False(t, l.take(time.Second))
	})
	t.Run("a call that waits for the pace needs another credit", func(t *testing.T) {
		l := testLease()
		l.askAt(0, 0, granted(10))
		before := l.number
		assert.True(t, l.holds(before, 0))
		l.askAt(time.Second, 0, forgotten)
		assert.False(t, l.holds(before, time.Second))
	})
	t.Run("its calls are not reported with those of the next one", func(t *testing.T) {
		l := fresh()
		l.takeAll(time.Second, 4)
		l.ended = 5 + 3 // the five, and three of the four
		assert.Zero(t, l.askAt(2*time.Second-1, 1, granted(0)).over, "whose they are is not known yet")
		assert.Equal(t, 3, l.askAt(2*time.Second, 1, granted(0)).over, "by now the five are over")
	})
	t.Run("a call given back meanwhile counts as made", func(t *testing.T) {
		l := fresh()
		credits := l.credits
		l.giveBack()
		assert.Equal(t, credits, l.credits)
		l.ended += 4 // and the other four are over
		assert.Zero(t, l.askAt(3*time.Second, 0, granted(0)).over)
	})
}

func TestLease_IsAskedForWhenThatIsOfUse(t *testing.T) {
	tests := map[string]struct {
		happens func(l *lease)
		want    time.Duration
	}{
		"credits are there: after a part of the window": {func(l *lease) { l.askAt(time.Second, 0, granted(5)) }, 1500 * time.Millisecond},
		"nothing is there and nothing made: after a third of the lease": {
			func(l *lease) { l.askAt(time.Second, 0, granted(0)) }, time.Second + 10*time.Second/3,
		},
		"a call is over: after a part of the window": {
			func(l *lease) {
				l.askAt(time.Second, 0, granted(0))
				l.ended = 1
			}, 1500 * time.Millisecond,
		},
		"a call finds no credit: at once": {
			func(l *lease) {
				l.askAt(time.Second, 0, granted(1))
				l.takeAll(time.Second, 2)
			}, time.Second,
		},
		"the quota is used up: when it has room, or soon": {
			func(l *lease) {
				got := lacking("quota")
				got.oldest = time.Hour
				l.take(time.Second)
				l.askAt(time.Second, 0, got)
				l.take(time.Second)
			}, time.Second + askAgain,
		},
		"the quota has room in a moment: in a moment": {
			func(l *lease) {
				got := lacking("quota")
				got.oldest = 300 * time.Millisecond
				l.take(time.Second)
				l.askAt(time.Second, 0, got)
				l.take(time.Second)
			}, 1300 * time.Millisecond,
		},
		"the pace holds back: when it lets one leave": {
			func(l *lease) {
				got := lacking("pace")
				got.next = 700 * time.Millisecond
				l.take(time.Second)
				l.askAt(time.Second, 0, got)
				l.take(time.Second)
			}, 1700 * time.Millisecond,
		},
		"Target asks for a pause: at once, to tell the others": {
			func(l *lease) {
				l.askAt(time.Second, 0, granted(5))
				l.pause = time.Minute
			}, 0,
		},
		"Redis is away: after a pause, whatever else": {
			func(l *lease) {
				l.compose(time.Second, 0)
				l.fail(errors.New("away"), time.Second, 5*time.Second)
				l.pause, l.short = time.Minute, 3
			}, 6 * time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := testLease()
			tt.happens(l)
			assert.Equal(t, tt.want, l.due(0))
		})
	}
}

func TestLease_SaysWhatIsWaitedFor(t *testing.T) {
	l := testLease()
	assert.Equal(t, Lease, l.cause(), "nothing is known")
	got := lacking("quota")
	got.oldest = time.Minute
	l.askAt(time.Second, 0, got)
	assert.Equal(t, Window, l.cause())
	assert.Equal(t, 50*time.Second, l.nextFree(11*time.Second))
	assert.Equal(t, time.Millisecond, l.nextFree(time.Hour), "it has to be asked")
	l.askAt(time.Second, 0, lacking("pace"))
	assert.Equal(t, Pace, l.cause())
	assert.Zero(t, l.nextFree(time.Second))
	l.compose(2*time.Second, 0)
	assert.Equal(t, Lease, l.cause(), "an answer")
	l.fail(errors.New("away"), 2*time.Second, time.Second)
	assert.Equal(t, Lease, l.cause())
	require.Error(t, l.fault)
	l.askAt(3*time.Second, 0, granted(1))
	assert.NoError(t, l.fault)
}
