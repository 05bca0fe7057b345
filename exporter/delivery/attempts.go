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

const (
	// othersThrough is how many others have to get through for an attempt to count.
	othersThrough = 10
	// throughPerFailing is how many others have to get through for each that fails.
	throughPerFailing = 20
)

// attempts counts how often in a row the update of a visitor failed for reasons of its
// own. An attempt counts only if since the one before enough other visitors got through,
// and next to none failed. In an outage, or when it hits some of the visitors only,
// nobody is to blame and nothing may be given up.
type attempts struct {
	limit int // 0 gives nobody up

	through atomic.Int64 // visitors that got through
	some    atomic.Bool  // whether any visitor is known to fail

	mu sync.Mutex
	// failed are the visitors that failed for the first time, and for each batch those
	// of which it holds records that wait.
	failed  int64
	failing map[profile.Visitor]failures
}

// failures are the attempts of a visitor that count, and how many visitors had got
// through and failed at the last one.
type failures struct {
	attempts        int
	through, failed int64
	own             int64 // of those that failed since, itself
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

// wait notes the visitors of a batch whose records have to wait for older ones.
func (a *attempts) wait(aside *profile.Batch) {
	if aside == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed += int64(aside.Len())
	for i := range aside.Len() {
		if f, known := a.failing[aside.Visitor(i)]; known {
			f.own++
			a.failing[aside.Visitor(i)] = f
		}
	}
}

// fail notes that an update failed, and tells whether it has done so as often as it
// may.
func (a *attempts) fail(v profile.Visitor) (exhausted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	through := a.through.Load()
	f, known := a.failing[v]
	others := through - f.through
	switch {
	case !known:
		a.failed++
		a.makeRoom()
		f.attempts = 1
	case (a.failed-f.failed-f.own)*throughPerFailing > others:
		f.attempts = 1 // it is not alone
	case others >= othersThrough:
		f.attempts++
	default:
		return false // that tells too little yet
	}
	a.failing[v] = failures{attempts: f.attempts, through: through, failed: a.failed}
	a.some.Store(true)
	return a.limit > 0 && f.attempts >= a.limit
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
