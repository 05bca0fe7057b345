// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// follow has an upload followed that Target has taken.
func (u *uploader) follow(m *made) {
	m.asked = 0
	m.next = time.Now().Add(u.set.Config.Status.InitialDelay)
	if m.Status == "" {
		m.next = m.Since.Add(u.set.Config.Status.Timeout)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.taken = append(u.taken, m)
}

// followAll asks for the status of one upload after another, until ctx ends. Between, what is
// remembered of visitors is forgotten in time.
func (u *uploader) followAll(ctx context.Context) {
	for ctx.Err() == nil {
		m := u.nextToFollow(time.Now())
		switch {
		case m == nil:
			u.forget(ctx)
			sleep(ctx, looksAgain)
		case m.told != nil:
			u.settleStatus(ctx, m, m.told)
		case u.hastens() || time.Since(m.Since) >= u.set.Config.Status.Timeout:
			u.unfollow(m)
			u.countUpload(ctx, uploadUnconfirmed, 1)
			u.countRows(ctx, rowsUnconfirmed, m.rows())
			u.sender.sayRecords(u.sender.set.Logger.Warn, "Uploads count as delivered, their status did not tell", reasonUnconfirmed, m.rows())
			u.finish(ctx, m, ending{as: delivered, reason: reasonUnconfirmed}, nil)
		default:
			u.ask(ctx, m)
		}
	}
}

// nextToFollow returns the upload whose status is due, nil when none is.
func (u *uploader) nextToFollow(now time.Time) *made {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.taken) == 0 {
		return nil
	}
	m := slices.MinFunc(u.taken, func(a, b *made) int { return a.next.Compare(b.next) })
	overdue := m.told == nil && now.Sub(m.Since) >= u.set.Config.Status.Timeout
	if m.next.After(now) && !u.hastens() && !overdue {
		return nil
	}
	return m
}

func (u *uploader) unfollow(m *made) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.taken = slices.DeleteFunc(u.taken, func(other *made) bool { return other == m })
}

// ask asks what became of an upload.
func (u *uploader) ask(ctx context.Context, m *made) {
	if u.awaitUnhastened(ctx) != nil {
		return
	}
	call, cancel := u.outlive(ctx)
	defer cancel()
	start := time.Now()
	progress, answer := u.set.Route.Status(call, m.Status)
	took := time.Since(start)
	if answer.RetryAfter > 0 {
		u.set.Account.Pause(answer.RetryAfter)
	}
	u.set.Account.Done(start.Add(took))
	u.sender.outcomes.call(statusOfBulk, answer, took)
	if answer.Verdict == route.NotSent {
		u.unfollow(m)
		u.finish(ctx, m, ending{as: delivered, reason: reasonUnconfirmed}, nil) // Target took it in an earlier run
		return
	}
	if answer.Verdict != route.Delivered {
		u.say("The status of uploads cannot be read, it is asked for again", answer)
		u.later(m)
		return
	}
	u.settleStatus(ctx, m, &progress)
}

// awaitUnhastened waits until the account lets a call leave, or nothing is to be waited for any more.
func (u *uploader) awaitUnhastened(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(u.hastened, cancel)() //nolint:contextcheck // the one context is to end with the other
	return u.await(waiting)
}

// later has a status asked for again, after twice the time.
func (u *uploader) later(m *made) {
	pause := u.set.Config.Status.InitialDelay
	for range min(m.asked, 30) {
		pause = min(2*pause, u.set.Config.Status.MaxInterval)
	}
	m.asked++
	u.mu.Lock()
	defer u.mu.Unlock()
	m.next = time.Now().Add(pause)
}

// settleStatus says what becomes of an upload of which Target tells that.
func (u *uploader) settleStatus(ctx context.Context, m *made, p *route.Progress) {
	now := time.Now()
	switch {
	case p.State != route.UploadComplete && p.State != route.UploadStuck:
		u.later(m)
	case now.Before(m.Until) && !u.hastens():
		u.mu.Lock()
		defer u.mu.Unlock()
		m.told, m.next = p, m.Until
	case p.State == route.UploadStuck:
		u.unfollow(m)
		u.countUpload(ctx, uploadStuck, 1)
		u.countRows(ctx, rowsStuck, m.rows())
		u.sender.sayRecords(u.sender.set.Logger.Warn, "An upload is stuck, its updates are sent again", reasonUploadStuck, m.rows())
		// That one is stuck again which was stuck alone says nothing of others.
		u.stuck(ctx, m, m.failed == 0 && u.ends.bad(), now)
	default:
		u.unfollow(m)
		u.complete(ctx, m, p, now)
	}
}

// complete ends an upload that Target has worked on to its end.
func (u *uploader) complete(ctx context.Context, m *made, p *route.Progress, now time.Time) {
	failed := min(m.rows(), cmp.Or(p.Failed, len(p.FailedIDs)))
	notFound := min(m.rows()-failed, p.NotFound)
	u.countUpload(ctx, uploadComplete, 1)
	u.countRows(ctx, rowsFailed, failed)
	u.countRows(ctx, rowsNotFound, notFound)
	u.countRows(ctx, rowsUpdated, m.rows()-failed-notFound)
	switch {
	case 2*failed <= m.rows():
		u.ends.good(now)
	case m.rows() >= parts: // the few that fail again and again tell nothing
		u.ends.bad()
	}
	if unnamed := p.Failed - u.finish(ctx, m, ending{as: delivered}, p.FailedIDs); unnamed > 0 {
		u.sender.sayRecords(u.sender.set.Logger.Warn, "Rows of an upload failed, and Target does not say which", reasonRowFailed, unnamed)
	}
}

func (m *made) rows() int {
	if m.Sheet == nil {
		return 0
	}
	return m.Sheet.Rows
}

// forget forgets visitors whose uploads were long ago, and says when others had to make room.
func (u *uploader) forget(ctx context.Context) {
	if displaced := u.outbox.Held().Displaced; displaced > u.displaced {
		u.countForgotten(ctx, displaced-u.displaced)
		u.displaced = displaced
		if u.sender.said.add("displaced", 1, time.Now()) > 0 {
			u.sender.set.Logger.Warn("What uploads held of some visitors is forgotten before bulk::remember, to make room for others: raise outbox::max_visitors; "+
				"said every five minutes at most", zap.Int("visitors_in_all", displaced))
		}
	}
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = u.outbox.Forget(ctx, time.Now()); err != nil {
			u.unread(err)
			return
		}
		if more {
			_ = u.set.Flush(ctx) // the queue says it
		}
	}
}
