// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"

	"go.uber.org/zap"
)

// Refuse counts and says records that were not taken at all, and that their sender
// is told not to send again as they are.
func (d *Delivery) Refuse(ctx context.Context, records int, reason string) {
	d.counters.records(ctx, outcomeRejected, reason, records)
	d.Logger.Error("Log records are refused", zap.Int("records", records), zap.String("reason", reason))
}
