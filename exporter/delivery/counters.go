// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// Outcomes of a log record, and the reason of one that no other package names.
const (
	outcomeDelivered = "delivered"
	outcomeSkipped   = "skipped"
	outcomeRejected  = "rejected"

	reasonDryRun     = "dry_run"
	reasonSuperseded = "superseded"
	// reasonRetriesEnded is for records that the helper no longer sends again, as
	// retry_on_failure::max_elapsed_time tells it to.
	reasonRetriesEnded = "retries_ended"

	// reasonAttemptsExhausted is for records of a visitor whose update failed as often
	// as max_update_attempts allows, while others got through.
	reasonAttemptsExhausted = "attempts_exhausted"

	// reasonQuotaStorage holds records while the account can not be written.
	reasonQuotaStorage = "quota_storage"
	// reasonDeferredFull holds records that wait for older ones of their visitor, and
	// that can not be deferred.
	reasonDeferredFull = "deferred_full"
)

// counters counts with attribute sets that are made once. All of them name the
// exporter: a Collector may run several.
type counters struct {
	telemetry *metadata.TelemetryBuilder
	exporter  attribute.KeyValue
	byMerge   []metric.AddOption
	byOutcome map[route.Verdict][]metric.RecordOption
	byRecord  options[[2]string] // of outcome and reason
	byCall    options[route.Answer]
}

// options are those of one instrument, made once for each key.
type options[K comparable] struct {
	mu   sync.RWMutex
	made map[K][]metric.AddOption
}

func (o *options[K]) of(key K, attributes func(K) []attribute.KeyValue) []metric.AddOption {
	o.mu.RLock()
	made, known := o.made[key]
	o.mu.RUnlock()
	if known {
		return made
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made == nil {
		o.made = make(map[K][]metric.AddOption)
	}
	o.made[key] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attributes(key)...))}
	return o.made[key]
}

func newCounters(telemetry *metadata.TelemetryBuilder, id component.ID) *counters {
	exporter := attribute.String("exporter", id.String())
	return &counters{
		telemetry: telemetry,
		exporter:  exporter,
		byMerge:   []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(exporter))},
		byOutcome: byOutcome(exporter),
	}
}

func byOutcome(exporter attribute.KeyValue) map[route.Verdict][]metric.RecordOption {
	made := make(map[route.Verdict][]metric.RecordOption)
	for _, v := range []route.Verdict{route.Delivered, route.Rejected, route.SetupFault, route.NotNow} {
		made[v] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(exporter, attribute.String("outcome", v.String())))}
	}
	return made
}

// observe lets the account's quota, and what is deferred, be seen for as long as the
// telemetry lives.
func (c *counters) observe(account *quota.Account, store *deferred.Store) error {
	exporter := metric.WithAttributeSet(attribute.NewSet(c.exporter))
	return errors.Join(
		c.telemetry.RegisterAdobeTargetQuotaLimitCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(account.Usage().Limit), exporter)
			return nil
		}),
		c.telemetry.RegisterAdobeTargetQuotaUsedCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(account.Usage().Used), exporter)
			return nil
		}),
		c.telemetry.RegisterAdobeTargetRecordsDeferredCallback(func(_ context.Context, o metric.Int64Observer) error {
			if store != nil {
				o.Observe(int64(store.Records()), exporter)
			}
			return nil
		}),
	)
}

// records counts log records that have come to their end.
func (c *counters) records(ctx context.Context, outcome, reason string, n int) {
	c.telemetry.AdobeTargetRecords.Add(ctx, int64(n), c.byRecord.of([2]string{outcome, reason}, c.ofRecord)...)
}

func (c *counters) ofRecord(key [2]string) []attribute.KeyValue {
	attributes := []attribute.KeyValue{c.exporter, attribute.String("outcome", key[0])}
	if reason := key[1]; reason != "" {
		attributes = append(attributes, attribute.String("reason", reason))
	}
	return attributes
}

// merged counts log records that went with another one's call.
func (c *counters) merged(ctx context.Context, n int) {
	if n > 0 {
		c.telemetry.AdobeTargetRecordsMerged.Add(ctx, int64(n), c.byMerge...)
	}
}

// droppedParameters counts the parameters that were left out of updates.
func (c *counters) droppedParameters(ctx context.Context, dropped *mapping.Drops) {
	for reason, n := range dropped {
		c.dropped(ctx, mapping.Drop(reason).String(), n)
	}
}

func (c *counters) dropped(ctx context.Context, reason string, n int) {
	if n > 0 {
		c.telemetry.AdobeTargetParametersDropped.Add(ctx, int64(n),
			metric.WithAttributes(c.exporter, attribute.String("reason", reason)))
	}
}

// recovered counts log records of an earlier run that have come to their end.
func (c *counters) recovered(ctx context.Context, n int) {
	if n > 0 {
		c.telemetry.AdobeTargetRecordsRecovered.Add(ctx, int64(n), c.byMerge...)
	}
}

// call counts a call by what came of it, and how long it took.
func (c *counters) call(ctx context.Context, a route.Answer, took time.Duration) {
	a.RetryAfter = 0
	c.telemetry.AdobeTargetCallDuration.Record(ctx, took.Seconds(), c.byOutcome[a.Verdict]...)
	c.telemetry.AdobeTargetCalls.Add(ctx, 1, c.byCall.of(a, c.ofCall)...)
}

func (c *counters) ofCall(a route.Answer) []attribute.KeyValue {
	attributes := []attribute.KeyValue{c.exporter, attribute.String("outcome", a.Verdict.String())}
	if a.StatusCode != 0 {
		attributes = append(attributes, attribute.Int("http.response.status_code", a.StatusCode))
	}
	if a.Reason != "" {
		attributes = append(attributes, attribute.String("error.type", a.Reason))
	}
	return attributes
}
