// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"iter"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// make makes an upload, of which the account has let the call leave, and settles its answer. Before
// it leaves the storage knows that it does. It reports whether the upload need not be made again.
func (u *uploader) make(ctx context.Context, m *made) bool {
	if !m.counted {
		if err := u.recount(ctx, m); err != nil {
			u.set.Account.GiveBack()
			u.unread(err)
			sleep(ctx, storagePause)
			return false
		}
	}
	u.advance(m, stepMade)
	if !u.write(ctx, m) {
		u.set.Account.GiveBack()
		return false
	}
	call, cancel := u.outlive(ctx)
	defer cancel()
	start := time.Now()
	answer, status := u.set.Route.Upload(call, m.Sheet, u.rows(call, m))
	took := time.Since(start)
	if answer.RetryAfter > 0 {
		u.set.Account.Pause(answer.RetryAfter)
	}
	u.set.Account.Done(start.Add(took))
	u.sender.outcomes.call(route.ToBulk, answer, took)
	return u.settleUpload(ctx, m, answer, status)
}

// outlive returns a context that ends a while after ctx: what is under way then is not worth
// less for a shutdown.
func (u *uploader) outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(u.set.Timeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-call.Done():
		}
	})
	return call, func() { stop(); cancel() }
}

// rows are those of an upload as the storage has them.
func (u *uploader) rows(ctx context.Context, m *made) iter.Seq2[route.Row, error] {
	return func(yield func(route.Row, error) bool) {
		for e, err := range u.outbox.Rows(ctx, m.number) {
			if err != nil {
				u.unread(err)
				yield(route.Row{}, err)
				return
			}
			if !yield(route.Row{Visitor: e.Visitor, Parameters: u.whole(m.Sheet, e.Sent, e.Row)}, nil) {
				return
			}
		}
	}
}

// recount makes the sheet of an upload anew from its rows: of some of them their page may be
// damaged, or they are not all that were to be gathered.
func (u *uploader) recount(ctx context.Context, m *made) error {
	var sheet *route.Sheet
	if m.Sheet != nil {
		sheet = m.Sheet.Empty()
	}
	for e, err := range u.outbox.Rows(ctx, m.number) {
		if err != nil {
			return err
		}
		if sheet == nil { // what was known of it is lost
			sheet = u.sheet(e.Visitor)
		}
		sheet.Add(e.Visitor, u.whole(sheet, e.Sent, e.Row))
	}
	m.Sheet, m.counted = sheet, true
	return nil
}

// settleUpload says what becomes of an upload that got that answer, and reports whether it need not be
// made again now.
func (u *uploader) settleUpload(ctx context.Context, m *made, a route.Answer, status string) bool {
	now := time.Now()
	switch {
	case a.Verdict == route.Delivered:
		u.submits.good(now)
		u.pauses = 0
		u.resolved()
		m.Status, m.Since = status, now
		u.advance(m, stepTaken)
		_ = u.set.Flush(ctx) // the queue says it
		if status == "" {
			u.say("Uploads are taken and cannot be followed, so they will count as delivered, unconfirmed", a)
		}
		u.follow(m)
	case a.Verdict == route.NotSent:
		u.finish(ctx, m, ending{as: skipped, reason: reasonDryRun}, nil)
	case a.Reason == route.ReasonCanceled && ctx.Err() != nil:
		return false
	default:
		u.notTaken(ctx, m, a, now)
	}
	return true
}

// say says of uploads that something is not as it should be, every five minutes at most.
func (u *uploader) say(what string, a route.Answer) {
	if n := u.sender.said.add(what, 1, time.Now()); n > 0 {
		u.sender.set.Logger.Warn(what+"; said every five minutes at most",
			zap.String("reason", why(a)), zap.String("host", u.sender.set.Host), zap.Int("uploads", n))
	}
}

// resolved says that uploads are taken again.
func (u *uploader) resolved() {
	if after := u.sender.troubles.over(uploadsFail); after > 0 {
		u.sender.set.Logger.Info("Target takes uploads again", zap.Duration("after", after.Round(time.Second)))
	}
}
