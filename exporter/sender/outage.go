// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// outage is one that has been said.
type outage struct {
	since, said time.Time
	probes      int
	fault       bool // of the set-up
	why         string
}

// begin says that there is an outage, and now and then that it lasts.
func (h *health) begin(fault bool, a route.Answer, now time.Time) {
	o := &h.outage
	first, worse := o.said.IsZero(), fault && !o.fault
	if !first && !worse && now.Sub(o.said) < reminder {
		return
	}
	if first {
		o.since = h.since
	}
	o.said = now
	if first || fault || !o.fault {
		o.fault, o.why = fault, why(a)
	}
	host, lasts := zap.String("host", h.host), zap.Duration("for", now.Sub(o.since).Round(time.Second))
	if o.fault {
		err := fmt.Errorf("%s: calls to %s end with %s; updates wait until it is mended, "+
			"check client_code, endpoint, proxy_url, auth and tls", whose(a), h.host, o.why)
		h.logger.Error("Target refuses all calls", zap.Error(err), host, lasts)
		h.tell(first || worse, err)
		return
	}
	h.logger.Warn("Outage: no call gets through, updates wait and merge", zap.String("reason", o.why), host, lasts)
	h.tell(first, fmt.Errorf("outage: calls to %s end with %s, updates wait and merge", h.host, o.why))
}

func (h *health) tell(is bool, err error) {
	if is {
		h.troubles.begin(h.trouble, err)
	}
}

// whose says whose fault it is that all calls are refused.
func whose(a route.Answer) string {
	if a.Verdict == route.Rejected {
		return "the set-up is wrong, or all of the data"
	}
	return "the set-up is wrong, not the data"
}

// why says of an answer what an operator needs.
func why(a route.Answer) string {
	if a.Detail == "" {
		return a.Reason
	}
	return a.Reason + " (" + a.Detail + ")"
}

// over says that an outage is over, if one was said.
func (h *health) over(now time.Time) {
	was := h.outage
	h.outage = outage{}
	if was.said.IsZero() {
		return
	}
	message := "The outage is over"
	if was.fault {
		message = "Target takes calls again"
	}
	h.logger.Info(message, zap.String("host", h.host), zap.String("it_was", was.why), zap.Duration("after", now.Sub(was.since).Round(time.Second)))
	h.troubles.over(h.trouble)
}
