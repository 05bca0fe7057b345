// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queuestorage"

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

var (
	errStopped = errors.New("the exporter stopped while the storage failed, so it is left as it is and the item comes again at the next start")
	errStart   = errors.New("the start failed, so the storage is left as it is")
)

// calm is how long the storage has to work before that is said: a disk that is just
// full takes one change and not the next.
const calm = time.Second

// Guard guards the storage of one queue. It is safe for concurrent use.
type Guard struct {
	storage component.ID
	logger  *zap.Logger
	packer  *packer
	// moving is told of the items that go behind the others, before they do.
	moving func(ctx context.Context, items [][]byte) error
	// damaged is told of each item that was set aside.
	damaged func(ctx context.Context)

	stopping context.Context
	stop     context.CancelFunc
	// pause waits, and returns false when the exporter stops.
	pause func(stopping context.Context, d time.Duration) bool

	mu       sync.Mutex
	client   storage.Client
	started  bool
	startErr error
	refusing error
	failing  bool
	failed   time.Time // when it last did
	// owed are deletions that are to go with the next change.
	owed map[string]struct{}
}

// New returns the Guard of a queue that is kept in that storage extension.
func New(storageID component.ID, logger *zap.Logger) (*Guard, error) {
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	g := &Guard{storage: storageID, logger: logger, packer: packer, damaged: func(context.Context) {}, pause: pause, owed: make(map[string]struct{})}
	g.stopping, g.stop = context.WithCancel(context.Background())
	return g, nil
}

// OnMove has a function told, before the queue starts, of the items that the queue is
// about to put behind the others at its start: those that were being sent when the last
// run ended, as the queue encodes them. When it returns an error the exporter does not
// start, and they stay where they are. It comes before Host.
func (g *Guard) OnMove(moving func(ctx context.Context, items [][]byte) error) { g.moving = moving }

// OnDamage has a function told of each item that was damaged and is set aside. It comes
// before Host.
func (g *Guard) OnDamage(damaged func(ctx context.Context)) { g.damaged = damaged }

// Started ends the start. It returns what the queue met while it started and passed
// over; the exporter may not run then.
func (g *Guard) Started() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.started = true
	return g.startErr
}

// Stop ends all waiting for the storage, now and from now on. It has to come before
// the queue's own shutdown, which would wait as well.
func (g *Guard) Stop() { g.stop() }

// Settle deletes what was delivered and could not be deleted then. While it returns
// an error nothing more may be sent.
func (g *Guard) Settle(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.started || len(g.owed) == 0 {
		return nil
	}
	if g.refusing != nil {
		return g.refusing
	}
	if err := g.write(ctx, nil); err != nil {
		return fmt.Errorf("sending_queue::storage: what was delivered can not be deleted, so nothing more is sent: %w", err)
	}
	return nil
}

// write carries out a batch together with the deletions that are owed.
func (g *Guard) write(ctx context.Context, ops []*storage.Operation) error {
	all := make([]*storage.Operation, 0, len(g.owed)+len(ops))
	for key := range g.owed {
		all = append(all, storage.DeleteOperation(key))
	}
	if err := g.client.Batch(ctx, append(all, ops...)...); err != nil {
		return err
	}
	clear(g.owed)
	if g.failing && time.Since(g.failed) >= calm {
		g.failing = false
		g.logger.Info("The storage of the sending queue works again")
	}
	return nil
}

// owe puts the deletions among the operations off.
func (g *Guard) owe(ops []*storage.Operation) {
	for _, op := range ops {
		if op.Type == storage.Delete {
			g.owed[op.Key] = struct{}{}
		}
	}
}

// fails says that the storage does, once until it works again.
func (g *Guard) fails(err error) {
	g.failed = time.Now()
	if !g.failing {
		g.failing = true
		g.logger.Error("The storage of the sending queue fails; no record is lost by it, they wait until it works again",
			zap.Stringer("storage", g.storage), zap.Error(err))
	}
}

// asideKey begins the keys of damaged items, of which the queue knows nothing.
const asideKey = "damaged"

// setAside keeps the bytes of damaged items, of which the queue is about to let go, and
// says so. Like a read it does not give up before the exporter stops. For items that are
// moved behind the others it does: the exporter does not start then.
func (g *Guard) setAside(ctx context.Context, damaged map[string][]byte, moved bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, stored := range damaged {
		for d := firstPause; ; d = min(2*d, longestPause) {
			err := g.client.Set(ctx, asideKey+key, stored)
			if err == nil {
				break
			}
			if moved {
				return g.failStart(err)
			}
			g.fails(err)
			if !g.wait(d) {
				g.refusing = errStopped
				return errStopped
			}
		}
		g.damaged(ctx)
		g.logger.Error("An item of the sending queue is damaged: the log records in it are not sent, and its bytes are set aside in the storage",
			zap.Stringer("storage", g.storage), zap.String("key", asideKey+key), zap.Int("bytes", len(stored)))
	}
	return nil
}

// failStart keeps the first error of the start, and what the storage holds.
func (g *Guard) failStart(err error) error {
	if g.startErr == nil {
		g.startErr = fmt.Errorf("sending_queue::storage: %q fails at the start of the queue, and keeps what it held: %w", g.storage, err)
		g.refusing = errStart
	}
	return err
}

func pause(stopping context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-stopping.Done():
		return false
	case <-timer.C:
		return true
	}
}
