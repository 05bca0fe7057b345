// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"maps"
	"slices"
	"sync"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// trouble is what keeps updates from being sent.
type trouble int

// The worst comes first.
const (
	callsFail trouble = iota
	outboxUnread
	quotaUnwritten
	quotaUsedUp
	paused
)

var troubleNames = [...]string{
	callsFail: "calls fail", outboxUnread: "outbox", quotaUnwritten: "quota storage", quotaUsedUp: "quota", paused: "pause",
}

func (t trouble) String() string { return troubleNames[t] }

// troubles tell the Collector the worst of what keeps updates from being sent, until nothing does.
type troubles struct {
	report func(error)

	holdups map[quota.Cause]*holdup

	mu  sync.Mutex
	now map[trouble]error
}

func newTroubles(report func(error)) *troubles {
	return &troubles{report: report, holdups: newHoldups(), now: make(map[trouble]error)}
}

// begin says that something keeps updates from being sent.
func (t *troubles) begin(what trouble, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now[what] = err
	t.tell()
}

// over says that it no longer does.
func (t *troubles) over(what trouble) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, was := t.now[what]; was {
		delete(t.now, what)
		t.tell()
	}
}

func (t *troubles) tell() {
	for _, worst := range slices.Sorted(maps.Keys(t.now)) {
		t.report(t.now[worst])
		return
	}
	t.report(nil)
}
