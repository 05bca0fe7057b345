// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"sync"
	"time"
)

// quotas keeps the attempts of each client code. An attempt costs eight bytes for as long as the window holds it.
type quotas struct {
	started time.Time
	mu      sync.Mutex
	windows map[string]*slidingWindow
	highest int
}

func newQuotas(started time.Time) *quotas {
	return &quotas{started: started, windows: map[string]*slidingWindow{}}
}

// arrive counts an attempt and tells when it arrived and whether it is one too many. The time is taken under the lock so
// that attempts stand in the order of their times.
func (q *quotas) arrive(client string, quota Quota, now func() time.Time) (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now()
	w := q.windows[client]
	if w == nil {
		w = &slidingWindow{}
		q.windows[client] = w
	}
	inWindow := w.add(at.Sub(q.started), quota.Window)
	q.highest = max(q.highest, inWindow)
	return at, quota.Calls > 0 && inWindow > quota.Calls
}

// maxInWindow is the highest number of attempts of one client code that any window held.
func (q *quotas) maxInWindow() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.highest
}

// restart forgets all attempts: those a longer window would hold may be gone already.
func (q *quotas) restart() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.windows)
	q.highest = 0
}

// slidingWindow holds the attempts in (t-span, t] exactly, t being the time of the newest.
type slidingWindow struct {
	times []time.Duration
	first int
}

// add returns how many attempts the window that ends with this one holds. An attempt stays for as long as one
// before it stays, so that a clock that steps back frees nothing early.
func (w *slidingWindow) add(t, span time.Duration) int {
	w.times = append(w.times, t)
	for w.times[w.first] <= t-span {
		w.first++
	}
	w.compact()
	return len(w.times) - w.first
}

// compact moves the attempts down once half of the memory is of the past, so that a move costs less than what was added.
func (w *slidingWindow) compact() {
	const worthwhile = 1024
	if w.first < worthwhile || w.first < len(w.times)/2 {
		return
	}
	kept := copy(w.times, w.times[w.first:])
	w.times = w.times[:kept]
	w.first = 0
}
