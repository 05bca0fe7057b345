// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/redisserver"
)

// nextCall returns when the last line that begins so says that a call may leave.
func (f *fixture) nextCall(t *testing.T, message string) time.Time {
	t.Helper()
	var next time.Time
	for _, entry := range f.logs.All() {
		if strings.HasPrefix(entry.Message, message) {
			next = entry.ContextMap()["next_call"].(time.Time)
		}
	}
	require.NotZero(t, next)
	return next
}

func TestHoldup_AUsedUpQuotaIsSaidFromItsBeginToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			set.outbox.MergeWindow = 0
			set.quota.Quota = quota.WindowConfig{Calls: 10, Window: time.Hour}
		})
		began := time.Now()
		f.push(t, visitors(15)...)
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"delivered": 10}, f.counts("records"))
		assert.Equal(t, 1, f.said("The quota is used up"))
		assert.WithinDuration(t, began.Add(time.Hour), f.nextCall(t, "The quota is used up"), 5*time.Second)
		require.Len(t, f.reported(), 1)
		require.ErrorContains(t, f.reported()[0], "The quota is used up: the next call may leave at "+began.Add(time.Hour).UTC().Format("2006-01-02T15"))

		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 15}, f.counts("records"))
		assert.Equal(t, 1, f.said("The quota has room again"))
		require.Len(t, f.reported(), 2)
		require.NoError(t, f.reported()[1])
		f.Stop()
	})
}

// Redis runs in real time, so this test does.
func TestHoldup_AnAccountThatCannotBeAskedIsSaidFromItsBeginToItsEnd(t *testing.T) {
	program, endpoint := redisserver.Program(t), freeAddress(t)
	limits := quota.Limits{Quota: quota.NewDefaultWindowConfig()}
	limits.Quota.Redis.Endpoint, limits.Quota.Redis.ColdStart = endpoint, quota.Allow
	account := quota.NewAccount(limits)
	require.NoError(t, account.Borrow(t.Context(), quota.Key{ClientCode: "acme", Endpoint: "http://target.example"}, limits, zap.NewNop()))
	f := started(t, func(set *setup) {
		set.outbox.MergeWindow = 0
		set.Account = account
	})
	f.push(t, visitors(3)...)
	const soon, often = 20 * time.Second, 5 * time.Millisecond
	require.Eventually(t, func() bool { return f.said("The quota account in Redis cannot be asked") == 1 }, soon, often)
	require.Eventually(t, func() bool { return f.counts("outbox.visitors")["redis"] == 3 }, soon, often)
	assert.Empty(t, f.route.calls())
	require.Len(t, f.reported(), 1)
	require.ErrorContains(t, f.reported()[0], "quota::redis: "+endpoint+" cannot be asked")

	host, port, err := net.SplitHostPort(endpoint)
	require.NoError(t, err)
	server := exec.CommandContext(t.Context(), program, "--bind", host, "--port", port, "--save", "", "--dir", t.TempDir()) //nolint:gosec // the server of this test
	require.NoError(t, server.Start())
	require.Eventually(t, func() bool { return f.counts("records")["delivered"] == 3 }, soon, often)
	assert.Equal(t, 1, f.said("The quota account in Redis can be asked again"))
	require.NoError(t, f.reported()[len(f.reported())-1])
	f.Stop()
	require.NoError(t, account.Unborrow(t.Context()))
	require.NoError(t, server.Process.Kill())
	require.Error(t, server.Wait(), "it was killed")
}

// freeAddress is where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// Each call that the window frees is used at once, so it stays used up.
func TestHoldup_AQuotaThatFreesACallNowAndThenIsSaidOnceAndRemindedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			set.outbox.MergeWindow = 0
			set.quota.Quota = quota.WindowConfig{Calls: 60, Window: time.Hour}
		})
		for _, v := range visitors(60) {
			f.push(t, v)
			time.Sleep(time.Minute)
		}
		f.push(t, visitors(300)...)
		time.Sleep(2 * time.Hour)
		assert.InDelta(t, 180, f.counts("records")["delivered"], 2)
		assert.Equal(t, 0, f.said("The quota has room again"))
		assert.InDelta(t, 24, f.said("The quota is used up"), 5, "every five minutes of two hours")
		assert.NotContains(t, f.reported(), nil, "it is not over in between")
		f.Stop()
	})
}

// The window frees calls about as fast as they are needed, so the quota is used up now and then.
func TestHoldup_AQuotaThatIsUsedUpNowAndThenIsSaidEveryFiveMinutesAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			set.outbox.MergeWindow = 0
			set.quota.Quota = quota.WindowConfig{Calls: 6, Window: time.Minute}
		})
		names := visitors(300)
		for len(names) > 0 {
			f.push(t, names[:5]...)
			names = names[5:]
			time.Sleep(45 * time.Second)
		}
		f.Stop()
		assert.InDelta(t, 9, f.said("The quota is used up"), 3, "every five minutes of 45")
		assert.InDelta(t, f.said("The quota is used up"), f.said("The quota has room again"), 1)
	})
}

func TestHoldup_OnlyALongPauseIsSaid(t *testing.T) {
	for name, tt := range map[string]struct {
		pause time.Duration
		said  int
	}{
		"a moment":    {10 * time.Second, 0},
		"ten minutes": {10 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := started(t, oneByOne)
				slowDown := down
				slowDown.RetryAfter = tt.pause
				first := true
				f.route.decide(func(call) route.Answer {
					if first {
						first = false
						return slowDown
					}
					return taken
				})
				began := time.Now()
				f.push(t, tier("a", "1"))
				time.Sleep(time.Second)
				f.push(t, tier("b", "1"))
				time.Sleep(time.Second)
				assert.Equal(t, tt.said, f.said("Target has asked for no calls"))
				if tt.said > 0 {
					assert.WithinDuration(t, began.Add(tt.pause), f.nextCall(t, "Target has asked for no calls"), 2*time.Second)
				}
				time.Sleep(20 * time.Minute)
				assert.Equal(t, map[string]int{"delivered": 2}, f.counts("records"))
				assert.Equal(t, tt.said, f.said("The pause that Target asked for is over"))
				assert.Len(t, f.reported(), 2*tt.said)
				f.Stop()
			})
		})
	}
}

// The Collector is told the worst, and that all is well only when all is.
func TestTroubles_TheWorstIsReported(t *testing.T) {
	var reported []error
	known := newTroubles(func(err error) { reported = append(reported, err) })
	known.over(callsFail)
	assert.Empty(t, reported, "there was nothing")
	known.begin(quotaUsedUp, assert.AnError)
	known.begin(callsFail, errWorse)
	known.over(quotaUsedUp)
	known.over(callsFail)
	assert.Equal(t, []error{assert.AnError, errWorse, errWorse, nil}, reported)
}

// The last call takes the last room, and nobody waits any more.
func TestHoldup_AQuotaThatNobodyWaitsForIsNoTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := started(t, func(set *setup) {
			set.outbox.MergeWindow = 0
			set.quota.Quota = quota.WindowConfig{Calls: 10, Window: time.Hour}
		})
		f.push(t, visitors(20)...)
		time.Sleep(2 * time.Hour)
		assert.Equal(t, map[string]int{"delivered": 20}, f.counts("records"))
		require.NotEmpty(t, f.reported())
		require.NoError(t, f.reported()[len(f.reported())-1])
		assert.Equal(t, 1, f.said("The quota has room again"))
		f.Stop()
	})
}

// Callers that wait ask the account all at once.
func TestHoldup_IsSafeForCallersThatWait(t *testing.T) {
	f := newFixture(t, func(set *setup) {
		set.Concurrency = 64
		set.quota.Quota = quota.WindowConfig{Calls: 20, Window: 20 * time.Millisecond}
	})
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			for i := range 20 {
				assert.NoError(t, f.PushAndWait(t.Context(), logs(tier("v"+strconv.Itoa(i), "gold"))))
			}
		})
	}
	callers.Wait()
}

var errWorse = errors.New("calls fail")
