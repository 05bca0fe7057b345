// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import "time"

// Held is what an outbox holds.
type Held struct {
	// Visitors is how many entries there are, and Records how many log records are behind them.
	Visitors, Records int
	// Bytes is the size of the entries, as they are stored before they are packed.
	Bytes int64
	// Uploaded is how many of the visitors stand in an upload. Remembered is how many others have
	// stood in one, which is not forgotten: nothing of them waits.
	Uploaded, Remembered int
	// Displaced is how many were forgotten before their time, to make room for others.
	Displaced int
	// Waiting is how many entries of each lane wait for their time, and Ready of how many it
	// has come. The others are called, or wait for a write.
	Waiting, Ready [Lanes]int
}

// Held returns what the outbox holds, calls under way among it.
func (o *Outbox) Held() Held {
	o.mu.Lock()
	defer o.mu.Unlock()
	held := o.held
	for i := range o.lanes {
		held.Waiting[i], held.Ready[i] = o.lanes[i].waiting.Len(), o.lanes[i].ready()
	}
	held.Remembered, held.Displaced = o.memory.visitors, o.memory.displaced
	return held
}

// Full reports whether there is no room for a further visitor.
func (o *Outbox) Full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held.Visitors >= o.cfg.MaxVisitors || o.pages.client == nil && o.held.Bytes >= o.cfg.MaxBytes
}

// MaxVisitors returns how many entries there may be.
func (o *Outbox) MaxVisitors() int { return o.cfg.MaxVisitors }

// Loaded returns how many records an earlier run has left.
func (o *Outbox) Loaded() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.loaded
}

// slotsAtOnce is how many slots are looked at before others have their turn.
const slotsAtOnce = 1 << 16

// Age returns for how long the oldest record has waited, in whole seconds, 0 when none waits.
func (o *Outbox) Age(now time.Time) time.Duration {
	oldest := seconds(now)
	for first, more := uint32(0), true; more; first += slotsAtOnce {
		oldest, more = o.oldest(first, oldest)
	}
	return time.Duration(seconds(now)-oldest) * time.Second
}

// oldest looks at some of the slots.
func (o *Outbox) oldest(first, oldest uint32) (_ uint32, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := min(first+slotsAtOnce, o.slots.size)
	for n := first; n < end; n++ {
		if s := o.slots.at(n); s.waits() {
			oldest = min(oldest, s.first)
		}
	}
	return oldest, end < o.slots.size
}

// seconds returns a time as slots keep it.
func seconds(t time.Time) uint32 { return uint32(max(0, t.Unix())) } //nolint:gosec // until the year 2106
