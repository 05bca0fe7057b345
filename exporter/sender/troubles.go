// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// trouble is what keeps updates from being sent.
type trouble int

// The worst comes first.
const (
	callsFail trouble = iota
	uploadsFail
	outboxUnread
	quotaUnwritten
	quotaUnreachable
	uploadsUncounted
	quotaUsedUp
	paused

	// troublesOfAWay is how many there are of one way. Those of the overflow come behind them.
	troublesOfAWay
)

// troubles tell the Collector the worst of what keeps updates from being sent, until nothing does.
type troubles struct {
	report func(error)
	count  atomic.Int32

	mu   sync.Mutex
	now  map[trouble]*lasting
	said map[trouble]time.Time
}

// lasting is a trouble that is not over.
type lasting struct {
	err   error
	since time.Time
	told  bool
}

func newTroubles(report func(error)) *troubles {
	return &troubles{report: report, now: make(map[trouble]*lasting), said: make(map[trouble]time.Time)}
}

// begin reports that something keeps updates from being sent.
func (t *troubles) begin(what trouble, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(what, err)
}

func (t *troubles) set(what trouble, err error) {
	l := t.now[what]
	if l == nil {
		l = &lasting{since: time.Now()}
		t.now[what] = l
		t.count.Add(1)
	}
	if l.err == nil || l.err.Error() != err.Error() {
		l.err = err
		t.tell()
	}
}

// say reports and says it, every five minutes at most: also of one that comes and goes.
func (t *troubles) say(what trouble, err error, log func(string, ...zap.Field), message string, fields ...zap.Field) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	lately := now.Sub(t.said[what]) < reminder
	if t.now[what] != nil && lately {
		return
	}
	t.set(what, err)
	if lately {
		return
	}
	l := t.now[what]
	l.told, t.said[what] = true, now
	log(message+"; said every five minutes at most", append(fields, zap.Duration("for", now.Sub(l.since).Round(time.Second)))...)
}

// is reports whether it keeps updates from being sent.
func (t *troubles) is(what trouble) bool {
	if t.count.Load() == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now[what] != nil
}

// over reports that it no longer does, and returns for how long it did, 0 when it did not or when that was not said.
func (t *troubles) over(what trouble) time.Duration {
	if !t.is(what) {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.now[what]
	if l == nil {
		return 0
	}
	delete(t.now, what)
	t.count.Add(-1)
	t.tell()
	if !l.told {
		return 0
	}
	return max(1, time.Since(l.since))
}

func (t *troubles) tell() {
	for _, worst := range slices.Sorted(maps.Keys(t.now)) {
		t.report(t.now[worst].err)
		return
	}
	t.report(nil)
}
