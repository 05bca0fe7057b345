// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"sync/atomic"
)

// Stats are the counters since the start or the last reset. Attempts is the sum of Accepted, Refused, Malformed,
// Unauthorized, OverQuota and Faulted, once no call is being read. A call is counted before its answer is sent.
type Stats struct {
	// Attempts are the calls of the update path, whatever became of them.
	Attempts int `json:"attempts"`
	// Accepted were answered with success, which is not applied: see UnknownVisitors.
	Accepted int `json:"accepted"`
	// Refused were well-formed and answered 200 with success false. The fault of that kind counts as Faulted.
	Refused int `json:"refused"`
	// Malformed were answered with the status they are counted by.
	Malformed    map[int]int `json:"malformed"`
	Unauthorized int         `json:"unauthorized"`
	OverQuota    int         `json:"over_quota"`
	Faulted      int         `json:"faulted"`
	// FaultedApplied are those of Faulted whose update took effect all the same, if the visitor is known.
	FaultedApplied int `json:"faulted_applied"`
	// MaxInWindow is the highest number of attempts of one client code in any quota window (t-window, t].
	MaxInWindow int `json:"max_in_window"`
	// UnknownVisitors are updates that took no effect because the visitor does not exist.
	UnknownVisitors int `json:"unknown_visitors"`
	// Applied are the updates that took effect, AppliedParameters the values they brought.
	Applied           int `json:"applied"`
	AppliedParameters int `json:"applied_parameters"`
	// Visitors are the profiles held, Parameters the attributes they have together.
	Visitors   int `json:"visitors"`
	Parameters int `json:"parameters"`
	// Disorders, Repeats and NotNumbers are values of a sequence below, at, or not comparable to the visitor's highest.
	Disorders  int `json:"disorders"`
	Repeats    int `json:"repeats"`
	NotNumbers int `json:"not_numbers"`
	// Fetches are the calls of the profile fetch, Fetched those that found a profile.
	Fetches int `json:"fetches"`
	Fetched int `json:"fetched"`
	// NotFound are calls of other paths or client codes.
	NotFound int `json:"not_found"`
	// ConnectionsOpened and ConnectionsOpen need ConnState; they count the control's connections too.
	ConnectionsOpened int `json:"connections_opened"`
	ConnectionsOpen   int `json:"connections_open"`
	// MaxConcurrent is the highest number of update calls under way at once.
	MaxConcurrent int `json:"max_concurrent"`
	// Deliveries are the calls of the Delivery API, whatever became of them. They are no Attempts; what became of them is
	// counted with those. Billed are the server calls that Adobe would bill of those that took effect.
	Deliveries int `json:"deliveries"`
	Billed     int `json:"billed"`
	// Sessions are those of Delivery calls, MaxInSession the highest number of calls of one session under way at once.
	Sessions     int `json:"sessions"`
	MaxInSession int `json:"max_in_session"`
	// Uploads are the calls of batchUpdate, whatever became of them. They are no Attempts; what became of them is counted with
	// those. Rows are those of the batches that were taken.
	Uploads int `json:"uploads"`
	Rows    int `json:"rows"`
	// Statuses are the calls of batchStatus. Of what became of them only failures are counted with those of attempts.
	Statuses int `json:"statuses"`
	// OverRate are those of Uploads and Statuses past 50 in a minute, MaxInMinute the most of a client code in any minute.
	OverRate    int `json:"over_rate"`
	MaxInMinute int `json:"max_in_minute"`
	// Overlaps are the visitors of an update, a Delivery call or a batch who stood in a batch that was not complete yet, so
	// that nothing says which comes last. A row that is sent again as it was is none, if its first answer did not arrive.
	Overlaps int `json:"overlaps"`
	// Stuck are batches, FailedRows the rows that failed of those that are complete.
	Stuck      int `json:"stuck"`
	FailedRows int `json:"failed_rows"`
}

type counters struct {
	attempts, accepted, refused, unauthorized, overQuota       atomic.Int64
	faulted, faultedApplied, unknownVisitors                   atomic.Int64
	applied, appliedParameters, disorders, repeats, notNumbers atomic.Int64
	fetches, fetched, notFound, maxConcurrent                  atomic.Int64
	deliveries, billed                                         atomic.Int64
	uploads, rows, statuses, overRate, overlaps                atomic.Int64
	stuck, failedRows                                          atomic.Int64
	malformed                                                  [len(malformedStatuses)]atomic.Int64
}

var malformedStatuses = [...]int{
	http.StatusBadRequest,
	http.StatusMethodNotAllowed,
	http.StatusRequestEntityTooLarge,
	http.StatusRequestURITooLong,
	http.StatusUnsupportedMediaType,
	statusSessionBusy,
}

func (c *counters) countRefusal(status int) {
	for i, known := range malformedStatuses {
		if status == known {
			c.malformed[i].Add(1)
			return
		}
	}
	c.refused.Add(1)
}

func (c *counters) countApplied(parameters int, seen sequenceCounts) {
	c.applied.Add(1)
	c.appliedParameters.Add(int64(parameters))
	if seen == (sequenceCounts{}) {
		return
	}
	c.disorders.Add(int64(seen.disorders))
	c.repeats.Add(int64(seen.repeats))
	c.notNumbers.Add(int64(seen.notNumbers))
}

func (c *counters) concurrent(inFlight int64) {
	for {
		highest := c.maxConcurrent.Load()
		if inFlight <= highest || c.maxConcurrent.CompareAndSwap(highest, inFlight) {
			return
		}
	}
}

func (c *counters) malformedByStatus() map[int]int {
	byStatus := map[int]int{}
	for i, status := range malformedStatuses {
		if n := c.malformed[i].Load(); n > 0 {
			byStatus[status] = int(n)
		}
	}
	return byStatus
}

// Stats returns the counters of now.
func (e *Emulator) Stats() Stats {
	world := e.current()
	c := &world.counters
	sessions, mostInSession := world.sessions.counts()
	return Stats{
		Attempts:          int(c.attempts.Load()),
		Accepted:          int(c.accepted.Load()),
		Refused:           int(c.refused.Load()),
		Malformed:         c.malformedByStatus(),
		Unauthorized:      int(c.unauthorized.Load()),
		OverQuota:         int(c.overQuota.Load()),
		Faulted:           int(c.faulted.Load()),
		FaultedApplied:    int(c.faultedApplied.Load()),
		MaxInWindow:       world.quotas.maxInWindow(),
		UnknownVisitors:   int(c.unknownVisitors.Load()),
		Applied:           int(c.applied.Load()),
		AppliedParameters: int(c.appliedParameters.Load()),
		Visitors:          int(world.store.visitors.Load()),
		Parameters:        int(world.store.parameters.Load()),
		Disorders:         int(c.disorders.Load()),
		Repeats:           int(c.repeats.Load()),
		NotNumbers:        int(c.notNumbers.Load()),
		Fetches:           int(c.fetches.Load()),
		Fetched:           int(c.fetched.Load()),
		NotFound:          int(c.notFound.Load()),
		ConnectionsOpened: e.connections.openedCount(),
		ConnectionsOpen:   e.connections.openCount(),
		MaxConcurrent:     int(c.maxConcurrent.Load()),
		Deliveries:        int(c.deliveries.Load()),
		Billed:            int(c.billed.Load()),
		Sessions:          sessions,
		MaxInSession:      mostInSession,
		Uploads:           int(c.uploads.Load()),
		Rows:              int(c.rows.Load()),
		Statuses:          int(c.statuses.Load()),
		OverRate:          int(c.overRate.Load()),
		MaxInMinute:       world.rates.maxInWindow(),
		Overlaps:          int(c.overlaps.Load()),
		Stuck:             int(c.stuck.Load()),
		FailedRows:        int(c.failedRows.Load()),
	}
}
