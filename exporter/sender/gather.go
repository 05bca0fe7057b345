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
	// mostColumns is how many columns a sheet may get from rows that have others: each empty field
	// is a byte in each row behind it.
	mostColumns = 64
	// mostGathering is how many uploads are filled at once.
	mostGathering = 8
	// rowsPerWrite is how many rows are gathered between two writes: until then they are in memory.
	rowsPerWrite = 4096
	// mostDoubted is how many uploads that were refused wait while others are gathered.
	mostDoubted = 8
	// smaller is by how much smaller an upload is made of the rows of one that failed.
	smaller = 16
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
	e, err := u.outbox.Take(ctx, outbox.Fresh)
	if e == nil && err == nil && u.set.Gather == GatherAll {
		e, err = u.outbox.Take(ctx, outbox.FailingAlone)
	}
	if err == nil {
		u.sender.troubles.over(outboxUnread)
	}
	return e, err
}

// gatherOne puts an entry into an upload, or leaves it to single calls if none can carry it.
func (u *uploader) gatherOne(e *outbox.Entry) {
	if !u.sender.recheck(e) {
		u.sender.reject(e, reasonConfiguration)
		return
	}
	row, rest := u.row(e)
	if len(rest) == len(e.Parameters) {
		u.leave(e)
		return
	}
	m := u.choose(e, row)
	if m == nil {
		u.leave(e)
		return
	}
	m.Sheet.Add(e.Visitor, row)
	e.Upload, e.Sent, e.Parameters = m.number, row, rest
	if len(rest) == 0 { // records of which something is left end with that
		e.Uploaded, e.Records = e.Records, 0
	}
	u.outbox.Enlist(e)
	if m.Sheet.Rows >= m.most {
		u.close(m)
	}
}

// row returns what an upload is to hold of an entry: what it can carry of that, and what earlier
// uploads held where it would override them. rest is what it cannot carry.
func (u *uploader) row(e *outbox.Entry) (row, rest []profile.Parameter) {
	if !route.BulkNames(e.Visitor) {
		return nil, e.Parameters
	}
	for i := range e.Parameters {
		if !route.BulkCarries(&e.Parameters[i]) {
			rest = append(rest, e.Parameters[i])
		}
	}
	row = e.Parameters
	if u.set.Creates(e.Visitor.Parameter) {
		row = profile.Merge(e.Sent, row)
	}
	if len(rest) > 0 { // with them, older values of theirs are left out
		row = slices.DeleteFunc(slices.Clone(row), uncarriable)
	}
	return row, rest
}

// news returns what uploads held of a visitor after a call has carried newer values: with these
// instead, but for those that no upload can carry.
func news(sent, carried []profile.Parameter) []profile.Parameter {
	if len(sent) == 0 {
		return sent
	}
	return slices.DeleteFunc(profile.Merge(sent, carried), uncarriable)
}

// leave leaves an entry to single calls.
func (u *uploader) leave(e *outbox.Entry) {
	e.OneWay = true
	u.outbox.Retry(e, time.Now())
}

// choose returns the upload that a row goes with: of those that have room the one in which it needs
// the fewest further columns. It returns nil when the row is too large for any.
func (u *uploader) choose(e *outbox.Entry, row []profile.Parameter) *made {
	most := u.set.Config.MaxRows
	for range e.Attempts {
		most = max(1, most/smaller)
	}
	var best *made
	fewest := 0
	for _, m := range slices.Clone(u.gathering) { // some are closed on the way
		if m.most != most || m.Sheet.Of != e.Visitor.Parameter {
			continue
		}
		if !u.fits(m.Sheet, e, row) {
			u.close(m)
			continue
		}
		missing := m.Sheet.Missing(row)
		if missing > 0 && len(m.Sheet.Names)+missing > mostColumns {
			continue
		}
		if best == nil || missing < fewest {
			best, fewest = m, missing
		}
	}
	if best != nil {
		return best
	}
	if len(u.gathering) >= mostGathering {
		u.close(slices.MaxFunc(u.gathering, func(a, b *made) int { return a.Sheet.Rows - b.Sheet.Rows }))
	}
	sheet := route.NewSheet(e.Visitor.Parameter)
	if !u.fits(sheet, e, row) {
		return nil
	}
	best = u.begin(sheet, most)
	u.gathering = append(u.gathering, best)
	return best
}

func (u *uploader) fits(sheet *route.Sheet, e *outbox.Entry, row []profile.Parameter) bool {
	return sheet.Bytes+sheet.Size(e.Visitor, row) <= int64(u.set.Config.MaxBytes)
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
