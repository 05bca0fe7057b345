// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

const (
	// clocksApart is from which difference on it is said that this machine's clock and that of Redis differ.
	clocksApart = time.Minute
	// firstPause and longestPause are between asks that fail.
	firstPause, longestPause = 100 * time.Millisecond, 5 * time.Second
)

// borrower asks Redis for the calls of an account, as they are needed. What is borrowed, and when the
// next ask is due, is guarded by the lock of the account; only its one goroutine asks.
type borrower struct {
	account *Account
	lender  *lender
	lease   *lease
	logger  *zap.Logger
	pause   time.Duration // before the next ask after one that failed
	users   int
	apart   bool // it has been said that the clocks differ

	woken chan struct{}
	stop  context.CancelFunc
	ended chan struct{}
}

// Borrow keeps the account in Redis from now on, which it shares there with other processes. The
// first user of an account asks for it; an error says that the account cannot be used as things are
// set up. While Redis cannot be reached there is none, and calls wait. Each user calls Unborrow in the end.
func (a *Account) Borrow(ctx context.Context, key Key, limits Limits, logger *zap.Logger) error {
	a.starting.Lock()
	defer a.starting.Unlock()
	a.mu.Lock()
	if b := a.borrower; b != nil {
		defer a.mu.Unlock()
		b.users++
		b.lease.outlast(limits.Timeout)
		return nil
	}
	a.mu.Unlock()
	lender, err := newLender(ctx, key, limits)
	if err != nil {
		return err
	}
	return a.borrow(ctx, lender, limits, logger)
}

func (a *Account) borrow(ctx context.Context, lender *lender, limits Limits, logger *zap.Logger) error {
	b := &borrower{
		account: a, lender: lender, logger: logger, users: 1,
		lease: newLease(lender.cfg, limits.Quota.Window, limits.Timeout),
		woken: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	err := b.ask(ctx)
	if errors.Is(err, errRefused) {
		return errors.Join(err, lender.close())
	}
	if err != nil {
		logger.Warn("The account in Redis cannot be asked: no call leaves until it can", zap.Error(err))
	}
	a.mu.Lock()
	a.settle()
	a.borrower = b
	b.lease.follow(a.window.inFlight, time.Since(a.origin))
	a.mu.Unlock()
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	go b.run(running)
	return nil
}

// Unborrow ends the use of the account in Redis. With its last user what is borrowed is given back.
func (a *Account) Unborrow(ctx context.Context) error {
	a.starting.Lock()
	defer a.starting.Unlock()
	a.mu.Lock()
	b := a.borrower
	b.users--
	last := b.users == 0
	a.mu.Unlock()
	if !last {
		return nil
	}
	b.stop()
	<-b.ended
	b.leave(ctx)
	a.mu.Lock()
	a.borrower = nil
	a.wakeAll()
	a.mu.Unlock()
	return b.lender.close()
}

// run asks whenever that is due.
func (b *borrower) run(ctx context.Context) {
	defer close(b.ended)
	for {
		timer := time.NewTimer(b.untilDue())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-b.woken:
			timer.Stop()
		case <-timer.C:
			_ = b.ask(ctx) // it is kept as the lease's fault
		}
	}
}

func (b *borrower) untilDue() time.Duration {
	a := b.account
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	return b.lease.due(a.window.inFlight) - time.Since(a.origin)
}

// wake has the time of the next ask looked at again.
func (b *borrower) wake() {
	select {
	case b.woken <- struct{}{}:
	default:
	}
}

// lacks returns what a call waits for that found no credit.
func (b *borrower) lacks(now time.Duration) delay {
	if b.lease.asked == nil {
		b.wake()
	}
	d := delay{longestSleep, b.lease.cause(), b.account.freed}
	if d.cause == Window {
		d.atMost = max(b.lease.nextFree(now), b.lease.next-now, atOnce) // nothing is there before it is asked for
	}
	return d
}

// paced says that a call which took its credit from that lease has waited for the pace, and reports
// whether the credit is still good.
func (b *borrower) paced(number int, now time.Duration) bool {
	b.lease.pacing--
	return b.lease.holds(number, now)
}

// tell tells the other processes of a pause.
func (b *borrower) tell(until time.Duration) {
	b.lease.pause = until
	b.wake()
}

// ask asks once, and takes what is answered.
func (b *borrower) ask(ctx context.Context) error {
	a := b.account
	a.mu.Lock()
	a.settle()
	q := b.lease.compose(time.Since(a.origin), a.window.inFlight)
	a.mu.Unlock()
	return b.send(ctx, q)
}

func (b *borrower) send(ctx context.Context, q *ask) error {
	got, err := b.lender.ask(ctx, q)
	a := b.account
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Since(a.origin)
	if err != nil {
		b.pause = min(max(2*b.pause, firstPause), longestPause)
		b.lease.fail(err, now, b.pause)
		a.wakeAll() // they wait for something else now
		return err
	}
	b.pause = 0
	a.settle()
	b.lease.apply(q, got, now, a.window.inFlight)
	a.paused = max(a.paused, now+got.pause)
	a.wakeAll()
	b.say(got)
	return nil
}

// leave gives back what is borrowed. What cannot be given back is counted until the lease has ended.
func (b *borrower) leave(ctx context.Context) {
	if b.lease.asked != nil && b.ask(ctx) != nil {
		return
	}
	a := b.account
	a.mu.Lock()
	a.settle()
	q := b.lease.compose(time.Since(a.origin), a.window.inFlight)
	q.back, q.want, q.leaves = q.back+b.lease.credits, 0, true
	b.lease.credits = 0
	a.mu.Unlock()
	if err := b.send(ctx, q); err != nil {
		b.logger.Info("Calls that were borrowed of the account in Redis are counted until their lease ends", zap.Error(err))
	}
}

// say says what a user would not know otherwise.
func (b *borrower) say(got answer) {
	account := zap.String("account", b.lender.key.String())
	again := zap.Time("next_call", time.Now().Add(got.oldest).UTC().Truncate(time.Second))
	switch got.began {
	case "empty":
		b.logger.Info("The account in Redis begins with nothing used: calls made before are not counted", account)
	case "full":
		b.logger.Warn("Redis does not know the account, or no longer: what was sent is not known, so it begins used up. "+
			"Where nothing was sent, end the collectors, delete its keys, and start with quota::redis::cold_start allow", account, again)
	case "behind":
		b.logger.Warn("Redis has started again or lost what it wrote last: what it could have granted since is counted as made", account)
	}
	apart := time.Until(got.clock).Abs() > clocksApart
	if apart && !b.apart {
		b.logger.Warn("The clock of Redis and that of this machine differ: calls are counted for longer by so much", account,
			zap.Duration("redis_is_ahead_by", time.Until(got.clock).Round(time.Second)))
	}
	b.apart = apart
}
