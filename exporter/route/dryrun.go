// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"strconv"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// DryRun shows calls instead of making them. It is safe for concurrent use.
type DryRun struct {
	api    API
	logger *zap.Logger
	calls  atomic.Int64
}

// NewDryRun returns a DryRun that writes to the logger, ids and values included:
// that is what it is for.
func NewDryRun(api API, logger *zap.Logger) *DryRun {
	return &DryRun{api: api, logger: logger}
}

// Send writes the call as it would leave, once. It returns as Traced.Send does.
func (d *DryRun) Send(
	_ context.Context, v profile.Visitor, parameters []profile.Parameter,
) (carried int, answer Answer) {
	draft, carried := NewDraft(d.api, v, parameters)
	if carried == 0 {
		return 0, Answer{}
	}
	// The number makes each line's message its own, or the Collector's log sampling
	// would leave most of them out.
	d.logger.Info("Dry run, not sent: call "+strconv.FormatInt(d.calls.Add(1), 10),
		zap.String("method", draft.Method), zap.String("url", draft.URL.String()), zap.ByteString("body", draft.Body))
	return carried, Answer{Verdict: NotSent}
}
