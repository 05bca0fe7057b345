// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxRecentText bounds what is kept of a body, and of a query.
	maxRecentText = 16 << 10
	maxRecentPath = 8_000
)

// Outcome is what became of a call.
type Outcome string

// The outcomes, as they are counted in [Stats].
const (
	OutcomeAccepted Outcome = "accepted"
	// OutcomeUnknown is accepted too, but the visitor does not exist: nothing was changed.
	OutcomeUnknown      Outcome = "unknown_visitor"
	OutcomeRefused      Outcome = "refused"
	OutcomeMalformed    Outcome = "malformed"
	OutcomeUnauthorized Outcome = "unauthorized"
	OutcomeOverQuota    Outcome = "over_quota"
	OutcomeOverRate     Outcome = "over_rate"
	OutcomeFaulted      Outcome = "faulted"
	OutcomeNotFound     Outcome = "not_found"
	// OutcomeUnanswered is for callers that went away.
	OutcomeUnanswered Outcome = "unanswered"
)

// RecentCall is one of the newest calls, without its body.
type RecentCall struct {
	// Number counts the calls from 1 on, in the order in which they ended.
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
	// Route is empty for a path that is none.
	Route  Route  `json:"route"`
	Client string `json:"client,omitempty"`
	Method string `json:"method"`
	Path   string `json:"path"`
	// Parameter and ID name the visitor, once the call is known to be of one.
	Parameter string `json:"parameter,omitempty"`
	ID        string `json:"id,omitempty"`
	// Rows are those of a batch.
	Rows int `json:"rows,omitempty"`
	// Status is 0 where the connection ended without an answer.
	Status  int     `json:"status"`
	Outcome Outcome `json:"outcome"`
	// Reason is the message of a refusal.
	Reason string    `json:"reason,omitempty"`
	Fault  FaultKind `json:"fault,omitempty"`
	// Micros is how long the call took, in microseconds.
	Micros int64 `json:"micros"`
	// Size is that of the body, or of the query where there is none.
	Size int `json:"size"`
}

// recentCall is what is needed to make the call again. Of the token it only knows that there was one.
type recentCall struct {
	RecentCall
	Query       string `json:"query,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Body        string `json:"body,omitempty"`
	// Cut is set where the call is longer than what is kept, or no text.
	Cut        bool `json:"cut,omitempty"`
	Authorized bool `json:"authorized,omitempty"`
}

func (c *recentCall) isOf(key storeKey) bool {
	return c.ID == key.visitor.ID && c.Parameter == key.visitor.Parameter && c.Client == key.client
}

// recent are the newest calls, as many as its ring has room for. Nobody is told of a call: who wants to see them looks at
// last in its own time, so that a slow reader costs a call nothing.
type recent struct {
	// epoch tells the numbers of this world from those of another.
	epoch string
	last  atomic.Int64
	mu    sync.Mutex
	ring  []*recentCall
}

func newRecent(started time.Time, room int) *recent {
	return &recent{epoch: strconv.FormatInt(started.UnixNano(), 36), ring: make([]*recentCall, room)}
}

func (r *recent) add(c *recentCall) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Number = r.last.Load() + 1
	r.ring[c.Number%int64(len(r.ring))] = c
	r.last.Store(c.Number)
}

// since returns the calls after a number, the oldest first and not more than the newest limit.
func (r *recent) since(number int64, limit int) []RecentCall {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.last.Load()
	calls := []RecentCall{}
	for n := max(number, last-int64(min(limit, len(r.ring)))) + 1; n <= last; n++ {
		calls = append(calls, r.ring[n%int64(len(r.ring))].RecentCall)
	}
	return calls
}

// of returns the calls of a visitor that are kept, the newest first.
func (r *recent) of(key storeKey) []RecentCall {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := []RecentCall{}
	for _, c := range r.ring {
		if c != nil && c.isOf(key) {
			calls = append(calls, c.RecentCall)
		}
	}
	slices.SortFunc(calls, func(a, b RecentCall) int { return int(b.Number - a.Number) })
	return calls
}

// find returns a call that is still kept.
func (r *recent) find(number int64) (recentCall, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.ring {
		if c != nil && c.Number == number {
			return *c, true
		}
	}
	return recentCall{}, false
}

// showCall returns all that is kept of a call.
func (e *Emulator) showCall(r *http.Request) answer {
	number, err := wholeNumber(r, "number")
	if err != nil {
		return jsonError(http.StatusBadRequest, err.Error())
	}
	c, kept := e.world.Load().recent.find(int64(number))
	if !kept {
		return jsonError(http.StatusNotFound, "the call is not kept")
	}
	return jsonAnswer(http.StatusOK, c)
}
