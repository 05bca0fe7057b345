// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// heldBy returns the visitors of the records that an error gives back, in their order.
func heldBy(t *testing.T, err error) []string {
	t.Helper()
	var carried consumererror.Logs
	require.ErrorAs(t, err, &carried)
	assert.False(t, consumererror.IsPermanent(err))
	assert.NotContains(t, err.Error(), secret)
	var ids []string
	for _, resource := range carried.Data().ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, lr := range scope.LogRecords().All() {
				id, _ := lr.Attributes().Get("mbox3rdPartyId")
				ids = append(ids, strings.TrimPrefix(id.Str(), secret))
			}
		}
	}
	return ids
}

func TestPushAndWait_OnlyWhatIsHeldGoesBack(t *testing.T) {
	f := newFixture(t, func(set *setup) { set.Concurrency = 1 })
	f.route.decide(func(c call) route.Answer {
		switch c.visitor {
		case "v2", "v5":
			return down
		case "v4":
			return refused
		}
		return taken
	})
	// The request begins with any of its visitors: whoever that is, a call before has got through.
	require.NoError(t, f.PushAndWait(t.Context(), logs(visitors(1)...)))
	request := logs(append(visitors(40), record{}, tier("v2", "late"))...)
	err := f.PushAndWait(t.Context(), request)
	assert.Equal(t, []string{"v2", "v5", "v2"}, heldBy(t, err))
	require.ErrorContains(t, err, "3 of 42 log records are held: Target answered with the status 503")
	assert.Equal(t, map[string]int{"delivered": 38, "rejected refused": 1, "skipped no_visitor": 1}, f.counts("records"))
	assert.Equal(t, map[string]int{"": 40}, f.counts("records.received"), "as many as ended")
	assert.Equal(t, 42, request.LogRecordCount(), "the request is left as it was")

	f.route.answers(taken)
	require.NoError(t, f.PushAndWait(t.Context(), request))
}

func TestPushAndWait_WhileNothingGetsThroughARefusalGoesBackToItsCaller(t *testing.T) {
	f := newFixture(t, func(set *setup) { set.Concurrency = 1 })
	f.route.answers(refused)
	assert.Len(t, heldBy(t, f.PushAndWait(t.Context(), logs(visitors(40)...))), 40)
	assert.Len(t, f.route.calls(), 3, "there is no sense in the others")
	f.route.answers(taken)
	require.NoError(t, f.PushAndWait(t.Context(), logs(visitors(40)...)))
	f.route.fails(refused, "v7")
	require.NoError(t, f.PushAndWait(t.Context(), logs(visitors(40)...)))
	assert.Equal(t, map[string]int{"delivered": 79, "rejected refused": 1}, f.counts("records"))
}

func TestPushAndWait_ItsErrorSaysWhatIsToBeDone(t *testing.T) {
	slowDown := throttled
	slowDown.RetryAfter = time.Minute
	for name, tt := range map[string]struct {
		answer route.Answer
		text   string
		code   codes.Code
	}{
		"Target fails":             {down, "1 of 1 log records are held: Target answered with the status 503", codes.Unavailable},
		"a success tells of it":    {route.Answer{Verdict: route.NotNow, StatusCode: 202, Reason: "status_503"}, "1 of 1 log records are held: Target answered with the status 503", codes.Unavailable},
		"the set-up is wrong":      {forbidden, "1 of 1 log records are held: Target answered with the status 403", codes.Unavailable},
		"there is no answer":       {route.Answer{Verdict: route.NotNow, Reason: route.ReasonDNS}, "no answer from Target, dns", codes.Unavailable},
		"Target asked for a pause": {slowDown, "Throttle (1m0s), error: ", codes.Unavailable},
		"the exporter is to stop":  {canceled, "the exporter or the caller stopped before they could be sent", codes.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.route.answers(tt.answer)
			err := f.PushAndWait(t.Context(), logs(visitors(1)...))
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, []string{"v0"}, heldBy(t, err))
			assert.Equal(t, tt.code, status.Code(err))
			assert.Empty(t, f.counts("records"))
			assert.Empty(t, f.counts("records.received"))
		})
	}
}

func TestPushAndWait_InAnOutageFewCallsAreMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.route.answers(down)
		err := f.PushAndWait(t.Context(), logs(visitors(1000)...))
		assert.Len(t, heldBy(t, err), 1000)
		require.ErrorContains(t, err, "Target answered with the status 503", "and not that it was stopped")
		assert.LessOrEqual(t, len(f.route.calls()), 16+fewFailures)
	})
}

func TestPushAndWait_AFewWhoFailHoldUpNobody(t *testing.T) {
	f := newFixture(t, func(set *setup) { set.Concurrency = 1 })
	f.pattern(down, "xx.xx.xx.xx.xx.")
	err := f.PushAndWait(t.Context(), logs(visitors(15)...))
	assert.Len(t, heldBy(t, err), 10)
	assert.Len(t, f.route.calls(), 15, "failures that are not in a row")
	assert.Equal(t, map[string]int{"delivered": 5}, f.counts("records"))
}

func TestPushAndWait_ACallerWhoGivesUpWhileItWaitsCountsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *setup) {
			set.quota.Quota = quota.WindowConfig{Calls: 1, Window: time.Hour}
			set.route.latency = time.Minute
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		err := f.PushAndWait(ctx, logs(visitors(5)...))
		assert.Len(t, heldBy(t, err), 4)
		assert.Equal(t, time.Minute, time.Since(began), "the call that is under way comes to its end")
		assert.Equal(t, map[string]int{"": 1}, f.counts("records.received"))
		assert.Equal(t, map[string]int{"delivered": 1}, f.counts("records"))
		assert.Equal(t, 1, f.set.Account.Usage().Used)

		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began = time.Now()
		require.Error(t, f.PushAndWait(ctx, logs(visitors(5)...)))
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, map[string]int{"": 1}, f.counts("records.received"))
	})
}

func TestPushAndWait_StopLetsCallersGoAtOnce(t *testing.T) {
	for name, change := range map[string]func(*setup){
		"who wait for the quota":                               func(set *setup) { set.quota.Quota = quota.WindowConfig{Calls: 3, Window: time.Hour} },
		"who wait for a turn, or for the visitor's other call": func(set *setup) { set.Concurrency = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, change, func(set *setup) { set.route.latency = 2 * time.Second })
				time.AfterFunc(time.Second, f.Stop)
				began := time.Now()
				var callers sync.WaitGroup
				for range 2 {
					callers.Go(func() { _ = f.PushAndWait(t.Context(), logs(visitors(3)...)) })
				}
				time.Sleep(time.Millisecond)
				err := f.PushAndWait(t.Context(), logs(tier("late", "1")))
				require.ErrorContains(t, err, "the exporter or the caller stopped")
				assert.LessOrEqual(t, time.Since(began), 2*time.Second)
				callers.Wait()
				assert.Equal(t, 2*time.Second, time.Since(began), "calls under way come to their end")
				assert.Len(t, f.route.calls(), 3)
				assert.Equal(t, map[string]int{"delivered": 3}, f.counts("records"))

				require.Error(t, f.PushAndWait(t.Context(), logs(visitors(1)...)), "and no call begins from then on")
				assert.Empty(t, f.route.calls())
			})
		})
	}
}

func TestPushAndWait_CallersOfOneVisitorGoOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *setup) { set.route.latency = time.Second })
		began := time.Now()
		var callers sync.WaitGroup
		for n := range 5 {
			callers.Go(func() {
				err := f.PushAndWait(t.Context(), logs(tier("x", strconv.Itoa(n))))
				assert.NoError(t, err)
			})
		}
		callers.Go(func() {
			err := f.PushAndWait(t.Context(), logs(tier("y", "1")))
			require.NoError(t, err)
			assert.Equal(t, time.Second, time.Since(began), "others do not wait for that")
		})
		callers.Wait()
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.Equal(t, 1, f.route.most)
		assert.Equal(t, map[string]int{"delivered": 6}, f.counts("records"))
	})
}

// TestPushAndWait_AfterAnOutageCallersGoInParallelAgain has more callers than turns.
func TestPushAndWait_AfterAnOutageCallersGoInParallelAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(set *setup) { set.Concurrency, set.route.latency = 4, time.Second })
		f.pattern(down, "xxxx")
		var callers sync.WaitGroup
		for n := range 44 {
			callers.Go(func() { _ = f.PushAndWait(t.Context(), logs(tier("v"+strconv.Itoa(n), "1"))) })
		}
		began := time.Now()
		callers.Wait()
		assert.LessOrEqual(t, time.Since(began), 14*time.Second)
		assert.Equal(t, map[string]int{"delivered": 40}, f.counts("records"))
	})
}

func TestPushAndWait_WhileTheQuotaCannotBeWrittenAllIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{kept: make(map[string][]byte)}
		f := newFixture(t, func(set *setup) { set.Account = accountOn(t, d) })
		d.fill(true)
		for range 3 {
			err := f.PushAndWait(t.Context(), logs(visitors(2)...))
			require.ErrorContains(t, err, "2 of 2 log records are held: the quota account cannot be written")
			assert.Len(t, heldBy(t, err), 2)
		}
		assert.Empty(t, f.route.calls())
		assert.Equal(t, 1, f.said("The quota account cannot be written"))
		d.fill(false)
		require.NoError(t, f.PushAndWait(t.Context(), logs(visitors(2)...)))
	})
}
