// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// reminder is how often a fault of the set-up that lasts is said again.
const reminder = 5 * time.Minute

// health knows whether calls get through, and says so when that changes: one log
// line when it goes wrong, one when it is right again, and a reminder now and then
// in between, not a line a call.
type health struct {
	report func(error)
	logger *zap.Logger

	// state mirrors reason for the many calls that find nothing changed.
	state  atomic.Uint32
	mu     sync.Mutex
	reason string
	since  time.Time
	said   time.Time
}

const (
	working uint32 = iota
	outage
	setupFault
)

// failing tells whether the last call did not get through.
func (h *health) failing() bool { return h.state.Load() != working }

// note takes the answer of a call into account.
func (h *health) note(a route.Answer) {
	state := working
	switch a.Verdict {
	case route.SetupFault, route.NotNow:
		// Nothing but a call that gets through shows that a fault of the set-up is mended.
		if a.Reason == route.ReasonCanceled {
			return
		}
		if h.state.Load() == setupFault {
			h.remind()
			return
		}
		state = outage
	case route.Delivered, route.Rejected, route.NotSent:
	}
	if h.state.Load() != state {
		h.change(state, a)
	}
}

// fault notes that a whole batch met nothing but this fault of the set-up. While
// other calls get through it is not the set-up that is wrong.
func (h *health) fault(a route.Answer) { h.change(setupFault, a) }

func (h *health) change(state uint32, a route.Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.state.Swap(state)
	switch {
	case before == state:
	case state == setupFault:
		h.reason, h.since, h.said = a.Reason, time.Now(), time.Now()
		err := fmt.Errorf("the set-up is wrong, not the data: calls to Target end with %s; the data is held until it is mended, "+
			"check client_code, endpoint, auth and tls", a.Reason)
		h.logger.Error("Target does not let us in", zap.Error(err))
		h.report(err)
	case state == working && before == setupFault:
		h.logger.Info("Target lets us in again", zap.String("reason_before", h.reason), zap.Duration("after", time.Since(h.since)))
		h.report(nil)
	}
}

// remind says that a fault of the set-up lasts, if it was not said for a while.
func (h *health) remind() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state.Load() != setupFault || time.Since(h.said) < reminder {
		return
	}
	h.said = time.Now()
	h.logger.Error("Target still does not let us in, the data is held",
		zap.String("reason", h.reason), zap.Duration("for", time.Since(h.since).Round(time.Second)))
}

// saidOnce says once that records are skipped for a reason; from then on they are
// only counted.
type saidOnce struct{ reasons sync.Map }

func (s *saidOnce) skipped(logger *zap.Logger, reason string) {
	if _, before := s.reasons.LoadOrStore(reason, struct{}{}); !before {
		logger.Info("Log records are skipped; said once a reason, the metrics count them all", zap.String("reason", reason))
	}
}
