// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"time"
)

// longestSleep is after what time a call that waits is told of again.
const longestSleep = 5 * time.Minute

// delay is what keeps a call from leaving.
type delay struct {
	atMost time.Duration
	cause  Cause
	woken  <-chan struct{} // ends it before, if it is not nil
}

// sleep waits until the delay or ctx ends, and returns the error of ctx then. It may end before,
// to be told of again.
func (d delay) sleep(ctx context.Context, waits *Waits) error {
	if waits.Tell != nil {
		waits.Tell(d.cause, d.atMost)
	}
	waits.begin(d.cause)
	defer waits.end(d.cause)
	timer := time.NewTimer(min(d.atMost, longestSleep))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-d.woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
