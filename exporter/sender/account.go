// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// holdups are what lets no call leave by the account's own rules, beside the pace.
var holdups = map[quota.Cause]struct {
	trouble       trouble
	message, over string
}{
	quota.Window: {quotaUsedUp, "The quota is used up", "The quota has room again"},
	quota.Paused: {paused, "Target has asked for no calls", "The pause that Target asked for is over"},
}

// await waits until the account of a way lets a call leave.
func (s *Sender) await(ctx context.Context, w *way) error {
	err := w.account.Wait(ctx, &w.waits)
	switch {
	case err == nil:
		s.troubles.over(w.troubles + quotaUnwritten)
	case errors.Is(err, quota.ErrStorage):
		s.troubles.say(w.troubles+quotaUnwritten, err, s.set.Logger.Error, "The quota account cannot be written, so no call may leave", zap.Error(err))
	}
	return err
}

// heldUp says that a call has to wait so long, unless it is for the pace or for a moment. Where
// there is an overflow a quota that is used up is told of by it.
func (s *Sender) heldUp(w *way, c quota.Cause, wait time.Duration) {
	if c == quota.Lease {
		s.unreachable(w)
		return
	}
	h, told := holdups[c]
	if !told || c == quota.Paused && wait < silence || c == quota.Window && w == s.primary && s.set.Overflow != nil {
		return
	}
	next := time.Now().Add(wait).UTC().Truncate(time.Second)
	s.troubles.say(w.troubles+h.trouble, fmt.Errorf("%s: the next call may leave at %s, updates wait and merge", h.message, next.Format(time.RFC3339)),
		s.set.Logger.Warn, h.message+": updates wait and merge", zap.Time("next_call", next))
}

// unreachable says that the account cannot be asked for calls, if that is why one waits.
func (s *Sender) unreachable(w *way) {
	if err := w.account.Fault(); err != nil {
		s.troubles.say(w.troubles+quotaUnreachable, err, s.set.Logger.Warn,
			"The quota account in Redis cannot be asked, so no call may leave: updates wait and merge", zap.Error(err))
	}
}

// holdupsEnd says what no longer holds calls up, when one leaves. A window that frees a call now
// and then is as used up as before, for who waits for the next one.
func (s *Sender) holdupsEnd(w *way) {
	if s.troubles.is(w.troubles+quotaUnreachable) && w.account.Fault() == nil {
		if after := s.troubles.over(w.troubles + quotaUnreachable); after > 0 {
			s.set.Logger.Info("The quota account in Redis can be asked again", zap.Duration("after", after.Round(time.Second)))
		}
	}
	for cause, h := range holdups {
		if !s.troubles.is(w.troubles + h.trouble) {
			continue
		}
		if cause == quota.Window && s.usedUp(w) {
			continue
		}
		if after := s.troubles.over(w.troubles + h.trouble); after > 0 {
			s.set.Logger.Info(h.over, zap.Duration("after", after.Round(time.Second)))
		}
	}
}

// usedUp reports whether the quota has no room for those who wait for it.
func (s *Sender) usedUp(w *way) bool {
	usage := w.account.Usage()
	return usage.Used >= usage.Limit && (w.waits.Calls(quota.Window) > 0 || s.set.Outbox.Held().Ready[outbox.Fresh] > 0)
}
