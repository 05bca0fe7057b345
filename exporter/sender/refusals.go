// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"slices"
	"sync"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// longestDoubt is for how long a refusal waits for a call of another visitor.
const longestDoubt = silence

// refusals are the entries whose call was refused just after another had got through. A gateway
// or a page of maintenance refuses as Target does, only everybody: so a refusal ends an entry
// when a call that was made after it gets through. Where further ones fail instead, or none is
// made, the entry is put off as any other.
type refusals struct {
	mu     sync.Mutex
	open   []refusal
	closed bool
}

type refusal struct {
	entry  *outbox.Entry
	answer route.Answer
	at     time.Time
}

// wait keeps a refusal until it is believed or doubted. It returns false when no further calls
// are to be waited for.
func (r *refusals) wait(one refusal) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.open = append(r.open, one)
	}
	return !r.closed
}

// before takes the refusals out that were there at that time.
func (r *refusals) before(t time.Time) (taken []refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = slices.DeleteFunc(r.open, func(one refusal) bool {
		old := !one.at.After(t)
		if old {
			taken = append(taken, one)
		}
		return old
	})
	return taken
}

// close takes all refusals out, and has none wait any more.
func (r *refusals) close() []refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	taken := r.open
	r.open = nil
	return taken
}

// ended reports whether none waits any more.
func (r *refusals) ended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

func (r *refusals) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}
