// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// seldom is how often a further upload is gathered while none is taken.
const seldom = 10 * time.Minute

// looksAgain is how often is looked at whether an upload is to be made.
const looksAgain = time.Second

// uploader gathers entries into uploads, makes these one after another, and follows each until it
// has ended:
//
//	gathering ─► closed ─► made ─► taken ─► complete: its rows end, those that failed go again
//	              ▲  ▲       │        │
//	              │  └ doubted: not taken, made again later as it is
//	              │          │        │
//	              └─ divided ┴────────┴ stuck: into sixteen with the same rows
//
// What is gathered stands in the outbox with the number of the upload and stays as it is, so that
// an upload whose answer is lost, or that a crash has interrupted, is made again with the same
// rows. A visitor who stands in an upload is in no other one, and is not called.
//
// Two loops run: makeAll, which has the lists of what is to be made to itself, and followAll.
type uploader struct {
	sender *Sender
	set    Uploads
	outbox *outbox.Outbox
	waits  quota.Waits

	gathering []*made // sheets that have room
	closed    []*made // to be made, the first one first
	abandoned []*made // of an earlier run, never made
	doubted   []*made // not taken, and to be made again later
	firsts    int     // entries taken since one that failed alone
	gathered  time.Time

	wake  chan struct{}
	mu    sync.Mutex
	taken []*made // to be followed
	// divided are parts of others, to be made.
	divided []*made
	// hastened ends when nothing is to be waited for any more.
	hastened  context.Context
	hastenNow context.CancelFunc

	displaced     int // visitors, as far as was said
	submits, ends trust
	pauses        int // uploads in a row that were not taken
}

func newUploader(s *Sender, set Uploads) *uploader {
	if set.Flush == nil {
		set.Flush = func(context.Context) error { return nil }
	}
	u := &uploader{sender: s, set: set, outbox: s.set.Outbox, wake: make(chan struct{}, 1)}
	u.hastened, u.hastenNow = context.WithCancel(context.Background())
	return u
}

// start takes up the uploads that an earlier run has left, and begins.
func (u *uploader) start() {
	for _, left := range u.outbox.Uploads() {
		u.resume(left)
	}
	ctx := u.sender.run.stopping
	u.sender.run.workers.Go(func() { u.makeAll(ctx) })
	u.sender.run.workers.Go(func() { u.followAll(ctx) })
}

// hasten makes uploads of what is due without waiting for more, and waits for none to be complete.
func (u *uploader) hasten() {
	u.hastenNow()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *uploader) hastens() bool { return u.hastened.Err() != nil }

// careful reports whether what fails may do so for an outage.
func (u *uploader) careful() bool { return u.submits.failing() || u.ends.failing() }

// makeAll makes uploads until ctx ends.
func (u *uploader) makeAll(ctx context.Context) {
	for ctx.Err() == nil {
		u.takeDivided()
		u.retryDoubted(ctx, time.Now())
		switch {
		case len(u.abandoned) > 0:
			u.giveBack(ctx, u.abandoned[0])
			u.abandoned = u.abandoned[1:]
		case u.closeRipe(time.Now()):
		case u.mayGather(time.Now()) && u.isDue(time.Now()):
			u.gatherNext(ctx)
		case len(u.closed) > 0:
			u.makeNext(ctx)
		default:
			await(ctx, u.wake, looksAgain)
		}
	}
}

// makeNext makes the upload that was closed first.
func (u *uploader) makeNext(ctx context.Context) {
	if u.await(ctx) == nil {
		u.makeFirst(ctx)
	}
}

func (u *uploader) makeFirst(ctx context.Context) {
	m := u.closed[0]
	u.closed = u.closed[1:]
	if !u.make(ctx, m) {
		u.closed = append([]*made{m}, u.closed...)
	}
}

// mayGather reports whether further uploads are to be gathered, which merge no more then: when all those
// there are were made, and while none is taken seldom.
func (u *uploader) mayGather(now time.Time) bool {
	waiting := len(u.closed)
	for _, m := range u.doubted {
		if m.then == thenMake {
			waiting++
		}
	}
	if waiting >= mostDoubted && u.submits.failing() {
		return now.Sub(u.gathered) >= seldom
	}
	return len(u.closed) == 0
}

// gatherNext gathers entries when a call may leave: until then newer records merge into them. It
// makes the first upload that comes of it.
func (u *uploader) gatherNext(ctx context.Context) {
	if u.await(ctx) != nil {
		return
	}
	if u.set.Gather == GatherOverflow {
		u.sender.overflowBegins()
	}
	u.gathered = time.Now()
	err := u.gather(ctx)
	if err != nil {
		u.unread(err)
	}
	if len(u.closed) == 0 {
		u.set.Account.GiveBack()
		sleep(ctx, storagePause)
		return
	}
	u.makeFirst(ctx)
}

// isDue reports whether entries are to be gathered: when there are as many as an upload holds, or
// one has waited for the interval.
func (u *uploader) isDue(now time.Time) bool {
	if u.set.Gather == GatherNone {
		return false
	}
	ready, _ := u.outbox.Due(now)
	due := ready[outbox.Fresh]
	longest := u.outbox.Waited(outbox.Fresh, now)
	if u.set.Gather == GatherAll {
		due += ready[outbox.FailingAlone]
		longest = max(longest, u.outbox.Waited(outbox.FailingAlone, now))
	}
	if due == 0 || u.set.Gather == GatherOverflow && !u.sender.overflows(now) {
		return false
	}
	return due >= u.set.Config.MaxRows || longest >= u.set.Config.Interval || u.hastens() || u.outbox.Full()
}

// await waits until the account lets a call leave.
func (u *uploader) await(ctx context.Context) error {
	err := u.set.Account.Wait(ctx, &u.waits)
	if err != nil && ctx.Err() == nil {
		u.sender.troubles.say(uploadsUncounted, err, u.sender.set.Logger.Error, "The account of bulk calls cannot be written, so no upload may leave", zap.Error(err))
		sleep(ctx, storagePause)
		return err
	}
	u.sender.troubles.over(uploadsUncounted)
	return err
}

// unread says that the storage does not give the entries back.
func (u *uploader) unread(err error) {
	u.sender.troubles.say(outboxUnread, err, u.sender.set.Logger.Error, "The outbox cannot be read, so nothing is sent", zap.Error(err))
}

// write writes all of an upload to the storage, or returns false when ctx ends first.
func (u *uploader) write(ctx context.Context, m *made) bool {
	for {
		_ = u.set.Flush(ctx) // the queue says it
		if u.outbox.Written(m.number) {
			return true
		}
		if !sleep(ctx, writePause) {
			return false
		}
	}
}

// writePause is for how long is waited before a write is tried again: one may be under way that
// this one has to go with.
const writePause = 20 * time.Millisecond
