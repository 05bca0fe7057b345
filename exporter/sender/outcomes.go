// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// outcome is how a log record ended, as metrics name it.
type outcome string

const (
	delivered outcome = "delivered"
	skipped   outcome = "skipped"
	rejected  outcome = "rejected"
)

// Reasons that no other package names. Each is declared with the outcome that it explains, and with
// what to look at next.
var (
	reasonDryRun = explains(skipped, "dry_run",
		"set dry_run: false to have them sent")
	// reasonRetriesEnded is for entries older than retry_on_failure::max_elapsed_time.
	reasonRetriesEnded = explains(rejected, "retries_ended",
		"raise retry_on_failure::max_elapsed_time, or set it to 0 to never give up")
	reasonRetryDisabled = explains(rejected, "retry_disabled",
		"set retry_on_failure::enabled: true")
	// reasonAttemptsExhausted is for entries that failed alone for outbox::give_up_after, or
	// that made way for another visitor in a full outbox.
	reasonAttemptsExhausted = explains(rejected, "attempts_exhausted",
		"others got through: look at what is special about these records, dry_run: true shows their calls; outbox::give_up_after says for how long they are tried")
	reasonShutdown = explains(rejected, "shutdown",
		"set sending_queue::storage to keep what waits over a restart, or raise drain_timeout")
	// reasonConfiguration is for entries that a changed configuration does not let be sent.
	reasonConfiguration = explains(rejected, "configuration",
		"the settings that bound visitors and parameters were changed while these waited; widen them before the next such change")
	reasonLargerThanQueue = explains(rejected, "larger_than_queue",
		"raise sending_queue::queue_size over the size of one request, or have smaller requests sent")
)

// Reasons why records are held, which end none.
const (
	reasonQuotaStorage = "quota_storage"
	reasonUncarried    = "uncarried"
)

// statusOfBulk is what metrics call the calls that ask for the status of an upload.
const statusOfBulk route.Name = "bulk_status"

// ending is how and why log records end, and by which route those went that were delivered.
type ending struct {
	as     outcome
	reason string
	by     route.Name
}

// answered is what came of a call of a route.
type answered struct {
	route.Answer
	by route.Name
}

// lasted is what calls are told apart by of which it is seen how long they took.
type lasted struct {
	verdict route.Verdict
	by      route.Name
}

// declared are the endings whose reasons are declared above.
var declared []ending

// explains declares a reason.
func explains(as outcome, reason, remedy string) string {
	declared = append(declared, ending{as: as, reason: reason})
	remedies[reason] = remedy
	return reason
}

// usualEndings returns all endings without a delivery that can be named beforehand: all but those
// by a rare status.
func usualEndings() []ending {
	endings := slices.Clone(declared)
	for _, s := range mapping.Skips() {
		endings = append(endings, ending{as: skipped, reason: s.String()})
	}
	for _, a := range route.Usual() {
		if a.Verdict == route.Rejected {
			endings = append(endings, ending{as: rejected, reason: a.Reason})
		}
	}
	return endings
}

// outcomes counts with attribute sets that are made once. All of them name the exporter: a
// Collector may run several.
type outcomes struct {
	telemetry *metadata.TelemetryBuilder
	exporter  attribute.KeyValue
	plain     metric.MeasurementOption
	byVerdict map[lasted]metric.MeasurementOption
	byRecord  options[ending]
	byReason  options[string]
	byCall    options[answered]
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

func newOutcomes(telemetry *metadata.TelemetryBuilder, id component.ID, routes ...route.Name) *outcomes {
	exporter := attribute.String("exporter", id.String())
	byVerdict := make(map[lasted]metric.MeasurementOption)
	for _, by := range []route.Name{route.ToSingle, route.ToDelivery, route.ToBulk, statusOfBulk} {
		for _, v := range []route.Verdict{route.Delivered, route.Rejected, route.SetupFault, route.NotNow} {
			byVerdict[lasted{v, by}] = metric.WithAttributeSet(attribute.NewSet(exporter, attribute.String("outcome", v.String()), ofRoute(by)))
		}
	}
	o := &outcomes{telemetry: telemetry, exporter: exporter, plain: metric.WithAttributeSet(attribute.NewSet(exporter)), byVerdict: byVerdict}
	o.begin(routes)
	return o
}

// begin has every series that can be named beforehand begin with 0: what counts the increase of
// one that begins with its first event does not see that event.
func (o *outcomes) begin(routes []route.Name) {
	ctx, t := context.Background(), o.telemetry
	for _, plain := range []metric.Int64Counter{t.AdobeTargetRecordsReceived, t.AdobeTargetRecordsRecovered, t.AdobeTargetQueueDamaged} {
		plain.Add(ctx, 0, o.plain)
	}
	for _, e := range usualEndings() {
		o.records(e.as, e.reason, 0)
	}
	for _, why := range []Back{QueueFull, NotStored, NotSent} {
		o.givenBack(why, 0)
	}
	for drop := range (mapping.Drops{}) {
		t.AdobeTargetParametersDropped.Add(ctx, 0, o.byReason.of(mapping.Drop(drop).String(), o.ofReason)...)
	}
	for _, by := range routes {
		o.delivered(by, "", 0)
		for _, a := range route.Usual() {
			t.AdobeTargetCalls.Add(ctx, 0, o.byCall.of(answered{a, by}, o.ofCall)...)
		}
	}
}

// ofRoute says which route something went by.
func ofRoute(by route.Name) attribute.KeyValue { return attribute.String("route", string(by)) }

// received counts log records that were taken.
func (o *outcomes) received(n int) {
	if n > 0 {
		o.telemetry.AdobeTargetRecordsReceived.Add(context.Background(), int64(n), o.plain)
	}
}

// recovered counts log records that an earlier run has left.
func (o *outcomes) recovered(n int) {
	o.telemetry.AdobeTargetRecordsRecovered.Add(context.Background(), int64(n), o.plain)
}

// records counts log records that have come to their end without being delivered.
func (o *outcomes) records(as outcome, reason string, n int) {
	o.telemetry.AdobeTargetRecords.Add(context.Background(), int64(n), o.byRecord.of(ending{as: as, reason: reason}, o.ofRecord)...)
}

// delivered counts log records that a route has delivered.
func (o *outcomes) delivered(by route.Name, reason string, n int) {
	o.telemetry.AdobeTargetRecords.Add(context.Background(), int64(n), o.byRecord.of(ending{delivered, reason, by}, o.ofRecord)...)
}

func (o *outcomes) ofRecord(e ending) []attribute.KeyValue {
	attributes := []attribute.KeyValue{o.exporter, attribute.String("outcome", string(e.as))}
	if e.reason != "" {
		attributes = append(attributes, attribute.String("reason", e.reason))
	}
	if e.by != "" {
		attributes = append(attributes, ofRoute(e.by))
	}
	return attributes
}

// carried notes how many records the delivered update of a visitor carried.
func (o *outcomes) carried(records int) {
	o.telemetry.AdobeTargetCallRecords.Record(context.Background(), int64(records), o.plain)
}

// dropped counts the parameters that were left out of updates.
func (o *outcomes) dropped(reason string, n int) {
	if n > 0 {
		o.telemetry.AdobeTargetParametersDropped.Add(context.Background(), int64(n), o.byReason.of(reason, o.ofReason)...)
	}
}

func (o *outcomes) ofReason(reason string) []attribute.KeyValue {
	return []attribute.KeyValue{o.exporter, attribute.String("reason", reason)}
}

// call counts a call of a route by what came of it, and how long it took. A dry run makes none.
func (o *outcomes) call(by route.Name, a route.Answer, took time.Duration) {
	if a.Verdict == route.NotSent {
		return
	}
	a.RetryAfter, a.Detail = 0, ""
	o.telemetry.AdobeTargetCallDuration.Record(context.Background(), took.Seconds(), o.byVerdict[lasted{a.Verdict, by}])
	o.telemetry.AdobeTargetCalls.Add(context.Background(), 1, o.byCall.of(answered{a, by}, o.ofCall)...)
}

func (o *outcomes) ofCall(a answered) []attribute.KeyValue {
	attributes := []attribute.KeyValue{o.exporter, attribute.String("outcome", a.Verdict.String()), ofRoute(a.by)}
	if a.StatusCode != 0 {
		attributes = append(attributes, attribute.Int("http.response.status_code", a.StatusCode))
	}
	if a.Reason != "" {
		attributes = append(attributes, attribute.String("error.type", a.ErrorType()))
	}
	return attributes
}
