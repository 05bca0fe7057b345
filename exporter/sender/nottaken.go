// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	// mostDoubted is how many uploads that were not taken wait while others are gathered.
	mostDoubted = 8
	// parts is into how many an upload is divided that fails for one of its rows.
	parts = 16
)

// notTaken says what becomes of an upload that Target has not taken. One that fails while others are
// taken is divided, until a visitor stands alone for whom it fails.
func (u *uploader) notTaken(ctx context.Context, m *made, a route.Answer, now time.Time) {
	m.failed++
	if m.failed == 1 {
		m.failing = now
	}
	if mayBeTaken(a) {
		m.unsure = now
	}
	// That one fails again which has failed while others were taken says nothing of others.
	believed := m.failed > 1 && u.submits.since(m.failing) || u.submits.bad()
	if a.Reason == route.ReasonRows {
		m.counted = false
		m.unread++
	}
	switch {
	case u.over(m, now), m.unread > 1:
		u.endSure(ctx, m, thenGiveBack)
	case a.Throttled() && m.failed < fewFailures:
		u.closed = slices.Insert(u.closed, 0, m) // the account pauses all
	case !u.blamed(m, a, believed):
		u.doubt(m, believed)
	case m.rows() > 1:
		u.divide(ctx, m)
	case u.submits.since(m.failing) && u.exhausted(m, now):
		u.endSure(ctx, m, thenReject)
	case a.Verdict == route.Rejected && u.submits.others(now) && u.sure(m, now):
		u.reject(ctx, m, a.Reason)
	default:
		u.doubt(m, believed)
	}
	if !believed {
		u.holdUp(ctx, a)
	}
}

// over reports whether the rows of an upload are not to be tried again.
func (u *uploader) over(m *made, now time.Time) bool {
	retry := u.sender.set.Retry
	return !retry.Enabled || retry.MaxElapsedTime > 0 && now.Sub(m.Since) > retry.MaxElapsedTime
}

// endSure ends an upload once it is sure that Target has not taken it.
func (u *uploader) endSure(ctx context.Context, m *made, as then) {
	m.then = as
	if u.sure(m, time.Now()) {
		u.endNow(ctx, m)
		return
	}
	m.next = m.unsure.Add(u.set.Config.Status.Timeout)
	u.doubted = append(u.doubted, m)
}

func (u *uploader) endNow(ctx context.Context, m *made) {
	if m.then == thenReject {
		u.reject(ctx, m, reasonAttemptsExhausted)
		return
	}
	u.giveBack(ctx, m)
}

// blamed reports whether an upload fails for what is in it: it was refused, or has failed so often while
// others were taken that it is not by chance.
func (u *uploader) blamed(m *made, a route.Answer, believed bool) bool {
	if a.Verdict == route.Rejected {
		return believed
	}
	return m.failed >= someFailures && u.submits.since(m.failing)
}

// sure reports whether no call of an upload may have been taken. Where one may have been, nothing else
// may be sent to its visitors that Target might work on sooner; with the same rows no harm is done.
func (u *uploader) sure(m *made, now time.Time) bool {
	return now.Sub(m.unsure) >= u.set.Config.Status.Timeout
}

// exhausted reports whether an upload has failed for as long as an update may fail alone.
func (u *uploader) exhausted(m *made, now time.Time) bool {
	return m.failed > 0 && u.sender.set.GiveUpAfter > 0 && now.Sub(m.failing) >= u.sender.set.GiveUpAfter
}

// mayBeTaken reports whether an upload with that answer may have been taken all the same.
func mayBeTaken(a route.Answer) bool {
	switch a.Reason {
	case route.ReasonDNS, route.ReasonConnectionRefused, route.ReasonProxy, route.ReasonRows:
		return false // it did not get there
	}
	unread := a.Reason == route.ReasonForeign && a.StatusCode/100 == 2
	return a.Verdict == route.NotNow && !a.Throttled() || unread
}

// reject ends an upload of one row, which others do not fail for.
func (u *uploader) reject(ctx context.Context, m *made, reason string) {
	u.countUpload(ctx, uploadRefused, 1)
	u.finish(ctx, m, ending{as: rejected, reason: reason}, nil)
}

// doubt has an upload made again a while later, and others before it. That is soon unless others are taken.
func (u *uploader) doubt(m *made, believed bool) {
	retry := u.sender.set.Retry
	longest := retry.MaxInterval
	if believed {
		longest = max(longestPause, longest)
	}
	m.next = time.Now().Add(pauseAfter(retry.InitialInterval, retry.Multiplier, longest, retry.RandomizationFactor, m.failed))
	u.doubted = append(u.doubted, m)
}

// retryDoubted has those made again whose time has come. What overflowed and was never taken goes
// back where the quota has room by now.
func (u *uploader) retryDoubted(ctx context.Context, now time.Time) {
	room := u.set.Gather == GatherOverflow && u.sender.primary.account.NextFree() == 0
	hastens := u.hastens() && !u.isDue(now)
	for _, m := range slices.Clone(u.doubted) {
		ends := (room || m.then != thenMake) && u.sure(m, now)
		if !ends && (m.then != thenMake || m.next.After(now) && !hastens) {
			continue
		}
		u.doubted = slices.DeleteFunc(u.doubted, func(other *made) bool { return other == m })
		if ends {
			u.endNow(ctx, m)
		} else {
			u.closed = append(u.closed, m)
		}
	}
}

// divide puts the rows of an upload into smaller ones, as they are.
func (u *uploader) divide(ctx context.Context, m *made) {
	each := (m.rows() + parts - 1) / parts
	var smaller []*made
	for range (m.rows() + each - 1) / each {
		part := u.begin(emptyLike(m.Sheet))
		if part.unsure = m.unsure; !m.unsure.IsZero() {
			part.Until = m.unsure.Add(u.set.Config.Status.Timeout)
		}
		u.advance(part, stepMade) // what they hold is not to be gathered anew
		smaller = append(smaller, part)
	}
	n := 0
	u.unload(ctx, m, func(e *outbox.Entry) time.Time {
		part := smaller[min(n/each, len(smaller)-1)]
		part.Sheet.Add(e.Visitor, u.whole(part.Sheet, e.Sent, e.Row))
		e.Upload = part.number
		n++
		return time.Time{}
	})
	for _, part := range smaller {
		if part.Sheet.Rows == 0 {
			u.drop(part)
			continue
		}
		u.mu.Lock()
		u.divided = append(u.divided, part)
		u.mu.Unlock()
	}
}

// takeDivided has those made that came of others, and those that were stuck alone.
func (u *uploader) takeDivided() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.doubted = append(u.doubted, u.divided...)
	u.divided = nil
}

// emptyLike returns a sheet of the same kind without columns.
func emptyLike(s *route.Sheet) *route.Sheet {
	empty := route.NewSheet(s.Of)
	empty.Creates = s.Creates
	return empty
}

// holdUp waits until a further upload is made, when those before were not taken.
func (u *uploader) holdUp(ctx context.Context, a route.Answer) {
	u.pauses++
	err := fmt.Errorf("uploads to %s end with %s; updates wait and merge", u.sender.set.Host, why(a))
	u.sender.troubles.say(uploadsFail, err, u.sender.set.Logger.Error, "Target takes no uploads, updates wait and merge",
		zap.String("reason", why(a)), zap.String("host", u.sender.set.Host))
	retry := u.sender.set.Retry
	await(ctx, u.wake, pauseAfter(retry.InitialInterval, retry.Multiplier, retry.MaxInterval, retry.RandomizationFactor, u.pauses))
}
