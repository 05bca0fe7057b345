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

// maxOthers bounds how many visitors are known to get through meanwhile.
const maxOthers = 100_000

const (
	// othersThrough is how many others have to get through for an attempt to count.
	othersThrough = 10
	// throughPerFailing is how many others have to get through for each that fails.
	throughPerFailing = 20
)

// attempts counts how often the update of a visitor failed for reasons of its own. An
// attempt counts only if since the one before enough other visitors got through, each
// counted once, for the others that fail now. In an outage, or when it hits some of the
// visitors only, nobody is to blame and nothing may be given up.
type attempts struct {
	limit int // 0 gives nobody up

	through atomic.Int64 // updates that got through
	some    atomic.Bool  // whether any visitor is known to fail

	mu      sync.Mutex
	failing map[profile.Visitor]failures
	// others are the visitors that got through while any is known to fail, and at which
	// of all the updates they last did.
	others map[profile.Visitor]int64
}

// failures are the attempts of a visitor that count, and how many updates had got
// through at the last one.
type failures struct {
	attempts int
	through  int64
}

// gotThrough notes that an update was taken, or refused for good. again tells that
// the visitor was deferred, and so says little of how the others fare.
func (a *attempts) gotThrough(v profile.Visitor, again bool) {
	var at int64
	if !again {
		at = a.through.Add(1)
	}
	if !a.some.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgetLocked(v)
	_, known := a.others[v]
	if !again && len(a.failing) > 0 && (known || len(a.others) < maxOthers) {
		a.others[v] = at
	}
}

// forget forgets the failures of a visitor.
func (a *attempts) forget(v profile.Visitor) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgetLocked(v)
}

func (a *attempts) forgetLocked(v profile.Visitor) {
	delete(a.failing, v)
	if len(a.failing) == 0 {
		a.some.Store(false)
		clear(a.others)
	}
}

// fail notes that an update failed, and tells whether it has done so as often as it
// may.
func (a *attempts) fail(v profile.Visitor) (exhausted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, known := a.failing[v]
	if !known {
		a.makeRoom()
	} else if !a.throughSince(f.through, max(othersThrough, throughPerFailing*(len(a.failing)-1))) {
		return false
	}
	f.attempts++
	f.through = a.through.Load()
	a.failing[v] = f
	a.some.Store(true)
	return a.limit > 0 && f.attempts >= a.limit
}

// throughSince tells whether so many visitors got through since that many updates had.
// It looks no further than it has to: workers wait meanwhile.
func (a *attempts) throughSince(through int64, visitors int) bool {
	if len(a.others) < visitors {
		return false
	}
	for _, at := range a.others {
		if at > through {
			visitors--
		}
		if visitors <= 0 {
			return true
		}
	}
	return false
}

func (a *attempts) makeRoom() {
	if a.failing == nil {
		a.failing = make(map[profile.Visitor]failures)
		a.others = make(map[profile.Visitor]int64)
	}
	if len(a.failing) < maxFailing {
		return
	}
	for v := range a.failing {
		delete(a.failing, v)
		return
	}
}
