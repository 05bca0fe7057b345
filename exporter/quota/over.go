// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"sync/atomic"
	"time"
)

// overCalls are calls that are over and not yet counted in a window. Many callers
// say so at once, and need no lock for it.
type overCalls struct {
	calls atomic.Int64
	last  atomic.Int64 // when the last of them was over, as a time.Duration
}

// add adds a call that was over at that time.
func (o *overCalls) add(at time.Duration) {
	// The time before the call, so that who takes the call finds its time or a later one.
	for last := o.last.Load(); last < int64(at); last = o.last.Load() {
		if o.last.CompareAndSwap(last, int64(at)) {
			break
		}
	}
	o.calls.Add(1)
}

// take returns the calls that were added since, and a time at which all of them were over.
func (o *overCalls) take() (calls int, last time.Duration) {
	if o.calls.Load() == 0 {
		return 0, 0
	}
	calls = int(o.calls.Swap(0))
	return calls, time.Duration(o.last.Load())
}
