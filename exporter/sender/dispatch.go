// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"math"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// storagePause is for how long nothing is tried after a storage has failed.
const storagePause = time.Second

// work makes one call after another, until ctx ends.
func (s *Sender) work(ctx context.Context) {
	call := context.WithoutCancel(ctx)
	for e, w := s.dispatch(ctx); e != nil; e, w = s.dispatch(ctx) {
		began := time.Now()
		s.settle(e, w, s.send(call, e, w), began)
		w.calls.Add(-1)
		s.turns.leave()
	}
}

// dispatch waits for the next entry that is to be sent, and takes a turn for it. It returns nil
// when ctx ends. One caller at a time is in here: who is next, and by which way, is settled in
// one place.
func (s *Sender) dispatch(ctx context.Context) (*outbox.Entry, *way) {
	if !s.run.enter(ctx) {
		return nil, nil
	}
	defer s.run.leave()
	for w := s.awaitDue(ctx); w != nil; w = s.awaitDue(ctx) {
		if !s.awaitTurn(ctx, w) {
			continue
		}
		e, err := s.next(ctx, w)
		if e != nil {
			w.calls.Add(1)
			return e, w
		}
		s.turns.leave()
		if err != nil && !sleep(ctx, storagePause) {
			break
		}
	}
	return nil, nil
}

// awaitDue waits until an entry may be taken, and returns the way that it takes. It returns nil
// when ctx ends.
func (s *Sender) awaitDue(ctx context.Context) *way {
	for ctx.Err() == nil {
		now := time.Now()
		due, next := s.due(now)
		if due[outbox.Fresh] > 0 {
			return s.wayOf(now)
		}
		if due[outbox.FailingAlone] > 0 {
			wait := s.share.wait(now)
			if wait <= 0 {
				return s.wayOf(now)
			}
			next = earlier(next, wait)
		}
		if due[outbox.OneWay] > 0 {
			return s.primary
		}
		await(ctx, s.set.Outbox.Changed(), next)
	}
	return nil
}

// due returns how many entries of each lane calls may take, and when that changes.
func (s *Sender) due(now time.Time) (due [outbox.Lanes]int, next time.Duration) {
	due, next = s.set.Outbox.Due(now)
	if s.uploadsAlone() {
		due[outbox.Fresh], due[outbox.FailingAlone] = 0, 0
	}
	return due, next
}

// awaitTurn takes a turn as soon as there is one. It returns false when ctx ends, or when there was
// none and another way may be the better one by now.
func (s *Sender) awaitTurn(ctx context.Context, w *way) bool {
	for ctx.Err() == nil {
		most := math.MaxInt
		if w.health.careful() {
			most = s.oneBy(w)
		}
		entered := s.turns.enter(most)
		// Asked with the turn in hand: the call that had it may have begun the pause.
		pause := w.health.pause(time.Now())
		if entered && pause <= 0 {
			s.turns.signal() // another one who waits may find a turn too
			return true
		}
		if entered {
			s.turns.giveBack()
		}
		if s.overflow == nil {
			await(ctx, s.turns.left, pause)
			continue
		}
		patience, _ := s.patience(w, time.Now())
		await(ctx, s.turns.left, earlier(max(pause, 0), patience))
		return false
	}
	return false
}

// next waits for the account and takes the entry whose call may leave then. It returns nil
// when there is none after all, or another way may be the better one, or with an error of a storage.
func (s *Sender) next(ctx context.Context, w *way) (*outbox.Entry, error) {
	switch err := s.leave(ctx, w, s.set.Outbox.Changed()); {
	case errors.Is(err, errAnotherWay):
		return nil, nil //nolint:nilnil // no entry goes by this way now, and that is no error
	case err != nil:
		return nil, err
	}
	for {
		e, err := s.take(ctx, w, time.Now())
		if err != nil {
			s.troubles.say(outboxUnread, err, s.set.Logger.Error, "The outbox cannot be read, so nothing is sent", zap.Error(err))
		}
		if e == nil {
			w.account.GiveBack()
			return nil, err
		}
		s.troubles.over(outboxUnread)
		if !w.health.careful() || !s.expired(e) {
			return e, nil
		}
		if ofShare(e) {
			s.share.over()
		}
		s.reject(e, reasonRetriesEnded)
	}
}

// take takes an entry from the lane whose turn it is. Where it is not sure that others get
// through, one that has not failed alone finds out sooner.
func (s *Sender) take(ctx context.Context, w *way, now time.Time) (*outbox.Entry, error) {
	due, _ := s.due(now)
	lane := outbox.Fresh
	if w == s.primary && due[outbox.OneWay] > 0 {
		lane = outbox.OneWay // what else there is may go by the other
	}
	if due[outbox.FailingAlone] > 0 && (due[lane] == 0 || !w.health.careful()) && s.share.spend(due[lane], now) {
		return s.takeFailing(ctx)
	}
	if due[lane] == 0 {
		return nil, nil //nolint:nilnil // none is due, and that is no error
	}
	e, err := s.set.Outbox.Take(ctx, lane)
	if e != nil {
		s.share.earn()
	}
	return e, err
}

// takeFailing takes an entry that fails alone. Where there are so many that their turns come
// too late, those whose time was over long ago are given up without a further call.
func (s *Sender) takeFailing(ctx context.Context) (*outbox.Entry, error) {
	for {
		e, err := s.set.Outbox.Take(ctx, outbox.FailingAlone)
		if e == nil {
			s.share.over()
			return nil, err
		}
		if !s.overdue(e) {
			return e, nil
		}
		s.reject(e, reasonAttemptsExhausted)
	}
}

// ofShare reports whether an entry was taken as one that fails alone.
func ofShare(e *outbox.Entry) bool { return e.Attempts > 0 && !e.OneWay }

// overdue reports whether an entry may have failed for twice the time after which it is given up.
func (s *Sender) overdue(e *outbox.Entry) bool {
	return s.set.GiveUpAfter > 0 && e.Failing+s.primary.health.good.clock()-e.Seen >= 2*s.set.GiveUpAfter
}

// await waits for a signal, for a time unless that is 0, or for the end of ctx.
func await(ctx context.Context, signal <-chan struct{}, most time.Duration) {
	var expired <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-signal:
	case <-expired:
	case <-ctx.Done():
	}
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	await(ctx, nil, d)
	return ctx.Err() == nil
}

func earlier(a, b time.Duration) time.Duration {
	if a == 0 || b < a {
		return b
	}
	return a
}
