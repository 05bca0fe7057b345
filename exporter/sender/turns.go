// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// running is what ends with the sender.
type running struct {
	stopping    context.Context
	stop        context.CancelFunc
	workers     sync.WaitGroup
	dispatching chan struct{}
}

func newRunning() *running {
	stopping, stop := context.WithCancel(context.Background())
	return &running{stopping: stopping, stop: stop, dispatching: make(chan struct{}, 1)}
}

// looks is how often a worker looks whether it may dispatch before it waits in line: in a line
// each has to be woken for its turn, and the one before is done within microseconds as a rule.
const looks = 8

// enter waits until nobody else dispatches. It returns false when ctx ends first.
func (r *running) enter(ctx context.Context) bool {
	for range looks {
		select {
		case r.dispatching <- struct{}{}:
			return true
		default:
			runtime.Gosched()
		}
	}
	select {
	case r.dispatching <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *running) leave() { <-r.dispatching }

// turns counts the calls under way.
type turns struct {
	most  int
	taken atomic.Int64
	left  chan struct{}
}

func newTurns(most int) *turns { return &turns{most: most, left: make(chan struct{}, 1)} }

// enter takes a turn, if fewer than most are taken. Two that leave at once signal once, so who
// has entered signals for those who still wait.
func (t *turns) enter(most int) bool {
	limit := int64(min(most, t.most))
	for taken := t.taken.Load(); taken < limit; taken = t.taken.Load() {
		if t.taken.CompareAndSwap(taken, taken+1) {
			return true
		}
	}
	return false
}

func (t *turns) leave() {
	t.giveBack()
	t.signal()
}

// giveBack ends a turn of which no use was made.
func (t *turns) giveBack() { t.taken.Add(-1) }

// signal has the turns looked at again.
func (t *turns) signal() {
	select {
	case t.left <- struct{}{}:
	default:
	}
}
