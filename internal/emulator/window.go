// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"cmp"
	"net/http"
	"slices"
	"sort"
	"time"
)

const (
	// windowParts is how many parts of a window are told apart.
	windowParts = 60
	// mostWindows bounds the client codes that are shown.
	mostWindows = 20
)

// Window is what a rolling window of a client code holds now.
type Window struct {
	Client   string `json:"client"`
	Attempts int    `json:"attempts"`
	// Parts are the attempts of each part of the window, the oldest first. From is where the first part begins.
	Parts []int     `json:"parts"`
	From  time.Time `json:"from"`
	// LeavesAt is when the oldest attempt leaves the window.
	LeavesAt time.Time `json:"leaves_at,omitzero"`
	// FreeAt is when the next attempt passes, where none does now.
	FreeAt time.Time `json:"free_at,omitzero"`
}

// show returns the windows of the client codes with the most attempts. The parts stand at fixed times, so that an attempt
// stays in its part while the window moves on.
func (q *quotas) show(quota Quota, now time.Time) []Window {
	q.mu.Lock()
	defer q.mu.Unlock()
	windows := []Window{}
	for client, w := range q.windows {
		shown := w.show(now.Sub(q.started), quota, q.started)
		shown.Client = client
		windows = append(windows, shown)
	}
	slices.SortFunc(windows, func(a, b Window) int {
		return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Client, b.Client))
	})
	return windows[:min(len(windows), mostWindows)]
}

func (w *slidingWindow) show(now time.Duration, quota Quota, started time.Time) Window {
	held := w.times[w.first:]
	until := func(t time.Duration) int { return sort.Search(len(held), func(i int) bool { return held[i] > t }) }
	held = held[until(now-quota.Window):]
	part := max(quota.Window/windowParts, 1)
	end := now.Truncate(part) + part
	from := end - windowParts*part
	shown := Window{Attempts: len(held), From: started.Add(from)}
	for before, i := 0, 1; i <= windowParts; i++ {
		upTo := until(from + time.Duration(i)*part - 1)
		shown.Parts = append(shown.Parts, upTo-before)
		before = upTo
	}
	if len(held) > 0 {
		shown.LeavesAt = started.Add(held[0] + quota.Window)
	}
	if over := len(held) - quota.Calls; quota.Calls > 0 && over >= 0 {
		shown.FreeAt = started.Add(held[over] + quota.Window)
	}
	return shown
}

// quotaShown is the quota as it is set, and how full its windows are.
type quotaShown struct {
	quotaWire
	Windows []Window `json:"windows"`
	// Bulk are the windows of the calls of the bulk API, of which a minute may have BulkCalls.
	Bulk      []Window `json:"bulk"`
	BulkCalls int      `json:"bulk_calls"`
}

func (e *Emulator) shownQuota() quotaShown {
	quota, world, now := *e.quota.Load(), e.current(), e.settings.Now()
	return quotaShown{
		quotaWire: quotaWire{Calls: quota.Calls, Window: duration(quota.Window), RetryAfter: duration(quota.RetryAfter)},
		Windows:   world.quotas.show(quota, now),
		Bulk:      world.rates.show(bulkRate, now), BulkCalls: bulkRate.Calls,
	}
}

func (e *Emulator) showQuota(*http.Request) answer { return jsonAnswer(http.StatusOK, e.shownQuota()) }
