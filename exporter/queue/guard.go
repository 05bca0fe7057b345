// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

const (
	// flushEvery is how often is written what had no other write to go with.
	flushEvery   = 500 * time.Millisecond
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// calm is how long the storage has to work before that is said: a disk that is just
	// full takes one write and not the next.
	calm = time.Second
)

var (
	errStopped = errors.New("the exporter stops while the storage fails, so the item comes again at the next start")
	errUnused  = errors.New("sending_queue::storage: the sending queue of this Collector does not use the storage in the way this exporter knows: " +
		"use a version of the Collector that the exporter was tested with")
)

// Settings are what a Guard is to do with what it guards.
type Settings struct {
	// Storage is the storage extension of the queue.
	Storage component.ID
	Logger  *zap.Logger
	// Account names the account for which the records are sent, as the configuration has it.
	Account string
	// Load takes up what an earlier run has stored beside the items, and reports whether any
	// has ever stored anything there.
	Load func(ctx context.Context, client storage.Client) (found bool, err error)
	// Held returns how many records are stored beside the items, or to be.
	Held func() int
	// TakeOver is Push for what was in flight when the last run ended.
	TakeOver Push
	// Push hands on a request.
	Push Push
	// Owed returns the operations that store what became of the requests that were handed on,
	// and a function to be told whether they were carried out.
	Owed func() (ops []*storage.Operation, written func(ok bool))
	// Damaged is told of each item that was damaged and set aside.
	Damaged func()
}

// Push takes a request in two steps. When it returns without an error there is room for what
// comes of the request; put then changes what Owed returns, in one step or not at all.
type Push func(ctx context.Context, ld plog.Logs) (put func(context.Context) error, err error)

// Guard guards the storage of one persistent queue. It is safe for concurrent use.
type Guard struct {
	set      Settings
	packer   *journal.Packer
	freed    chan struct{}
	stopping context.Context
	stop     context.CancelFunc
	flushing sync.WaitGroup

	mu     sync.Mutex
	source source
	start  start
	state  state
	fault  fault
}

// source is where the queue has its client from.
type source struct {
	client storage.Client // nil until the helper has asked for it
	open   func(ctx context.Context, name string) (storage.Client, error)
	where  func(name string) string
}

// start is what came of the start.
type start struct {
	begun     bool // the helper has read its index
	recovered int  // records that the last run has left in the queue
	err       error
}

// state is what is stored, and what is not yet.
type state struct {
	index index
	// putting is set while a request was put and its item is not yet deleted: until then what
	// became of it may not be written without that.
	putting bool
	// unread are items for which the helper was given a placeholder.
	unread []string
	// owed are deletions that failed, to go with the next write.
	owed map[string]struct{}
	// note is the index that tells what is in flight, if it could not be written.
	note *storage.Operation
}

// New returns the Guard of a queue.
func New(set Settings, packer *journal.Packer) *Guard {
	g := &Guard{set: set, packer: packer, freed: make(chan struct{}, 1), state: state{owed: make(map[string]struct{})}}
	g.stopping, g.stop = context.WithCancel(context.Background())
	return g
}

// Started ends the start, with an error when the exporter may not run: the queue met something
// that the helper passes over, or it does not use its storage in the way that is guarded.
func (g *Guard) Started() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.start.err != nil:
		return g.start.err
	case !g.start.begun:
		g.start.err = errUnused
		return errUnused
	}
	g.flushing.Go(g.flushAll)
	return nil
}

// Recovered returns how many records the last run has left in the queue, those in flight among
// them.
func (g *Guard) Recovered() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.start.recovered
}

// Stop ends all waiting for the storage, now and from now on. It comes before the helper's own
// shutdown, which would wait as well.
func (g *Guard) Stop() {
	g.stop()
	g.flushing.Wait()
}

// Flush writes what is owed.
func (g *Guard) Flush(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.source.client == nil || g.start.err != nil {
		return nil
	}
	return g.write(ctx, nil)
}

// flushAll writes what had no write to go with, until the exporter stops.
func (g *Guard) flushAll() {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-g.stopping.Done():
			return
		case <-ticker.C:
			if err := g.Flush(context.Background()); err != nil {
				g.fault.fails(g.set, err)
			}
		}
	}
}

// write carries out operations, with all that may be written beside them and what earlier
// writes have left undone. It is called with the lock held.
func (g *Guard) write(ctx context.Context, ops []*storage.Operation) error {
	written := func(bool) {}
	var all []*storage.Operation
	if !g.state.putting || len(g.state.owed) > 0 || has(ops, storage.Delete) {
		all, written = g.set.Owed()
	}
	all = append(all, ops...)
	for key := range g.state.owed {
		all = append(all, storage.DeleteOperation(key))
	}
	if len(all) == 0 {
		return nil
	}
	// A caller that stops waiting is no fault of the storage.
	err := g.source.client.Batch(context.WithoutCancel(ctx), all...)
	written(err == nil)
	if err != nil {
		return err
	}
	clear(g.state.owed)
	g.fault.works(g.set)
	g.note(all)
	return nil
}

// note takes what was written into account.
func (g *Guard) note(ops []*storage.Operation) {
	for _, op := range ops {
		switch {
		case op.Type == storage.Set && op.Key == indexKey:
			g.state.note = nil
			if i, err := decodeIndex(op.Value); err == nil {
				g.state.index = i
			}
		case op.Type == storage.Delete && isItem(op.Key):
			g.state.putting = false
		}
	}
	select {
	case g.freed <- struct{}{}:
	default:
	}
}

// failStart keeps the first error of the start. What the storage holds stays as it is.
func (g *Guard) failStart(err error) error {
	if g.start.err == nil {
		g.start.err = fmt.Errorf("sending_queue::storage: %q fails at the start of the queue, and keeps what it held: %w", g.set.Storage, err)
	}
	return g.start.err
}

// fault is whether the storage fails, said once until it works again.
type fault struct {
	mu      sync.Mutex
	failing bool
	last    time.Time
}

func (f *fault) fails(set Settings, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = time.Now()
	if !f.failing {
		f.failing = true
		set.Logger.Error("The storage of the sending queue fails; log records wait until it works again, none is lost",
			zap.Stringer("storage", set.Storage), zap.Error(err))
	}
}

func (f *fault) works(set Settings) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failing && time.Since(f.last) >= calm {
		f.failing = false
		set.Logger.Info("The storage of the sending queue works again", zap.Stringer("storage", set.Storage))
	}
}

// pause waits, for longer each time, and returns false when the exporter stops.
func (g *Guard) pause(ctx context.Context, d *time.Duration) bool {
	timer := time.NewTimer(max(firstPause, *d))
	defer timer.Stop()
	*d = min(2*max(firstPause, *d), longestPause)
	select {
	case <-g.stopping.Done():
		return false
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
