// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// holdup is a time in which the account lets no call leave for a used-up quota, or for a long
// pause.
type holdup struct {
	trouble       trouble
	message, over string
	since         atomic.Pointer[time.Time] // nil while there is none
}

func newHoldups() map[quota.Cause]*holdup {
	return map[quota.Cause]*holdup{
		quota.Window: {trouble: quotaUsedUp, message: "The quota is used up", over: "The quota has room again"},
		quota.Paused: {trouble: paused, message: "Target has asked for no calls", over: "The pause that Target asked for is over"},
	}
}

// heldUp says that a call has to wait so long, unless it is for the pace or for a moment.
func (s *Sender) heldUp(c quota.Cause, wait time.Duration) {
	h := s.holdups[c]
	if h == nil || c == quota.Paused && wait < silence {
		return
	}
	now := time.Now()
	next := now.Add(wait).UTC().Truncate(time.Second)
	if h.since.CompareAndSwap(nil, &now) {
		s.troubles.begin(h.trouble, fmt.Errorf("%s: the next call may leave at %s, updates wait and merge", h.message, next.Format(time.RFC3339)))
	}
	if s.said.add(h.trouble.String(), 1, now) > 0 {
		s.set.Logger.Warn(h.message+": updates wait and merge; said every five minutes at most",
			zap.Time("next_call", next), zap.Duration("for", now.Sub(*h.since.Load()).Round(time.Second)))
	}
}

// holdupsEnd says what no longer holds calls up, when one leaves. A window that frees a call now
// and then, and not another one, is as used up as before.
func (s *Sender) holdupsEnd() {
	for _, h := range s.holdups {
		since := h.since.Load()
		if since == nil {
			continue
		}
		if usage := s.set.Account.Usage(); h.trouble == quotaUsedUp && usage.Used >= usage.Limit {
			continue
		}
		if h.since.CompareAndSwap(since, nil) {
			s.set.Logger.Info(h.over, zap.Duration("after", time.Since(*since).Round(time.Second)))
			s.overcome(h.trouble)
		}
	}
}
