// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"context"
	"errors"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// NotForBulk is the reason of a single call for what an upload cannot carry.
const NotForBulk = "not_for_bulk"

// errUncarried is that of a call that the mapper lets pass and the route does not.
var errUncarried = errors.New("the exporter would reject an update: no call can carry it")

// calls shows the calls of an entry, which have one number.
func (r *run) calls(e *entry, number int, reason string) error {
	var parts []*Call
	for left := r.carried(e.visitor, e.parameters); len(left) > 0; {
		draft, carried := route.NewDraft(r.api, e.visitor, left)
		if carried == 0 {
			return errUncarried
		}
		left = left[carried:]
		size := len(draft.Body)
		if draft.Body == nil {
			size = len(draft.URL.RawQuery)
		}
		row := r.row(e.visitor, draft.Parameters, e.records)
		parts = append(parts, &Call{
			Call: number, Route: string(r.single()), Method: draft.Method, Path: draft.URL.EscapedPath(), Row: &row, Bytes: int64(size), Reason: reason,
		})
	}
	if len(parts) == 0 {
		return errUncarried
	}
	for i, c := range parts {
		if len(parts) > 1 {
			c.Part, c.Parts = i+1, len(parts)
		}
		r.totals.Calls++
		if err := r.out.Call(c); err != nil {
			return err
		}
	}
	return nil
}

// carried returns the parameters that a call can carry, nothing where none can name the visitor. The sender looks
// once more too.
func (r *run) carried(v profile.Visitor, parameters []profile.Parameter) []profile.Parameter {
	if !r.mapper.Sendable(v) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(parameters), func(p profile.Parameter) bool {
		why, carried := r.mapper.Carries(v, &p)
		if !carried {
			r.totals.Dropped[why.String()]++
		}
		return !carried
	})
}

// single is the route of calls of one visitor each.
func (r *run) single() route.Name {
	if r.bulk != nil {
		return route.ToSingle
	}
	return r.exporter.Config.Route
}

// sheet is an upload, and the entries that stand in it.
type sheet struct {
	*route.Sheet
	rows []Row
	of   []*entry
}

// upload shows the records with the uploads that carry them, the uploads, and the calls for what these cannot carry.
func (r *run) upload(ctx context.Context) error {
	sheets, rests := r.gather()
	for i, s := range sheets {
		for _, e := range s.of {
			e.call = i + 1
		}
	}
	for i, e := range rests {
		if number := len(sheets) + i + 1; e.call == 0 {
			e.call = number
		} else {
			e.rest = number
		}
	}
	for i, h := range r.held {
		record := Record{Record: i + 1, Outcome: OutcomeCall}
		if h.Record != nil {
			record = *h.Record
		}
		if record.Outcome == OutcomeCall {
			record.Call, record.Rest = r.entries[h.entry].call, r.entries[h.entry].rest
		}
		if err := r.out.Record(record); err != nil {
			return err
		}
	}
	for i, s := range sheets {
		draft := r.bulk.Draft(s.Sheet)
		r.totals.Calls++
		if err := errors.Join(ctx.Err(), r.out.Call(&Call{
			Call: i + 1, Route: string(route.ToBulk), Method: draft.Method, Path: draft.URL.EscapedPath(), Rows: s.rows, Bytes: s.Bytes,
		})); err != nil {
			return err
		}
	}
	for i, e := range rests {
		if err := errors.Join(ctx.Err(), r.calls(e, len(sheets)+i+1, NotForBulk)); err != nil {
			return err
		}
	}
	return nil
}

// gather divides the entries into uploads, as the sender does with what is due at once. The rests are what no upload
// can carry.
func (r *run) gather() (closed []*sheet, rests []*entry) {
	var open []*sheet
	for _, e := range r.entries {
		parameters := r.carried(e.visitor, e.parameters)
		row, rest := route.Divide(e.visitor, parameters)
		if len(row) > 0 {
			var s *sheet
			s, open, closed = r.choose(e, row, open, closed)
			if s == nil {
				rest = parameters
			} else {
				s.Add(e.visitor, row)
				s.rows, s.of = append(s.rows, r.row(e.visitor, row, e.records)), append(s.of, e)
				if s.Rows >= r.uploads.MaxRows {
					open, closed = without(open, s), append(closed, s)
				}
			}
		}
		e.parameters = rest
		if len(rest) > 0 {
			rests = append(rests, e)
		}
	}
	return append(closed, open...), rests
}

// choose returns the upload that an entry goes with, nil where it goes with none.
func (r *run) choose(e *entry, row []profile.Parameter, open, closed []*sheet) (s *sheet, stillOpen, nowClosed []*sheet) {
	files := make([]*route.Sheet, len(open))
	for i, s := range open {
		files[i] = s.Sheet
	}
	empty := route.NewSheet(e.visitor.Parameter)
	empty.Creates = r.bulk.Creates(e.visitor.Parameter)
	chosen, full := route.Choose(files, empty, e.visitor, row, r.uploads.MaxBytes)
	for _, file := range full {
		i := slices.IndexFunc(open, func(s *sheet) bool { return s.Sheet == file })
		open, closed = without(open, open[i]), append(closed, open[i])
	}
	switch chosen {
	case nil:
		return nil, open, closed
	case empty:
		s = &sheet{Sheet: empty}
		return s, append(open, s), closed
	}
	return open[slices.IndexFunc(open, func(s *sheet) bool { return s.Sheet == chosen })], open, closed
}

func without(sheets []*sheet, s *sheet) []*sheet {
	return slices.DeleteFunc(slices.Clone(sheets), func(other *sheet) bool { return other == s })
}

// row returns what is said of a visitor, as it is shown.
func (r *run) row(v profile.Visitor, parameters []profile.Parameter, records []int) Row {
	named := make(map[string]string, len(parameters))
	for _, p := range parameters {
		named["profile."+p.Name] = p.Value
	}
	return Row{Visitor: map[string]string{string(v.Parameter): r.masks.of(v)}, Parameters: named, Records: records}
}
