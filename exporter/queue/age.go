// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"sync"
	"time"
)

// together is for how long records that enter one after the other count as one arrival, so that
// a long queue costs a few bytes a second and not a record.
const together = time.Second

// arrivals tells for how long the oldest record has been in a queue. Records leave in the order
// in which they entered, so how many have left tells which it is. It is safe for concurrent use,
// and its zero value is ready.
type arrivals struct {
	mu            sync.Mutex
	entered, left int64
	those         []arrival // of which not all have left, the oldest first
}

// arrival is when the records up to a number entered.
type arrival struct {
	at   time.Time
	upTo int64
}

// enter counts records that the queue has taken.
func (a *arrivals) enter(records int64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entered += records
	if n := len(a.those); n > 0 && now.Sub(a.those[n-1].at) < together {
		a.those[n-1].upTo = a.entered
		return
	}
	a.those = append(a.those, arrival{now, a.entered})
}

// leave counts records that have left the queue.
func (a *arrivals) leave(records int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(a.left + records)
}

// hold counts those as left that are not among so many. A record may be there a moment before
// it has entered: an arrival that was forgotten does not come back for it.
func (a *arrivals) hold(records int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(a.entered - records)
}

// forget forgets the arrivals of which all have left.
func (a *arrivals) forget(left int64) {
	a.left = left
	n := 0
	for n < len(a.those) && a.those[n].upTo <= left {
		n++
	}
	a.those = a.those[n:]
}

// age returns for how long the oldest record has been there, 0 when there is none.
func (a *arrivals) age(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(a.left)
	if len(a.those) == 0 {
		return 0
	}
	return now.Sub(a.those[0].at)
}
