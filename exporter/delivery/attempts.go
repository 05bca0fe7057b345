// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"sync"
	"sync/atomic"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// maxFailing bounds how many visitors are known to fail. Of one that is forgotten the
// attempts are counted anew.
const maxFailing = 10_000

// attempts counts how often the update of a visitor failed for reasons of its own. An
// attempt counts only if since the one before more of the other visitors got through
// than failed: in an outage, or when Target takes only some calls, nobody is to blame
// and nothing may be given up.
type attempts struct {
	limit int // 0 gives nobody up

	through atomic.Int64 // visitors that got through
	some    atomic.Bool  // whether any visitor is known to fail

	mu      sync.Mutex
	failed  int64 // visitors that failed for the first time
	failing map[profile.Visitor]failures
}

// failures are the attempts of a visitor that count, and how many others had got through
// and failed at the last one.
type failures struct {
	attempts        int
	through, failed int64
}

// gotThrough notes that an update was taken, or refused for good. again tells that
// the visitor was deferred, and so says little of how the others fare.
func (a *attempts) gotThrough(v profile.Visitor, again bool) {
	if !again {
		a.through.Add(1)
	}
	a.forget(v)
}

func (a *attempts) forget(v profile.Visitor) {
	if !a.some.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failing, v)
	a.some.Store(len(a.failing) > 0)
}

// fail notes that an update failed, and tells whether it has done so as often as it
// may.
func (a *attempts) fail(v profile.Visitor) (exhausted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	through := a.through.Load()
	t, known := a.failing[v]
	switch {
	case !known:
		a.failed++
		t.attempts = 1
		a.makeRoom()
	case through-t.through > a.failed-t.failed:
		t.attempts++
	}
	t.through, t.failed = through, a.failed
	a.failing[v] = t
	a.some.Store(true)
	return a.limit > 0 && t.attempts >= a.limit
}

func (a *attempts) makeRoom() {
	if a.failing == nil {
		a.failing = make(map[profile.Visitor]failures)
	}
	if len(a.failing) < maxFailing {
		return
	}
	for v := range a.failing {
		delete(a.failing, v)
		return
	}
}
