// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// inHand knows the batches that are being sent or that the helper holds for their
// retry, and how old their records are.
type inHand struct {
	consumers int // 0 without a queue: the caller says what it got back

	mu      sync.Mutex
	batches []*batchInHand
}

type batchInHand struct {
	data    plog.Logs
	came    time.Time
	oldest  time.Time
	sending bool
}

// begin notes that a batch is being sent, for the first time or again.
func (h *inHand) begin(ld plog.Logs) *batchInHand {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.batches, func(b *batchInHand) bool { return b.data == ld && !b.sending })
	if i < 0 {
		h.forgetGone()
		h.batches = append(h.batches, &batchInHand{data: ld, came: now})
		i = len(h.batches) - 1
	}
	b := h.batches[i]
	b.sending = true
	b.oldest = oldest(ld, b.came)
	return b
}

// forgetGone forgets what can not come again any more: the helper has no more
// batches in hand than the queue has consumers, and one of them now has a new one.
func (h *inHand) forgetGone() {
	for h.consumers > 0 && len(h.batches) >= h.consumers {
		i := slices.IndexFunc(h.batches, func(b *batchInHand) bool { return !b.sending })
		if i < 0 {
			return
		}
		h.batches = slices.Delete(h.batches, i, i+1)
	}
}

// end notes how sending ended: what is held, if anything is, waits for its retry.
func (h *inHand) end(b *batchInHand, held plog.Logs, isHeld bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if isHeld {
		b.data, b.sending = held, false
		b.oldest = oldest(held, b.came)
		return
	}
	h.batches = slices.DeleteFunc(h.batches, func(other *batchInHand) bool { return other == b })
}

// giveBack forgets a batch that nobody sends again.
func (h *inHand) giveBack(held plog.Logs) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = slices.DeleteFunc(h.batches, func(b *batchInHand) bool { return b.data == held && !b.sending })
}

// lag returns the age of the oldest log record in hand, 0 when there is none.
func (h *inHand) lag() time.Duration {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	var lag time.Duration
	for _, b := range h.batches {
		lag = max(lag, now.Sub(b.oldest))
	}
	return lag
}

// oldest returns the earliest observed timestamp of the records. A record without
// one goes by its timestamp, and one with neither by when its batch came.
func oldest(ld plog.Logs, came time.Time) time.Time {
	earliest := pcommon.Timestamp(math.MaxInt64)
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, lr := range scope.LogRecords().All() {
				at := lr.ObservedTimestamp()
				if at == 0 {
					at = lr.Timestamp()
				}
				if at == 0 {
					at = pcommon.NewTimestampFromTime(came)
				}
				earliest = min(earliest, at)
			}
		}
	}
	return earliest.AsTime()
}

// left returns what of a batch somebody sends again after that error of an attempt.
func (d *Delivery) left(ld plog.Logs, err error) (plog.Logs, bool) {
	if err == nil || d.lastChance.Load() != nil {
		return plog.Logs{}, false
	}
	if part, ok := errors.AsType[consumererror.Logs](err); ok {
		return part.Data(), true
	}
	return ld, true
}

// GiveBack says that the caller got these held records back and that the helper no
// longer sends them. Without a queue nothing else tells.
func (d *Delivery) GiveBack(held plog.Logs) { d.inHand.giveBack(held) }
