// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

const maxAttempts = 10

// TestPoisonVisitorsHoldNobodyUp lets Target answer two visitors' updates with
// "not now" every time. A full outage gives nothing up. After it the others'
// updates arrive in time, one of the two is rejected after so many attempts, and
// the other is delivered, as it recovers before.
func TestPoisonVisitorsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	const bound = 5 * time.Second // of a healthy visitor's update, on a busy machine
	s, target := poisonSetup(t)
	r := begin(t, "poison visitors among healthy ones, and an outage")
	export := overHTTP(s.port)
	sender := newSender(export, 51)
	sender.pause = 50 * time.Millisecond
	poison := []map[string]any{
		{"kind": "status", "status": 503, "visitor": "poison"}, {"kind": "status", "status": 503, "visitor": "recovers"},
	}
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	c := s.start(t)
	stop := sender.start(t)
	defer stop()
	for _, visitor := range []string{"poison", "recovers"} {
		require.Eventually(t, func() bool { return export(t.Context(), oneRecord(visitor, 1)) == nil }, patience, tick)
	}
	time.Sleep(lasts(5*time.Second, 0.02))
	assert.Zero(t, c.metric("otelcol_adobe_target_records", `outcome="rejected"`), "an outage gives nothing up")

	target.set(t, "faults", poison)
	require.Eventually(t, func() bool { return target.stats(t).Accepted > 50 }, patience, tick)
	target.set(t, "faults", poison[:1])
	probes, slowest := 0, time.Duration(0)
	exhausted := func() int {
		return c.metric("otelcol_adobe_target_records", `outcome="rejected"`, `reason="attempts_exhausted"`)
	}
	for end := time.Now().Add(lasts(3*time.Second, 0.05)); time.Now().Before(end) || (exhausted() == 0 && probes < 100); probes++ {
		slowest = max(slowest, target.probe(t, export, probes))
	}
	t.Logf("%d updates of healthy visitors took %s at most", probes, slowest.Round(time.Millisecond))
	assert.LessOrEqual(t, slowest, bound)
	assert.Equal(t, 1, exhausted(), "the poison is rejected, and nobody else")
	stop()
	all := sender.taken()
	all.records, all.rejects = all.records+2+probes, true
	all.model["recovers"] = map[string]string{"seq": "1"}
	for i := range probes {
		all.model["probe"+strconv.Itoa(i)] = map[string]string{"seq": "1"}
	}
	r.account(target, maxBatch).close(t, c, all)
	assert.Equal(t, 1, r.rejected, "the poison, and nobody else")
}

func poisonSetup(t *testing.T) (setup, *adobe) {
	t.Helper()
	target := startSequenced(t)
	s := newSetup(t, target)
	s.retry = "{initial_interval: 300ms, max_interval: 500ms}"
	s.exporter = "    rate_limit: {enabled: false}\n    max_update_attempts: " + strconv.Itoa(maxAttempts)
	return s, target
}

func oneRecord(visitor string, seq int) plog.Logs {
	ld := plog.NewLogs()
	attributes := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
	attributes.PutStr("mbox3rdPartyId", visitor)
	attributes.PutStr("profile.seq", strconv.Itoa(seq))
	return ld
}

// probe sends an update of a new visitor and returns how long it took to arrive.
func (a *adobe) probe(t *testing.T, export exportFunc, i int) time.Duration {
	t.Helper()
	visitor := "probe" + strconv.Itoa(i)
	began := time.Now()
	require.NoError(t, export(t.Context(), oneRecord(visitor, 1)))
	require.Eventually(t, func() bool { return a.profiles(t)[visitor] != nil }, patience, tick)
	return time.Since(began)
}
