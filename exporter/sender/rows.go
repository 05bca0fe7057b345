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

// finish ends an upload: its records come to that end, but for rows that failed. It returns how many
// these were.
func (u *uploader) finish(ctx context.Context, m *made, as ending, failed map[string]struct{}) (rows int) {
	u.unload(ctx, m, func(e *outbox.Entry) time.Time { //nolint:contextcheck // what ended is counted, whether ctx has ended or not
		if _, is := failed[e.Visitor.ID]; is {
			rows++
			return u.rowFailed(e)
		}
		u.rowEnds(m, e, as)
		e.OneWay = e.OneWay || u.set.Gather == GatherAll && slices.ContainsFunc(e.Parameters, uncarriable)
		return time.Now()
	})
	return rows
}

// stuck ends an upload that Target could not work on to its end. If that may be for one of its rows they
// go in smaller ones, until that row stands alone, and is given up in the end.
func (u *uploader) stuck(ctx context.Context, m *made, blamed bool, now time.Time) {
	switch {
	case m.rows() == 1 && u.ends.others(now) && u.exhausted(m, now):
		u.finish(ctx, m, ending{as: rejected, reason: reasonUploadStuck}, nil)
	case m.rows() == 1:
		u.remake(m, now)
	case blamed && m.Sheet != nil:
		u.divide(ctx, m)
	case !u.sure(m, now): // an earlier call of it may have been taken
		u.remake(m, now)
	default:
		u.giveBack(ctx, m)
	}
}

// remake has an upload made again that stays as it is: among others its one row would spoil these, or
// nothing newer of its visitors may be sent.
func (u *uploader) remake(m *made, now time.Time) {
	m.failed++
	if m.failed == 1 {
		m.failing = now
	}
	u.advance(m, stepMade)
	m.told, m.next = nil, now.Add(u.sender.pauseAfter(m.failed))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.divided = append(u.divided, m)
}

// giveBack ends an upload of which Target has taken nothing, for nobody's fault.
func (u *uploader) giveBack(ctx context.Context, m *made) {
	u.unload(ctx, m, func(e *outbox.Entry) time.Time { //nolint:contextcheck // as above
		if m.Step == stepGathered { // it was never tried
			return u.rowBack(e)
		}
		return u.rowAgain(e, false)
	})
}

// rowEnds counts the records of a row that has come to its end. Where something of the entry is left,
// they end with that; a row that is rejected goes the same way then.
func (u *uploader) rowEnds(m *made, e *outbox.Entry, as ending) {
	switch {
	case e.Uploaded == 0 && as.as == rejected:
		e.Parameters, e.OneWay = profile.Merge(e.Row, e.Parameters), true
	case e.Uploaded == 0:
	case as.as == delivered:
		u.sender.outcomes.delivered(route.ToBulk, as.reason, e.Uploaded)
		u.sender.outcomes.carried(e.Uploaded)
	default:
		u.sender.ended(as.as, as.reason, e.Uploaded)
	}
	if as.as == delivered && (len(e.Sent) > 0 || m.Sheet != nil && m.Sheet.Creates) {
		e.Sent = profile.Merge(e.Sent, e.Row)
	}
	e.Row, e.Uploaded, e.Attempts, e.Failing = nil, 0, 0, 0
}

// rowFailed settles a row of which Target says that it failed: it goes again, until it has failed alone
// for as long as an update may.
func (u *uploader) rowFailed(e *outbox.Entry) time.Time {
	alone, most := u.ends.alone(time.Now()), u.sender.set.GiveUpAfter
	if alone && most > 0 && u.failedFor(e.Attempts) >= most {
		return u.rowLost(e, reasonRowFailed)
	}
	return u.rowAgain(e, alone)
}

// failedFor returns for how long a row has failed at least that has failed so many times.
func (u *uploader) failedFor(attempts int) (total time.Duration) {
	retry := u.sender.set.Retry
	for n := 1; n <= attempts; n++ {
		total += u.set.Config.Interval +
			pauseAfter(retry.InitialInterval, retry.Multiplier, max(longestPause, retry.MaxInterval), 0, n)
	}
	return total
}

// rowAgain has a row sent again, unless that is not to be.
func (u *uploader) rowAgain(e *outbox.Entry, blamed bool) time.Time {
	switch {
	case !u.sender.set.Retry.Enabled:
		return u.rowLost(e, reasonRetryDisabled)
	case u.sender.expired(e):
		return u.rowLost(e, reasonRetriesEnded)
	}
	if blamed {
		e.Attempts++
	}
	return u.rowBack(e)
}

// rowBack puts a row back, merged with what came since.
func (u *uploader) rowBack(e *outbox.Entry) time.Time {
	e.Parameters = profile.Merge(e.Row, e.Parameters)
	e.Records, e.Uploaded, e.Row = e.Records+e.Uploaded, 0, nil
	return time.Now().Add(u.sender.pause(e))
}

// rowLost gives a row up. What came since waits on.
func (u *uploader) rowLost(e *outbox.Entry, reason string) time.Time {
	u.rowEnds(nil, e, ending{as: rejected, reason: reason})
	return time.Now()
}
