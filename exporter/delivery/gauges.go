// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// observeWaiting lets be seen what calls wait for, how long yet, and how old the
// records have become.
func (d *Delivery) observeWaiting() error {
	exporter := metric.WithAttributeSet(attribute.NewSet(d.counters.exporter))
	byCause := make(map[quota.Cause]metric.ObserveOption)
	for _, c := range quota.Causes() {
		byCause[c] = metric.WithAttributeSet(attribute.NewSet(d.counters.exporter, attribute.String("cause", c.String())))
	}
	return errors.Join(
		d.Telemetry.RegisterAdobeTargetQuotaNextFreeCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(d.Account.NextFree().Seconds(), exporter)
			return nil
		}),
		d.Telemetry.RegisterAdobeTargetWaitingTimeCallback(func(_ context.Context, o metric.Float64Observer) error {
			for c, option := range byCause {
				o.Observe(d.waits.Time(c).Seconds(), option)
			}
			return nil
		}),
		d.Telemetry.RegisterAdobeTargetSendLagCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(d.inHand.lag().Seconds(), exporter)
			return nil
		}),
	)
}
