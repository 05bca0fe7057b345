// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// sent returns what was seen while so many records were sent in ten seconds, with a growing number of goroutines.
func sent(pace float64, records int, peak int64, opened int64, goroutines ...int) drained {
	return drained{
		memory: memory{Peak: peak, Resident: peak, Own: peak / 2}, pace: pace, records: records,
		stats: serverStats{Calls: int64(records), Opened: opened, MostOpen: opened, First: 1, Last: 1 + (10 * time.Second).Nanoseconds()},
		early: moment{opened: 16, goroutines: goroutines[0]}, late: moment{opened: opened, goroutines: goroutines[1]},
	}
}

func backlogs() []backlogRun {
	return []backlogRun{
		{records: 10_000, disk: 1e6, paced: sent(11.57, 101, 100e6, 16, 50, 50), full: sent(0, 10_000, 110e6, 16, 60, 62)},
		{records: 50_000, disk: 5e6, paced: sent(11.57, 101, 105e6, 16, 50, 51), full: sent(0, 50_000, 300e6, 17, 60, 70)},
	}
}

func TestABacklogHasARowForEachPace(t *testing.T) {
	rows := strings.Split(memoryTable(backlogs()), "\n")
	require.Len(t, rows, 2+4+1)
	assert.Equal(t, []string{"10000", "none", "110", "55", "10000", "1000", "16", "16", "16", "60", "62", "1", "100"}, cells(rows[2]))
	assert.Equal(t, []string{"10000", "11.57/s", "100", "50", "101", "10", "16", "16", "16", "50", "50", "1", "100"}, cells(rows[3]))
}

func TestMemoryAndWhatElseCouldGrowIsJudged(t *testing.T) {
	var verdicts report.Verdicts
	judgeMemory(&verdicts, backlogs())
	assert.Equal(t, `- full speed: peak RSS at a backlog of 50000 over that of 10000 at most 1.1: 2.73, missed
- full speed: peak RSS at a backlog of 50000 in MB at most 250: 300, missed
- 11.57 calls/s: peak RSS at a backlog of 50000 over that of 10000 at most 1.1: 1.05, met
- 11.57 calls/s: peak RSS at a backlog of 50000 in MB at most 250: 105, met
- connections opened while a backlog is sent at most 16: 17, missed
- goroutines late in a run more than early at most 5: 10, missed
- All records came; 202 calls were made again after the restart, for the batch that was being sent at the end of a run at the quota's pace
`, verdicts.String())
}

func TestTheShareOfAWatchIsOfTheBacklogOrOfItsTime(t *testing.T) {
	w := drainWatch{backlog: 1_000}
	assert.Zero(t, w.share())
	w.stats = serverStats{Calls: 100, First: time.Now().Add(-time.Second).UnixNano()}
	assert.InDelta(t, 0.1, w.share(), 0)
	w.lasts = 2 * time.Second
	assert.InDelta(t, 0.5, w.share(), 0.1)
}

func TestWhatIsRunningIsNotedEarlyAndLate(t *testing.T) {
	w := drainWatch{collector: collectorWith(t, "goroutine profile: total 57\n"), backlog: 1_000}
	for _, calls := range []int64{50, 100, 500, 899} {
		w.stats = serverStats{Calls: calls, First: 1, Opened: calls}
		require.NoError(t, w.note(t.Context()))
	}
	assert.Equal(t, moment{opened: 100, goroutines: 57}, w.early)
	assert.Zero(t, w.late)
	for _, calls := range []int64{900, 1_000} {
		w.stats.Calls = calls
		require.NoError(t, w.note(t.Context()))
	}
	assert.Equal(t, 57, w.late.goroutines)
}

func TestAtASlowPaceEarlyIsNotBeforeTheCollectorHasSettled(t *testing.T) {
	w := drainWatch{collector: collectorWith(t, "goroutine profile: total 57\n"), lasts: 5 * time.Second}
	w.stats.First = time.Now().Add(-2 * time.Second).UnixNano()
	require.NoError(t, w.note(t.Context()))
	assert.Zero(t, w.early)
	w.stats.First = time.Now().Add(-3 * time.Second).UnixNano()
	require.NoError(t, w.note(t.Context()))
	assert.Equal(t, 57, w.early.goroutines)
}

func TestAllIsSentOnlyWhenQueueAndDeferredAreKnownToBeEmpty(t *testing.T) {
	for page, doubt := range map[string]string{
		queueMetric + " 0\n" + deferredMetric + " 0\n": "",
		queueMetric + " 3\n" + deferredMetric + " 0\n": queueMetric + " says 3",
		queueMetric + " 0\n" + deferredMetric + " 2\n": deferredMetric + " says 2",
		queueMetric + " 0\n":                           "the page has no such metric",
	} {
		w := drainWatch{collector: collectorWith(t, page)}
		assert.Equal(t, doubt == "", w.sentAll(t.Context()), page)
		if doubt != "" {
			assert.ErrorContains(t, w.doubt, doubt)
		}
	}
}
