// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
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

// await waits until the account lets a call leave.
func (s *Sender) await(ctx context.Context) error {
	err := s.set.Account.Wait(ctx, &s.waits)
	switch {
	case err == nil:
		s.overcome(quotaUnwritten)
		s.holdupsEnd()
	case errors.Is(err, quota.ErrStorage):
		s.say(quotaUnwritten, "The quota account cannot be written, so no call may leave; said every five minutes at most", err)
	}
	return err
}

// say says what keeps everything from being sent.
func (s *Sender) say(what trouble, message string, err error) {
	if s.said.add(what.String(), 1, time.Now()) > 0 {
		s.set.Logger.Error(message, zap.Error(err))
		s.troubles.begin(what, err)
	}
}

// overcome says that it no longer does.
func (s *Sender) overcome(what trouble) {
	if s.said.over(what.String()) {
		s.troubles.over(what)
	}
}

// heldUp says that a call has to wait so long, unless it is for the pace or for a moment.
func (s *Sender) heldUp(c quota.Cause, wait time.Duration) {
	h := s.troubles.holdups[c]
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
	for _, h := range s.troubles.holdups {
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
