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
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
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
	p := r.portions()
	if len(p.portions) == 0 {
		return r.held
	}
	r.putBack(ld)
	for i, data := range cut(ld, p.keptIn, len(p.portions)) {
		p.portions[i].Data = data
	}
	added, err := d.Deferred.Add(ctx, time.Now(), p.portions)
	if err != nil {
		d.Logger.Error("Log records can not be deferred, so they hold up the queue", zap.Error(err))
	}
	if added < len(p.portions) && r.reason.Reason == "" {
		r.reason = route.Answer{Verdict: route.NotNow, Reason: reasonDeferredFull}
	}
	d.deferredMore()
	d.sayDeferred(r, added)
	back := slices.Clone(r.held)
	r.redundant = make([]bool, len(back))
	for record, part := range p.partOf {
		if part != nowhere && part < added {
			back[record] = false
			r.redundant[record] = p.keptIn[record] == nowhere
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

// portioning is what is to be deferred of a batch.
type portioning struct {
	portions []deferred.Portion // without their data
	// partOf is the portion that each record belongs to, and keptIn the one that its
	// values are kept in: nowhere when later ones replace them all.
	partOf, keptIn []int
}

func (r *run) portions() *portioning {
	failed := r.deferrable()
	p := &portioning{}
	if r.stopping.Err() != nil || (len(failed) == 0 && r.aside == nil) {
		return p // what is held goes back as a whole when the exporter stops
	}
	p.partOf = slices.Repeat([]int{nowhere}, len(r.held))
	p.keptIn = slices.Clone(p.partOf)
	for _, i := range failed {
		r.addPortion(p, r.batch, i, true)
	}
	if r.aside != nil {
		for i := range r.aside.Len() {
			r.addPortion(p, r.aside, i, false)
		}
	}
	return p
}

func (r *run) addPortion(p *portioning, batch *profile.Batch, i int, failed bool) {
	portion := deferred.Portion{Visitor: batch.Visitor(i), Failed: failed}
	for record := range batch.Records(i) {
		p.partOf[record] = len(p.portions)
		portion.Merged++
		if r.watched != nil && r.Watch.Recovered(r.watched.numbers[record]) {
			portion.Recovered = true
		}
	}
	for record := range batch.Contributors(i) {
		p.keptIn[record] = len(p.portions)
		portion.Merged--
	}
	p.portions = append(p.portions, portion)
}

// deferrable returns the visitors, by position, that failed and that may be deferred.
// While nobody gets through that may be an outage, in which the queue is to stand still.
func (r *run) deferrable() []int {
	switch {
	case r.Deferred == nil, len(r.failed) == 0, r.lastChance.Load() != nil && !r.draining.Load():
		return nil
	case r.alive.Load():
		return r.failed
	case r.throttled.Load(), r.unproven.Add(int64(len(r.failed))) > maxUnproven:
		return nil
	}
	return r.failed
}
