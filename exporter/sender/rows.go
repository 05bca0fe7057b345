// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// unload takes all rows out of an upload, settles each, and drops the upload. What a shutdown
// interrupts goes on after the next start.
func (u *uploader) unload(ctx context.Context, m *made, settle func(*outbox.Entry) time.Time) {
	for more := true; more; {
		var err error
		more, err = u.outbox.Unload(context.WithoutCancel(ctx), m.number, settle)
		if err != nil {
			u.unread(err)
			if !sleep(ctx, storagePause) {
				return
			}
			continue
		}
		_ = u.set.Flush(ctx) // the queue says it
	}
	u.drop(m)
}

// drop ends an upload in which no row stands.
func (u *uploader) drop(m *made) { u.outbox.Close(m.number) }

// finish ends an upload: its records come to that end, but for rows that failed.
func (u *uploader) finish(ctx context.Context, m *made, as ending, failed map[string]struct{}) {
	u.unload(ctx, m, func(e *outbox.Entry) time.Time {
		if _, is := failed[e.Visitor.ID]; is {
			return u.rowFailed(e)
		}
		u.rowEnds(e, as)
		return time.Now()
	})
}

// fail ends an upload of which Target has taken nothing, or nobody knows what. If that may be for one
// of its rows, they go in smaller ones, until that row stands alone.
func (u *uploader) fail(ctx context.Context, m *made, reason string, blamed bool) {
	rows, now := m.rows(), time.Now()
	if rows == 1 {
		blamed = blamed && (u.ends.others(now) || u.submits.others(now))
	}
	u.unload(ctx, m, func(e *outbox.Entry) time.Time {
		if rows == 1 && blamed {
			u.rowEnds(e, ending{as: rejected, reason: reason})
			return now
		}
		return u.rowAgain(e, blamed)
	})
}

// giveBack ends an upload of which Target has taken nothing, for nobody's fault.
func (u *uploader) giveBack(ctx context.Context, m *made) {
	u.unload(ctx, m, func(e *outbox.Entry) time.Time { return u.rowAgain(e, false) })
}

// rowEnds counts the records of a row that has come to its end.
func (u *uploader) rowEnds(e *outbox.Entry, as ending) {
	if as.as != delivered && e.Uploaded == 0 { // what is left of them does not make them whole
		e.Uploaded, e.Records = e.Records, 0
	}
	switch {
	case e.Uploaded == 0: // they end with what is left of the entry
	case as.as == delivered:
		u.sender.outcomes.delivered(route.ToBulk, as.reason, e.Uploaded)
		u.sender.outcomes.carried(e.Uploaded)
	default:
		u.sender.ended(as.as, as.reason, e.Uploaded)
	}
	e.Uploaded, e.Attempts = 0, 0
	if as.as != delivered || !u.set.Creates(e.Visitor.Parameter) {
		e.Sent = nil
	}
}

// rowFailed settles a row of which Target says that it failed: it goes once more, or for as long as
// most rows fail.
func (u *uploader) rowFailed(e *outbox.Entry) time.Time {
	alone := u.ends.others(time.Now())
	if alone && e.Attempts > 0 {
		u.rowEnds(e, ending{as: rejected, reason: reasonRowFailed})
		return time.Now()
	}
	return u.rowAgain(e, alone)
}

// rowAgain has a row sent again, merged with what came since.
func (u *uploader) rowAgain(e *outbox.Entry, blamed bool) time.Time {
	e.Parameters = profile.Merge(e.Sent, e.Parameters)
	e.Records, e.Uploaded, e.Sent = e.Records+e.Uploaded, 0, nil
	switch {
	case !u.sender.set.Retry.Enabled:
		return u.rowLost(e, reasonRetryDisabled)
	case u.sender.expired(e):
		return u.rowLost(e, reasonRetriesEnded)
	}
	if blamed {
		e.Attempts++
	}
	return time.Now().Add(u.sender.pause(e))
}

// rowLost gives a row up, with what came since.
func (u *uploader) rowLost(e *outbox.Entry, reason string) time.Time {
	u.sender.ended(rejected, reason, e.Records)
	e.Parameters, e.Records = nil, 0
	return time.Now()
}
