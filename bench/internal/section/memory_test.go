// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// sent returns what was seen while so many visitors were sent in ten seconds, with a growing number
// of goroutines.
func sent(pace float64, visitors int, peak int64, opened int64, goroutines ...int) drained {
	return drained{
		Memory: process.Memory{Peak: peak, Resident: peak, Own: peak / 2}, pace: pace,
		visitors: visitors,
		stats: server.Stats{
			Calls: int64(visitors), Opened: opened, MostOpen: opened, First: 1,
			Last: 1 + (10 * time.Second).Nanoseconds(),
		},
		early: moment{opened: 16, goroutines: goroutines[0]},
		late:  moment{opened: opened, goroutines: goroutines[1]},
	}
}

// waiting returns what was seen of a backlog that waited.
func waiting(ready time.Duration, peak int64, resident ...int64) waited {
	return waited{
		Memory: process.Memory{Peak: peak, Own: peak / 2}, ready: ready,
		resident: resident,
	}
}

func backlogs() []backlogRun {
	return []backlogRun{
		{
			visitors: 10_000, disk: 1e6, waiting: waiting(200*time.Millisecond, 90e6, 90e6, 90e6,
				90e6),
			paced: sent(11.57, 101, 100e6, 16, 50, 50), full: sent(0, 10_000, 110e6, 16, 60, 62),
		},
		{
			visitors: 50_000, disk: 5e6, waiting: waiting(11*time.Second, 240e6, 200e6, 190e6,
				230e6, 195e6, 210e6, 240e6),
			paced: sent(11.57, 101, 105e6, 16, 50, 51), full: sent(0, 50_000, 300e6, 17, 60, 70),
		},
	}
}

func TestABacklogHasARowForItsWaitAndForEachPace(t *testing.T) {
	rows := strings.Split(waitedTable(backlogs()), "\n")
	require.Len(t, rows, 2+2+1)
	assert.Equal(t, []string{"50000", "11.00", "240", "120", "200", "240", "5", "100"},
		cells(rows[3]))

	rows = strings.Split(drainedTable(backlogs()), "\n")
	require.Len(t, rows, 2+4+1)
	assert.Equal(t, []string{
		"10000", "none", "110", "55", "10000", "1000", "16", "16", "16", "60",
		"62",
	}, cells(rows[2]))
	assert.Equal(t, []string{
		"10000", "11.57/s", "100", "50", "101", "10", "16", "16", "16", "50",
		"50",
	}, cells(rows[3]))
}

func TestMemoryAndWhatElseCouldGrowIsJudged(t *testing.T) {
	var verdicts report.Verdicts
	judgeMemory(&verdicts, backlogs())
	assert.Equal(t, `- 50000 visitors waiting: peak RSS in MB at most 250: 240, met
- 50000 visitors waiting: start in s at most 10: 11, missed
- 50000 visitors waiting: RSS late over early at most 1.05: 1.2, missed
- 50000 visitors sent at full speed: peak RSS in MB at most 250: 300, missed
- 50000 visitors sent at 11.57 calls/s: peak RSS in MB at most 250: 105, met
- connections opened while a backlog is sent at most 16: 17, missed
- goroutines late in a run more than early at most 5: 10, missed
- All visitors came; 202 calls were made again after the restart, for those that were under way at the end of a run at the quota's pace
`, verdicts.String())
}

func TestEarlyAndLateAreTheFirstAndTheLastThird(t *testing.T) {
	w := waited{resident: []int64{3, 1, 9, 9, 2, 4}}
	assert.EqualValues(t, 3, w.early())
	assert.EqualValues(t, 4, w.late())
	one := waited{resident: []int64{5}}
	assert.InDelta(t, 1, one.growth(), 0)
}

func TestVisitorsWhoDidNotComeAreAnError(t *testing.T) {
	require.EqualError(t, allCame(server.NewArrivals(3), "; its log"),
		"the collector says that it holds nothing, and 3 visitors never came; its log")
	assert.NoError(t, allCame(server.NewArrivals(0), ""))
}

// collectorWith returns a collector all of whose pages are this one.
func collectorWith(t *testing.T, page string) *contender.Collector {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_,
			_ = io.WriteString(w, page)
	}))
	t.Cleanup(s.Close)
	return &contender.Collector{MetricsURL: s.URL, ProfilesURL: s.URL}
}

func TestTheShareOfAWatchIsOfTheBacklogOrOfItsTime(t *testing.T) {
	w := drainWatch{backlog: 1_000}
	assert.Zero(t, w.share())
	w.stats = server.Stats{Calls: 100, First: time.Now().Add(-time.Second).UnixNano()}
	assert.InDelta(t, 0.1, w.share(), 0)
	w.lasts = 2 * time.Second
	assert.InDelta(t, 0.5, w.share(), 0.1)
}

func TestWhatIsRunningIsNotedEarlyAndLate(t *testing.T) {
	w := drainWatch{collector: collectorWith(t, "goroutine profile: total 57\n"), backlog: 1_000}
	for _, calls := range []int64{50, 100, 500, 899} {
		w.stats = server.Stats{Calls: calls, First: 1, Opened: calls}
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
	w := drainWatch{
		collector: collectorWith(t, "goroutine profile: total 57\n"),
		lasts:     5 * time.Second,
	}
	w.stats.First = time.Now().Add(-2 * time.Second).UnixNano()
	require.NoError(t, w.note(t.Context()))
	assert.Zero(t, w.early)
	w.stats.First = time.Now().Add(-3 * time.Second).UnixNano()
	require.NoError(t, w.note(t.Context()))
	assert.Equal(t, 57, w.early.goroutines)
}

func TestAllIsSentOnlyWhenNothingIsKnownToBeHeld(t *testing.T) {
	for page, doubt := range map[string]string{
		contender.QueueSize + " 0\n" + contender.OutboxRecords + " 0\n": "",
		contender.QueueSize + " 3\n" + contender.OutboxRecords + " 0\n": "it says that it holds 3 records",
		contender.QueueSize + " 0\n" + contender.OutboxRecords + " 2\n": "it says that it holds 2 records",
		contender.QueueSize + " 0\n":                                    "the page has no such metric",
	} {
		w := drainWatch{collector: collectorWith(t, page)}
		assert.Equal(t, doubt == "", w.sentAll(t.Context()), page)
		if doubt != "" {
			assert.ErrorContains(t, w.doubt, doubt)
		}
	}
}
