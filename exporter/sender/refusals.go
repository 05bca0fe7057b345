// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"sync"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// refusals are the entries whose call was refused just after another had got through. A gateway
// or a page of maintenance refuses as Target does, only everybody: so a refusal ends an entry
// when a call that was made after it gets through. Where further ones fail instead, the entry
// is put off as any other.
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
func (r *refusals) before(t time.Time) []refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < len(r.open) && !r.open[n].at.After(t) {
		n++
	}
	taken := r.open[:n]
	r.open = r.open[n:]
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

func (r *refusals) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}
