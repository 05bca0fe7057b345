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
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
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
	for _, w := range s.ways() {
		if err := s.outcomes.observeAccount(w.name, w.account, &w.waits); err != nil {
			return err
		}
	}
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
	)
}

// observeAccount lets be seen what the account of a route's calls holds, and for how long these waited for it.
func (o *outcomes) observeAccount(by route.Name, account *quota.Account, waits *quota.Waits) error {
	t, of := o.telemetry, metric.WithAttributeSet(attribute.NewSet(o.exporter, ofRoute(by)))
	return errors.Join(
		t.RegisterAdobeTargetQuotaLimitCallback(func(_ context.Context, observer metric.Int64Observer) error {
			if limit := account.Usage().Limit; limit != quota.Unlimited {
				observer.Observe(int64(limit), of)
			}
			return nil
		}),
		t.RegisterAdobeTargetQuotaUsedCallback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(int64(account.Usage().Used), of)
			return nil
		}),
		t.RegisterAdobeTargetQuotaNextFreeCallback(func(_ context.Context, observer metric.Float64Observer) error {
			observer.Observe(account.NextFree().Seconds(), of)
			return nil
		}),
		t.RegisterAdobeTargetWaitingTimeCallback(func(_ context.Context, observer metric.Float64Observer) error {
			for _, c := range quota.Causes() {
				observer.Observe(waits.Time(c).Seconds(), metric.WithAttributeSet(attribute.NewSet(
					o.exporter, ofRoute(by), attribute.String("cause", c.String()))))
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
	down, fresh := w.health.down(), w.cause()
	if u := s.uploader.Load(); u != nil {
		visitors[causeUpload] = held.Uploaded
		if u.stopped() { // those in uploads that are still to be made wait for the same
			visitors[causeUpload] = min(held.Uploaded, u.followed())
			visitors[causeOutage] = held.Uploaded - visitors[causeUpload]
		}
	}
	if s.uploadsAlone() {
		down, fresh = s.uploader.Load().stopped(), s.uploader.Load().cause()
	}
	if down { // nobody knows who else would fail
		visitors[causeOutage], visitors[causeAlone] = visitors[causeOutage]+visitors[causeAlone], 0
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

// cause returns what the next upload waits for.
func (u *uploader) cause() string {
	switch {
	case u.stopped():
		return causeOutage
	case u.set.Account.Cause() == quota.Paused:
		return quota.Paused.String()
	}
	return causeUpload
}

// stopped reports whether no upload gets through: Target takes none, or none may leave.
func (u *uploader) stopped() bool {
	return u.sender.troubles.is(uploadsFail) || u.sender.troubles.is(uploadsUncounted)
}

// followed returns how many visitors stand in uploads that Target has taken.
func (u *uploader) followed() (visitors int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, m := range u.taken {
		visitors += m.rows()
	}
	return visitors
}
