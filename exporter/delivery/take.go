// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"cmp"
	"context"
	"slices"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// recordDrops are the parameters left out of one record's update. They are counted
// when the record has come to its end, or each retry would count them again.
type recordDrops struct {
	record  int
	dropped mapping.Drops
}

// take maps the records of a batch and merges their updates. With an error nothing
// may be sent yet.
func (r *run) take(ctx context.Context, ld plog.Logs) error {
	if r.Ready != nil {
		if err := r.Ready(ctx); err != nil {
			return err
		}
	}
	if r.Watch == nil {
		r.mapRecords(ctx, ld, r.add)
		return nil
	}
	r.numbers = arrival.Take(ld)
	needed, err := r.Watch.Needed(ctx, r.numbers, r.recoveredWait)
	switch {
	case err != nil:
		return err
	case needed:
		if err := r.takeInOrder(ctx, ld); err != nil {
			return err
		}
		return r.noteMerging(ctx, r.watched.numbers)
	}
	r.mapRecords(ctx, ld, r.add)
	return r.noteMerging(ctx, byRecord(ld, r.numbers))
}

// noteMerging writes down which values of the batch take the place of older ones.
func (r *run) noteMerging(ctx context.Context, numbers []arrival.Number) error {
	if r.writtenDown.merging {
		return nil
	}
	values := merging(r.batch, numbers)
	if r.aside != nil {
		values = append(values, merging(r.aside, numbers)...)
	}
	return r.Watch.Merging(ctx, values)
}

// recoveredWait tells whether records of an earlier run are deferred.
func (d *Delivery) recoveredWait() bool { return d.Deferred != nil && d.Deferred.Recovered() }

// takeInOrder maps the records and merges their updates in the order in which they
// arrived, whatever their order is here.
func (r *run) takeInOrder(ctx context.Context, ld plog.Logs) error {
	w := &watched{numbers: byRecord(ld, r.numbers), newest: make(map[profile.Visitor]map[string]arrival.Number)}
	r.watched = w
	r.mapRecords(ctx, ld, w.keep)
	return r.addInOrder(ctx, w)
}

// putBack gives the batch its numbers back, for what is sent again.
func (r *run) putBack(ld plog.Logs) {
	if r.numbers != nil {
		arrival.PutBack(ld, r.numbers)
	}
}

func (r *run) add(record int, v profile.Visitor, parameters []profile.Parameter) {
	if r.hasToWait(v) {
		r.putAside(record, v, parameters)
		return
	}
	r.batch.Add(record, v, parameters)
}

// mapRecords passes the updates of the records on, and notes the records that give
// none.
func (r *run) mapRecords(ctx context.Context, ld plog.Logs, add func(record int, v profile.Visitor, parameters []profile.Parameter)) {
	for record, update := range r.Mapper.Updates(ctx, ld) {
		if update.Dropped != (mapping.Drops{}) {
			r.dropped = append(r.dropped, recordDrops{record, update.Dropped})
		}
		if update.Skip != mapping.NotSkipped {
			r.skipped[update.Skip.String()]++
			continue
		}
		add(record, update.Visitor, update.Parameters)
	}
}

// countSkipped counts the records that give no update.
func (r *run) countSkipped(ctx context.Context) {
	for reason, n := range r.skipped {
		r.counters.records(ctx, outcomeSkipped, reason, n)
		r.said.skipped(r.Logger, reason)
	}
}

// watched is a batch that holds records of an earlier run.
type watched struct {
	numbers []arrival.Number // by record
	updates []arrivedUpdate
	// newest is the number of each merged parameter's value, of visitors that are watched.
	newest map[profile.Visitor]map[string]arrival.Number
}

type arrivedUpdate struct {
	record     int
	visitor    profile.Visitor
	parameters []profile.Parameter
}

func (w *watched) keep(record int, v profile.Visitor, parameters []profile.Parameter) {
	w.updates = append(w.updates, arrivedUpdate{record, v, slices.Clone(parameters)})
}

// addInOrder adds the updates in the order in which their records arrived, without
// the values that would follow newer ones.
func (r *run) addInOrder(ctx context.Context, w *watched) error {
	slices.SortStableFunc(w.updates, func(a, b arrivedUpdate) int {
		return cmp.Compare(w.numbers[a.record], w.numbers[b.record])
	})
	for _, u := range w.updates {
		number := w.numbers[u.record]
		if r.hasToWait(u.visitor) {
			if r.waitsAlready(u.visitor, number) {
				r.skipped[reasonSuperseded]++
				continue
			}
			r.putAside(u.record, u.visitor, u.parameters)
			continue
		}
		if !r.supersede(&u, number) {
			r.skipped[reasonSuperseded]++
			continue
		}
		r.batch.Add(u.record, u.visitor, u.parameters)
		if r.Watch.Watches(u.visitor) {
			w.remember(u, number)
		}
	}
	if r.writtenDown.sending {
		return nil
	}
	return r.Watch.Sending(ctx, w.values())
}

// supersede leaves out the values that would follow newer ones, and tells whether any are
// left.
func (r *run) supersede(u *arrivedUpdate, number arrival.Number) bool {
	before := len(u.parameters)
	u.parameters = slices.DeleteFunc(u.parameters, func(p profile.Parameter) bool {
		return r.Watch.Superseded(arrival.Value{Visitor: u.visitor, Parameter: profile.CleanName(p.Name), Arrived: number})
	})
	if left := len(u.parameters); left < before {
		r.superseded = append(r.superseded, recordCount{u.record, before - left})
	}
	return len(u.parameters) > 0
}

// remember notes which values of a visitor that is watched are about to be sent.
func (w *watched) remember(u arrivedUpdate, number arrival.Number) {
	newest := w.newest[u.visitor]
	if newest == nil {
		newest = make(map[string]arrival.Number)
		w.newest[u.visitor] = newest
	}
	for _, p := range u.parameters {
		newest[profile.CleanName(p.Name)] = number
	}
}

// waitsAlready tells whether a record is deferred already. When a run ends while it
// holds a part of a batch, the queue keeps all of it, with what was deferred.
func (r *run) waitsAlready(v profile.Visitor, number arrival.Number) bool {
	return number != 0 && r.Deferred.Any(v, func(ld plog.Logs) bool { return arrival.Has(ld, number) })
}

// values returns what the merged batch sends of visitors that are watched.
func (w *watched) values() []arrival.Value {
	var values []arrival.Value
	for visitor, newest := range w.newest {
		for name, number := range newest {
			values = append(values, arrival.Value{Visitor: visitor, Parameter: name, Arrived: number})
		}
	}
	return values
}

// merging returns the values that take the place of older ones in the batch.
func merging(batch *profile.Batch, numbers []arrival.Number) []arrival.Value {
	var values []arrival.Value
	newest := make(map[string]arrival.Number)
	replaces := make(map[string]bool)
	for i := range batch.Len() {
		if !batch.Merged(i) {
			continue
		}
		clear(newest)
		clear(replaces)
		for record, parameters := range batch.Updates(i) {
			for _, p := range parameters {
				older, twice := newest[p.Name]
				newest[p.Name] = numbers[record]
				if twice && older < numbers[record] {
					replaces[p.Name] = true
				}
			}
		}
		for name := range replaces {
			values = append(values, arrival.Value{Visitor: batch.Visitor(i), Parameter: name, Arrived: newest[name]})
		}
	}
	return values
}

// sent tells the watch which values were delivered, be it in one of several calls.
func (r *run) sent(v profile.Visitor, parameters []profile.Parameter) {
	if r.watched == nil {
		return
	}
	newest := r.watched.newest[v]
	if newest == nil {
		return
	}
	for _, p := range parameters {
		r.Watch.Sent(arrival.Value{Visitor: v, Parameter: p.Name, Arrived: newest[p.Name]})
	}
}

// byRecord returns the number of each record from those of the resources.
func byRecord(ld plog.Logs, numbers []arrival.Number) []arrival.Number {
	all := make([]arrival.Number, 0, ld.LogRecordCount())
	for i, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for range scope.LogRecords().Len() {
				all = append(all, numbers[i])
			}
		}
	}
	return all
}
