// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/target"
)

// maxUnproven is how many visitors are deferred while it is not known whether others
// would get through. Without it a batch of one visitor that fails for reasons of its
// own would keep the queue from finding out.
const maxUnproven = 10

// hasToWait tells whether a record has to wait because its visitor is deferred. Where one
// record of a batch waits the later ones of that visitor do, even if it is delivered
// meanwhile.
func (r *run) hasToWait(v profile.Visitor) bool {
	if r.Deferred == nil || r.again {
		return false
	}
	return (r.aside != nil && r.aside.Has(v)) || r.Deferred.Has(v)
}

// VisitorOf returns the visitor of records that were deferred together: that of the
// first one which gives an update.
func VisitorOf(ctx context.Context, mapper *mapping.Mapper, ld plog.Logs) profile.Visitor {
	numbers := arrival.Take(ld)
	defer arrival.PutBack(ld, numbers)
	for _, update := range mapper.Updates(ctx, ld) {
		if update.Skip == mapping.NotSkipped {
			return update.Visitor
		}
	}
	return profile.Visitor{}
}

func (r *run) putAside(record int, v profile.Visitor, parameters []profile.Parameter) {
	if r.aside == nil {
		r.aside = profile.NewBatch(0)
	}
	r.aside.Add(record, v, parameters)
	r.held[record] = true
}

// setAside defers what can be deferred of a batch, and returns the records that are
// held and go back to the queue.
func (d *Delivery) setAside(ctx context.Context, ld plog.Logs, r *run) []bool {
	portions, partOf := r.portions()
	if len(portions) == 0 {
		return r.held
	}
	r.putBack(ld)
	for i, data := range cut(ld, partOf, len(portions)) {
		portions[i].Data = data
	}
	added, err := d.Deferred.Add(ctx, time.Now(), portions)
	if err != nil {
		d.Logger.Error("Log records can not be deferred, so they hold up the queue", zap.Error(err))
	}
	if added < len(portions) && r.reason.Reason == "" {
		r.reason = target.Answer{Verdict: target.NotNow, Reason: reasonDeferredFull}
	}
	d.deferredMore()
	d.sayDeferred(r, added)
	back := slices.Clone(r.held)
	for record, part := range partOf {
		if part != nowhere && part < added {
			back[record] = false
		}
	}
	return back
}

// sayEvery is how often at most it is said that visitors are deferred.
const sayEvery = 5 * time.Minute

// sayDeferred says that some updates fail while others get through. The metrics tell
// how many.
func (d *Delivery) sayDeferred(r *run, added int) {
	if added == 0 || len(r.failed) == 0 {
		return
	}
	now := time.Now()
	last := d.saidDeferred.Load()
	if (last == nil || now.Sub(*last) >= sayEvery) && d.saidDeferred.CompareAndSwap(last, &now) {
		d.Logger.Info("Updates of some visitors fail, their log records are deferred; said once in five minutes at most",
			zap.String("reason", r.reason.Reason), zap.Int("deferred_records", d.Deferred.Records()))
	}
}

// portions returns what is to be deferred, without its data, and for each record the
// portion it belongs to.
func (r *run) portions() (portions []deferred.Portion, partOf []int) {
	failed := r.deferrable()
	if len(failed) == 0 && r.aside == nil {
		return nil, nil
	}
	partOf = slices.Repeat([]int{nowhere}, len(r.held))
	add := func(batch *profile.Batch, i int, hasFailed bool) {
		for record := range batch.Records(i) {
			partOf[record] = len(portions)
		}
		portions = append(portions, deferred.Portion{Visitor: batch.Visitor(i), Failed: hasFailed})
	}
	for _, i := range failed {
		add(r.batch, i, true)
	}
	if r.aside != nil {
		for i := range r.aside.Len() {
			add(r.aside, i, false)
		}
	}
	return portions, partOf
}

// deferrable returns the visitors, by position, that failed and that may be deferred.
// While nobody gets through that is an outage, and the queue is to stand still.
func (r *run) deferrable() []int {
	switch {
	case r.Deferred == nil, len(r.failed) == 0, r.lastChance.Load() != nil, r.stopping.Err() != nil:
		return nil
	case r.alive.Load():
		return r.failed
	case r.uncalled > 0, r.throttled.Load(), len(r.failed) >= maxFailures,
		r.unproven.Add(int64(len(r.failed))) > maxUnproven:
		return nil
	}
	return r.failed
}
