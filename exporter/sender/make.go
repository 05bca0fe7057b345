// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// make makes an upload, of which the account has let the call leave, and settles its answer. Before
// it leaves the storage knows that it does.
func (u *uploader) make(ctx context.Context, m *made) {
	if !m.counted {
		if err := u.recount(ctx, m); err != nil {
			u.set.Account.GiveBack()
			u.unread(err)
			sleep(ctx, storagePause)
			return
		}
	}
	u.advance(m, stepMade)
	if !u.write(ctx, m) {
		u.set.Account.GiveBack()
		return
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
	u.settleUpload(ctx, m, answer, status)
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
			if !yield(route.Row{Visitor: e.Visitor, Parameters: e.Sent}, nil) {
				return
			}
		}
	}
}

// recount makes the sheet of an upload anew from its rows: of some of them their page may be
// damaged, or they are not all that were to be gathered.
func (u *uploader) recount(ctx context.Context, m *made) error {
	sheet := route.NewSheet(m.Sheet.Of)
	for e, err := range u.outbox.Rows(ctx, m.number) {
		if err != nil {
			return err
		}
		sheet.Add(e.Visitor, e.Sent)
	}
	m.Sheet, m.counted = sheet, true
	return nil
}

// settleUpload says what becomes of an upload that got that answer.
func (u *uploader) settleUpload(ctx context.Context, m *made, a route.Answer, status string) {
	now := time.Now()
	if mayBeTaken(a) {
		m.unsure = now
	}
	switch {
	case a.Verdict == route.Delivered:
		u.submits.good(now)
		u.pauses = 0
		u.resolved()
		u.closed = u.closed[1:]
		m.Status, m.Since = status, now
		u.advance(m, stepTaken)
		_ = u.set.Flush(ctx) // the queue says it
		u.countRows(rowsUploaded, m.Sheet.Rows)
		if a.Detail != "" {
			u.sender.set.Logger.Warn("An upload was taken and cannot be followed", zap.String("reason", a.Detail))
		}
		u.follow(m)
	case a.Verdict == route.NotSent:
		u.closed = u.closed[1:]
		u.finish(ctx, m, ending{as: skipped, reason: reasonDryRun}, nil)
	case a.Verdict == route.Rejected && now.Sub(m.unsure) < u.set.Config.Status.Timeout:
		u.closed = u.closed[1:]
		u.doubt(m, a)
	case a.Verdict == route.Rejected && u.submits.bad():
		u.closed = u.closed[1:]
		u.countUpload(uploadRefused, 1)
		u.fail(ctx, m, a.Reason, true)
	case a.Reason == route.ReasonCanceled && ctx.Err() != nil:
	case !u.sender.set.Retry.Enabled:
		u.closed = u.closed[1:]
		u.finish(ctx, m, ending{as: rejected, reason: reasonRetryDisabled}, nil)
	case u.sender.set.Retry.MaxElapsedTime > 0 && now.Sub(m.Since) > u.sender.set.Retry.MaxElapsedTime:
		u.closed = u.closed[1:]
		u.giveBack(ctx, m)
	default:
		u.holdUp(ctx, a)
	}
}

// mayBeTaken reports whether an upload with that answer may have been taken all the same.
func mayBeTaken(a route.Answer) bool {
	switch a.Reason {
	case route.ReasonDNS, route.ReasonConnectionRefused, route.ReasonProxy, route.ReasonRows:
		return false // it did not get there
	}
	return a.Verdict == route.NotNow && !a.Throttled()
}

// doubt has an upload made again, a while later, that was refused after a call of which no answer came:
// if Target has taken that, it may work on anything else for these visitors before it. With the same
// rows no harm is done.
func (u *uploader) doubt(m *made, a route.Answer) {
	if m.asked == 0 {
		u.sender.set.Logger.Warn("An upload was refused that may have been taken before, it is made again as it is",
			zap.Int("rows", m.rows()), zap.String("reason", why(a)))
	}
	u.later(m)
	u.doubted = append(u.doubted, m)
}

// retryDoubted has those made again whose time has come.
func (u *uploader) retryDoubted(now time.Time) {
	u.doubted = slices.DeleteFunc(u.doubted, func(m *made) bool {
		due := !m.next.After(now)
		if due {
			u.closed = append(u.closed, m)
		}
		return due
	})
}

// holdUp waits until an upload that was not taken is made again.
func (u *uploader) holdUp(ctx context.Context, a route.Answer) {
	u.pauses++
	if u.pauses >= fewFailures || a.Verdict != route.NotNow {
		err := fmt.Errorf("uploads to %s end with %s; updates wait and merge", u.sender.set.Host, why(a))
		u.sender.troubles.say(uploadsFail, err, u.sender.set.Logger.Error, "Target takes no uploads, updates wait and merge",
			zap.String("reason", why(a)), zap.String("host", u.sender.set.Host))
	}
	retry := u.sender.set.Retry
	await(ctx, u.wake, pauseAfter(retry.InitialInterval, retry.Multiplier, retry.MaxInterval, retry.RandomizationFactor, u.pauses))
}

// resolved says that uploads are taken again.
func (u *uploader) resolved() {
	if after := u.sender.troubles.over(uploadsFail); after > 0 {
		u.sender.set.Logger.Info("Target takes uploads again", zap.Duration("after", after.Round(time.Second)))
	}
}
