// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"slices"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	// mostOfAVisitor is how large the row of a visitor may get by what earlier uploads carried. Bulk
	// Profile Update API: the external data of a visitor is "64 KB" at most.
	mostOfAVisitor = 64_000
	// firstsInRow is how many are taken before one that failed alone has its turn.
	firstsInRow = 3
	// rowsPerWrite is how many rows are gathered between two writes: until then they are in memory.
	rowsPerWrite = 4096
)

// gather takes due entries into uploads until one is full or no entry is due any more, which
// closes all.
func (u *uploader) gather(ctx context.Context) error {
	before := len(u.closed)
	for n := 1; ctx.Err() == nil; n++ {
		e, err := u.takeDue(ctx)
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		u.gatherOne(e)
		if n%rowsPerWrite == 0 {
			_ = u.set.Flush(ctx) // the queue says it
		}
		if len(u.closed) > before {
			return nil
		}
	}
	u.closed = append(u.closed, u.gathering...)
	u.gathering = nil
	return nil
}

// takeDue takes the entry that is to be gathered next, nil when there is none. Those that failed
// alone go by single calls where uploads are only what overflows.
func (u *uploader) takeDue(ctx context.Context) (*outbox.Entry, error) {
	u.outbox.Due(time.Now()) // lets become ready what is due
	lanes := []outbox.Lane{outbox.Fresh, outbox.FailingAlone}
	u.firsts++
	if u.firsts > firstsInRow {
		u.firsts = 0
		slices.Reverse(lanes)
	}
	for _, lane := range lanes {
		if lane == outbox.FailingAlone && u.set.Gather != GatherAll {
			continue
		}
		if e, err := u.outbox.Take(ctx, lane); e != nil || err != nil {
			return e, err
		}
	}
	u.sender.troubles.over(outboxUnread)
	return nil, nil //nolint:nilnil // none is due, and that is no error
}

// gatherOne puts an entry into an upload, or leaves it to single calls if none can carry it.
func (u *uploader) gatherOne(e *outbox.Entry) {
	if !u.sender.recheck(e) {
		u.sender.reject(e, reasonConfiguration)
		return
	}
	row, rest := route.Divide(e.Visitor, e.Parameters)
	if len(row) == 0 {
		u.leave(e)
		return
	}
	e.Sent = news(e.Sent, rest)
	sheet := u.sheet(e.Visitor)
	if sheet.Size(e.Visitor, u.whole(sheet, e.Sent, row)) > mostOfAVisitor {
		e.Sent = nil
	}
	whole := u.whole(sheet, e.Sent, row)
	m := u.choose(e.Visitor, sheet, whole)
	if m == nil {
		u.leave(e)
		return
	}
	m.Sheet.Add(e.Visitor, whole)
	e.Upload, e.Row, e.Parameters = m.number, row, rest
	if len(rest) == 0 { // records of which something is left end with that
		e.Uploaded, e.Records = e.Records, 0
	}
	u.outbox.Enlist(e)
	if m.Sheet.Rows >= u.set.Config.MaxRows {
		u.close(m)
	}
}

// uncarriable reports whether no upload can carry the parameter. The call that carries it carries all
// that waits of the visitor.
func uncarriable(p profile.Parameter) bool { return !route.BulkCarries(&p) }

// news returns what uploads have carried of a visitor after newer values went by a call, or are to:
// with these instead, but for those that no upload can carry.
func news(sent, newer []profile.Parameter) []profile.Parameter {
	if len(sent) == 0 || len(newer) == 0 {
		return sent
	}
	return slices.DeleteFunc(profile.Merge(sent, newer), uncarriable)
}

// leave leaves an entry to single calls.
func (u *uploader) leave(e *outbox.Entry) {
	e.OneWay = true
	u.outbox.Retry(e, time.Now())
}

// sheet returns one for visitors of a kind.
func (u *uploader) sheet(v profile.Visitor) *route.Sheet {
	sheet := route.NewSheet(v.Parameter)
	sheet.Creates = u.set.Creates(v.Parameter)
	return sheet
}

// whole returns the row of a visitor: with what earlier uploads carried, where it would override that.
func (u *uploader) whole(sheet *route.Sheet, sent, row []profile.Parameter) []profile.Parameter {
	if !sheet.Creates || len(sent) == 0 {
		return row
	}
	return profile.Merge(sent, row)
}

// choose returns the upload that a row goes with, a new one among them. It returns nil when the row
// is too large for any.
func (u *uploader) choose(v profile.Visitor, empty *route.Sheet, row []profile.Parameter) *made {
	open := make([]*route.Sheet, len(u.gathering))
	for i, m := range u.gathering {
		open[i] = m.Sheet
	}
	chosen, full := route.Choose(open, empty, v, row, u.set.Config.MaxBytes)
	for _, sheet := range full {
		u.close(u.gatheredIn(sheet))
	}
	switch chosen {
	case nil:
		return nil
	case empty:
	default:
		return u.gatheredIn(chosen)
	}
	m := u.begin(empty)
	u.gathering = append(u.gathering, m)
	return m
}

func (u *uploader) gatheredIn(sheet *route.Sheet) *made {
	return u.gathering[slices.IndexFunc(u.gathering, func(m *made) bool { return m.Sheet == sheet })]
}

// closeRipe closes uploads that have been gathered for the interval, and those of an overflow at once,
// and reports whether there were any.
func (u *uploader) closeRipe(now time.Time) bool {
	before := len(u.closed)
	for _, m := range slices.Clone(u.gathering) {
		if u.set.Gather == GatherOverflow || now.Sub(m.Since) >= u.set.Config.Interval || u.hastens() {
			u.close(m)
		}
	}
	return len(u.closed) > before
}

// close has an upload made as it is.
func (u *uploader) close(m *made) {
	u.gathering = slices.DeleteFunc(u.gathering, func(other *made) bool { return other == m })
	u.closed = append(u.closed, m)
}
