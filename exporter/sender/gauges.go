// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// What visitors wait for, as metrics name it, beside the causes of the quota's account.
const (
	causeWindow  = "window"
	causeAlone   = "failing_alone"
	causeOutage  = "outage"
	causeUpload  = "upload"
	causeCalling = "calling"
)

// observe lets be seen what waits, for what and how long, for as long as the telemetry lives.
func (s *Sender) observe() error {
	t, exporter := s.set.Telemetry, s.outcomes.exporter
	plain := s.outcomes.plain
	ints := func(value func() int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(value(), plain)
			return nil
		}
	}
	floats := func(value func() time.Duration) metric.Float64Callback {
		return func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(value().Seconds(), plain)
			return nil
		}
	}
	cause := func(name string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(exporter, attribute.String("cause", name)))
	}
	return errors.Join(
		t.RegisterAdobeTargetQuotaLimitCallback(func(_ context.Context, o metric.Int64Observer) error {
			if limit := s.set.Account.Usage().Limit; limit != quota.Unlimited {
				o.Observe(int64(limit), plain)
			}
			return nil
		}),
		t.RegisterAdobeTargetQuotaUsedCallback(ints(func() int64 { return int64(s.set.Account.Usage().Used) })),
		t.RegisterAdobeTargetQuotaNextFreeCallback(floats(s.set.Account.NextFree)),
		t.RegisterAdobeTargetOutboxRecordsCallback(ints(func() int64 { return int64(s.set.Outbox.Held().Records) })),
		t.RegisterAdobeTargetOutboxBytesCallback(ints(func() int64 { return s.set.Outbox.Held().Bytes })),
		t.RegisterAdobeTargetOutboxAgeCallback(floats(func() time.Duration { return s.set.Outbox.Age(time.Now()) })),
		t.RegisterAdobeTargetOutboxLimitCallback(ints(func() int64 { return int64(s.set.Outbox.MaxVisitors()) })),
		t.RegisterAdobeTargetOutboxVisitorsCallback(func(_ context.Context, o metric.Int64Observer) error {
			for name, visitors := range s.waiting() {
				o.Observe(int64(visitors), cause(name))
			}
			return nil
		}),
		t.RegisterAdobeTargetWaitingTimeCallback(func(_ context.Context, o metric.Float64Observer) error {
			for _, c := range quota.Causes() {
				var waited time.Duration
				for _, w := range s.ways() {
					waited += w.waits.Time(c)
				}
				o.Observe(waited.Seconds(), cause(c.String()))
			}
			return nil
		}),
	)
}

// waiting returns how many visitors wait for what.
func (s *Sender) waiting() map[string]int {
	held := s.set.Outbox.Held()
	calling := held.Visitors - held.Uploaded
	for lane := range held.Waiting {
		calling -= held.Waiting[lane] + held.Ready[lane]
	}
	refused := 0
	for _, w := range s.ways() {
		refused += w.refusals.len()
	}
	visitors := map[string]int{
		causeWindow: held.Waiting[outbox.Fresh] + held.Waiting[outbox.OneWay], causeAlone: held.Waiting[outbox.FailingAlone] + held.Ready[outbox.FailingAlone] + refused,
		causeOutage: 0, causeCalling: calling - refused,
	}
	for _, c := range quota.Causes() {
		visitors[c.String()] = 0
	}
	w := s.wayOf(time.Now())
	if w.health.down() { // nobody knows who else would fail
		visitors[causeOutage], visitors[causeAlone] = visitors[causeAlone], 0
	}
	if s.uploader != nil {
		visitors[causeUpload] = held.Uploaded
	}
	fresh := w.cause()
	if s.uploadsAlone() {
		fresh = causeUpload
	}
	visitors[fresh] += held.Ready[outbox.Fresh]
	visitors[s.primary.cause()] += held.Ready[outbox.OneWay]
	return visitors
}

// cause returns what a call by the way waits for.
func (w *way) cause() string {
	if w.health.careful() {
		return causeOutage
	}
	return w.account.Cause().String()
}
