// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// inTime is the longest that a healthy visitor's update may take. On a busy machine, where all
// may stand still for a while, late is the part of them that may take longer.
const (
	inTime = 5 * time.Second
	late   = 0.05
)

// TestPoisonVisitorsHoldNobodyUp lets Target answer two visitors' updates with
// "not now" every time. A full outage gives nothing up. After it the others'
// updates arrive in time, one of the two is rejected when it has failed for long enough, and
// the other is delivered, as it recovers before.
func TestPoisonVisitorsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	s, target := poisonSetup(t)
	s.outbox += ", give_up_after: 1m"
	r := begin(t, "poison visitors among healthy ones, and an outage")
	export := overHTTP(s.port)
	sender := newSender(export, 51)
	sender.pause = 50 * time.Millisecond
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	c := s.start(t)
	stop := sender.start(t)
	defer stop()
	for _, visitor := range []string{"poison", "recovers"} {
		require.Eventually(t, func() bool { return export(t.Context(), oneRecord(visitor, 1)) == nil }, patience, tick)
	}
	time.Sleep(lasts(5*time.Second, 0.02))
	assert.Zero(t, c.metric("otelcol_adobe_target_records", `outcome="rejected"`), "an outage gives nothing up")

	target.set(t, "faults", poison("poison", "recovers"))
	require.Eventually(t, func() bool { return target.stats(t).Accepted > 50 }, patience, tick)
	target.set(t, "faults", poison("poison"))
	exhausted := func() int {
		return c.metric("otelcol_adobe_target_records", `outcome="rejected"`, `reason="attempts_exhausted"`)
	}
	began, share := time.Now(), lasts(0, 0.05)
	probes := target.probe(t, export, func() bool {
		took := time.Since(began)
		return took < share || (exhausted() == 0 && took < 4*time.Minute)
	})
	c.assertBalance(t, sender.perRequest)
	assert.GreaterOrEqual(t, time.Since(began), time.Minute, "the poison is rejected no earlier")
	assert.Equal(t, 1, exhausted(), "the poison is rejected, and nobody else")
	stop()
	all := sender.taken()
	all.records, all.rejects = all.records+2+probes, true
	all.model["recovers"] = map[string]string{"seq": "1"}
	addProbes(all.model, probes)
	r.account(target).close(t, c, all)
	assert.Equal(t, 1, r.rejected, "the poison, and nobody else")
}

// TestAShareOfPoisonVisitorsHoldsNobodyUp lets a share of all visitors fail for a while, few
// and many of them. Healthy visitors' updates arrive in time meanwhile, the queue stays short,
// and what waited of the others arrives when they recover.
func TestAShareOfPoisonVisitorsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const requestsInQueue = 50
	for _, percent := range []int{1, 10} {
		r := begin(t, fmt.Sprintf("%d %% of the visitors fail", percent))
		s, target := poisonSetup(t)
		export := overHTTP(s.port)
		sender := newSender(export, 53)
		sender.pause = 50 * time.Millisecond
		var failing []string
		for i := range sender.visitors * percent / 100 {
			failing = append(failing, "v"+strconv.Itoa(i))
		}
		target.set(t, "faults", poison(failing...))
		c := s.start(t)
		stop := sender.start(t)
		end, longest := time.Now().Add(lasts(20*time.Second, 0.2)), 0
		probes := target.probe(t, export, func() bool {
			c.assertBalance(t, sender.perRequest)
			longest = max(longest, c.books(t).queue)
			return time.Now().Before(end)
		})
		t.Logf("%d %%: %d records in the queue at most", percent, longest)
		assert.LessOrEqual(t, longest, requestsInQueue*sender.perRequest, "the queue does not fill")
		waiting := c.metric("otelcol_adobe_target_outbox_visitors", `cause="failing_alone"`)
		assert.InDelta(t, len(failing), waiting, 2, "visitors that wait because they fail, but for those that are called just now")
		stop()
		target.set(t, "faults", []map[string]any{})
		all := sender.taken()
		all.records += probes
		addProbes(all.model, probes)
		r.account(target).closeWithin(t, c, all, 2*patience)
	}
}

func poisonSetup(t *testing.T) (setup, *adobe) {
	t.Helper()
	target := startSequenced(t)
	s := newSetup(t, target)
	s.retry = "{initial_interval: 300ms, max_interval: 500ms, multiplier: 1.2}"
	s.exporter = "    rate_limit: {enabled: false}"
	return s, target
}

// poison lets the updates of visitors fail each time.
func poison(visitors ...string) []map[string]any {
	faults := []map[string]any{}
	for _, visitor := range visitors {
		faults = append(faults, map[string]any{"kind": "status", "status": 503, "visitor": visitor})
	}
	return faults
}

func oneRecord(visitor string, seq int) plog.Logs {
	ld := plog.NewLogs()
	attributes := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
	attributes.PutStr("mbox3rdPartyId", visitor)
	attributes.PutStr("profile.seq", strconv.Itoa(seq))
	return ld
}

// probe sends updates of new visitors, one after the other for as long as it goes on, and
// asserts that they arrive in time. It returns how many it has sent.
func (a *adobe) probe(t *testing.T, export exportFunc, on func() bool) (probes int) {
	t.Helper()
	var took []time.Duration
	for ; probes == 0 || on(); probes++ {
		visitor := "probe" + strconv.Itoa(probes)
		began := time.Now()
		require.Eventually(t, func() bool { return export(t.Context(), oneRecord(visitor, 1)) == nil }, patience, tick)
		require.Eventually(t, func() bool { return a.profiles(t)[visitor] != nil }, 2*patience, tick)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("%d updates of healthy visitors took %s, %s at most", probes, took[probes/2].Round(time.Millisecond), took[probes-1].Round(time.Millisecond))
	assert.LessOrEqual(t, took[int(float64(probes-1)*(1-late))], inTime)
	return probes
}

func addProbes(model map[string]map[string]string, probes int) {
	for i := range probes {
		model["probe"+strconv.Itoa(i)] = map[string]string{"seq": "1"}
	}
}
