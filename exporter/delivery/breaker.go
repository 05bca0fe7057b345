// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"sync/atomic"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// maxFailures is how many calls in a row may fail before the rest of the batch goes
// back uncalled. One is not enough: a visitor whose update alone fails, or alone is
// forbidden by something in front of Target, must not keep the others from being
// delivered.
const maxFailures = 3

// breaker halts a run when there is no sense in making further calls, so that an
// outage does not burn the quota.
type breaker struct {
	limit     int64        // of failures in a row
	failures  atomic.Int64 // in a row
	alive     atomic.Bool  // whether any call got through
	throttled atomic.Bool  // whether Target asked for fewer calls
	halt      context.CancelFunc
}

// note takes the answer of a call into account.
func (b *breaker) note(a route.Answer) {
	switch a.Verdict {
	case route.Delivered, route.Rejected, route.NotSent:
		b.failures.Store(0)
		b.alive.Store(true)
	case route.SetupFault, route.NotNow:
		if a.Throttled() {
			b.throttled.Store(true)
		}
		if b.failures.Add(1) >= b.limit || b.throttled.Load() {
			b.halt()
		}
	}
}
