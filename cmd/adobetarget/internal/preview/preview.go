// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Options are what is to be shown.
type Options struct {
	// Each shows each record's own call. Otherwise the records of a visitor merge, as they do while they wait.
	Each bool
	// ShowIDs shows the ids of visitors, instead of what stands for them.
	ShowIDs bool
}

// ErrEachUpload is that of Options.Each with uploads, in which a visitor has one row.
var ErrEachUpload = errors.New("route bulk merges the records of a visitor into one row of an upload, so records have no calls of their own")

// Output takes what is shown: what becomes of the records in their order, and the calls as soon as they are known.
type Output interface {
	// Read is told of each record when it is read.
	Read(number int, of Origin)
	Record(r Record) error
	Call(c *Call) error
}

// Origin is the record that a Record is about.
type Origin struct {
	Resource plog.ResourceLogs
	Scope    plog.ScopeLogs
	Log      plog.LogRecord
	// Visitor is who it is about, with what stands for the id. Without an update both are of no meaning.
	Visitor profile.Visitor
	Mask    string
}

// Preview shows the calls of one exporter. It may be used for one run after another.
type Preview struct {
	exporter *Exporter
	options  Options
	api      route.API
	mapper   *mapping.Mapper
	bulk     *route.Bulk // nil unless the route is bulk
	uploads  route.BulkConfig
}

// New returns a Preview of an exporter.
func New(e *Exporter, o Options) (*Preview, error) {
	p := &Preview{exporter: e, options: o}
	var err error
	if p.api, err = e.Config.NewAPI(); err != nil {
		return nil, err
	}
	if p.mapper, err = e.Config.NewMapper(p.api); err != nil {
		return nil, err
	}
	if e.Config.Route != route.ToBulk {
		return p, nil
	}
	if o.Each {
		return nil, ErrEachUpload
	}
	p.bulk, p.uploads, err = e.Config.NewBulk()
	return p, err
}

// Run shows what becomes of the records, until they end or one cannot be read.
func (p *Preview) Run(ctx context.Context, records iter.Seq2[plog.Logs, error], out Output) (Totals, error) {
	r := newRun(p, out)
	for ld, err := range records {
		if err == nil {
			err = r.read(ctx, ld)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return r.totals, err
		}
	}
	return r.totals, r.end(ctx)
}

// run is one run of a Preview.
type run struct {
	*Preview
	out     Output
	totals  Totals
	batch   *profile.Batch
	masks   masks
	entries []*entry
	known   map[profile.Visitor]int // the entry of a visitor
	held    []heldRecord            // of uploads, whose numbers are not known yet
	updates int
}

// entry is what waits of a visitor.
type entry struct {
	visitor    profile.Visitor
	parameters []profile.Parameter
	records    []int
	call, rest int // the numbers of its calls
}

// heldRecord is a record until its entry has its calls. There may be millions, so one of which nothing was left out is none.
type heldRecord struct {
	*Record
	entry int
}

func newRun(p *Preview, out Output) *run {
	r := &run{Preview: p, out: out, batch: profile.NewBatch(1), known: make(map[profile.Visitor]int)}
	r.masks.shown = p.options.ShowIDs
	r.totals = Totals{
		Exporter: p.exporter.ID.String(), Route: string(p.exporter.Config.Route), Merged: !p.options.Each,
		Skipped: map[string]int{}, Dropped: map[string]int{},
	}
	if overflow := p.exporter.Config.Overflow; overflow != route.NoOverflow {
		r.totals.Overflow = string(overflow)
	}
	return r
}

// read shows what becomes of the records that were read together.
func (r *run) read(ctx context.Context, ld plog.Logs) error {
	next, stop := iter.Pull2(r.mapper.Explained(ctx, ld))
	defer stop()
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				_, update, _ := next()
				if err := r.update(update, Origin{Resource: resource, Scope: scope, Log: log}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// update shows a record, and its call where that is known by now.
func (r *run) update(u *mapping.Update, of Origin) error {
	r.totals.Records++
	record := Record{Record: r.totals.Records, Dropped: r.dropped(u)}
	for _, d := range record.Dropped {
		r.totals.Dropped[d.Reason]++
	}
	if u.Skip != mapping.NotSkipped {
		record.Outcome, record.Reason, record.Place = OutcomeSkipped, u.Skip.String(), r.place(u)
		r.totals.Skipped[record.Reason]++
		r.out.Read(record.Record, of)
		return r.show(record, 0)
	}
	of.Visitor, of.Mask = u.Visitor, r.masks.of(u.Visitor)
	r.out.Read(record.Record, of)
	record.Outcome = OutcomeCall
	at, e := r.merge(u, record.Record)
	if r.bulk == nil {
		record.Call = at + 1
	}
	if err := r.show(record, at); err != nil || !r.options.Each {
		return err
	}
	return r.calls(e, at+1, "")
}

// show shows a record, or keeps it until its call has a number.
func (r *run) show(record Record, entry int) error {
	if r.bulk != nil {
		h := heldRecord{entry: entry}
		if record.Outcome != OutcomeCall || len(record.Dropped) > 0 {
			h.Record = &record
		}
		r.held = append(r.held, h)
		return nil
	}
	return r.out.Record(record)
}

// merge puts an update into its visitor's entry, and returns that with its place.
func (r *run) merge(u *mapping.Update, record int) (at int, e *entry) {
	r.batch.Reset()
	r.batch.Add(record, u.Visitor, u.Parameters)
	newer, _ := r.batch.Parameters(0, nil)
	at, known := r.known[u.Visitor]
	if known {
		e = r.entries[at]
	} else {
		at, e = r.updates, &entry{visitor: u.Visitor}
		r.updates++
		if !r.options.Each {
			r.entries = append(r.entries, e)
			r.known[u.Visitor] = at
		}
	}
	e.parameters = profile.Merge(e.parameters, newer)
	e.records = append(e.records, record)
	return at, e
}

// end shows the calls of what has merged.
func (r *run) end(ctx context.Context) error {
	r.totals.Visitors = len(r.entries)
	if r.bulk != nil {
		return r.upload(ctx)
	}
	for i, e := range r.entries {
		if err := errors.Join(ctx.Err(), r.calls(e, i+1, "")); err != nil {
			return err
		}
	}
	return nil
}

// place returns what in the YAML has skipped a record.
func (r *run) place(u *mapping.Update) string {
	place := u.Failed
	if place == "" {
		place = places[u.Skip]
	}
	return r.in(place)
}

var places = map[mapping.Skip]string{
	mapping.SkipCondition:      "conditions",
	mapping.SkipNoVisitor:      "visitor",
	mapping.SkipInvalidVisitor: "visitor",
	mapping.SkipNoParameters:   "profile",
	mapping.SkipTooLarge:       "profile",
}

// in returns the whole path of a place in the settings of the exporter.
func (r *run) in(place string) string {
	return exportersKey + "::" + r.exporter.ID.String() + "::" + place
}

// dropped returns the parameters that were left out of an update.
func (r *run) dropped(u *mapping.Update) []Dropped {
	var all []Dropped
	for _, left := range u.Left {
		d := Dropped{Reason: left.Why.String()}
		if left.Name != "" {
			d.Parameter = "profile." + left.Name
		}
		if left.Entry >= 0 {
			d.Place = r.in(fmt.Sprintf("profile::%d", left.Entry))
		}
		all = append(all, d)
	}
	return all
}
