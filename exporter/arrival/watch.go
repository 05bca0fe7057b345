// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Value names a value: a parameter of a visitor, and when its record arrived.
type Value struct {
	Visitor   profile.Visitor
	Parameter string
	Arrived   Number
}

// key is a hash of the visitor and the parameter, the same in every run. Ids are
// not kept for longer than the queue keeps them.
func (v Value) key() uint64 {
	return hash(string(v.Visitor.Parameter), v.Visitor.ID, v.Parameter)
}

func hash(parts ...string) uint64 {
	text := make([]byte, 0, 128)
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}

// Watch tells which values are older than what was sent already. It is safe for
// concurrent use.
type Watch struct {
	run     int64
	journal *journal

	mu        sync.Mutex
	over      bool
	displaced displaced
	sent      map[uint64]Number
}

// Open begins a run: it counts it in the storage extension of the queue, and reads
// what earlier runs have written down. The mapping is a text that changes when a record
// may name another visitor. Errors name the setting and never a record.
func Open(ctx context.Context, host component.Host, storageID, exporterID component.ID, mapping string) (*Watch, error) {
	j, err := openJournal(ctx, host, storageID, exporterID)
	if err != nil {
		return nil, err
	}
	w := &Watch{journal: j}
	if err = w.begin(ctx, mapping); err != nil {
		_ = j.close(ctx)
		return nil, err
	}
	return w, nil
}

func (w *Watch) begin(ctx context.Context, mapping string) (err error) {
	if w.run, err = w.journal.nextRun(ctx); err != nil {
		return err
	}
	if w.displaced, err = w.journal.readDisplaced(ctx, hash(mapping)); err != nil {
		return err
	}
	w.sent, err = w.journal.read(ctx)
	return err
}

// Close lets go of the storage. What is written down stays for the next run.
func (w *Watch) Close(ctx context.Context) error { return w.journal.close(ctx) }

// Counter returns what numbers the requests of this run.
func (w *Watch) Counter() *Counter { return newCounter(w.run) }

// Displaced says whose records the queue is about to put behind others that arrived
// later. Only their values have to be remembered, be there ever so many others. When it
// returns an error they may not be moved.
func (w *Watch) Displaced(ctx context.Context, visitors []profile.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range visitors {
		w.displaced.visitors[visitorKey(v)] = struct{}{}
	}
	return w.journal.writeDisplaced(ctx, w.displaced)
}

// Watches tells whether older records of a visitor may come behind newer ones.
func (w *Watch) Watches(v profile.Visitor) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.over && w.displaced.has(v)
}

// Needed tells whether a batch with these numbers has to be watched. The first
// batch that holds nothing but records of this run ends the watch, unless older ones
// wait elsewhere, as waiting tells: their visitors' later records wait behind them, so
// that this batch need not be watched, but they themselves have to be.
func (w *Watch) Needed(ctx context.Context, numbers []Number, waiting func() bool) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || len(numbers) == 0 {
		return false, nil
	}
	if slices.ContainsFunc(numbers, w.Recovered) {
		return true, nil
	}
	if waiting() {
		return false, nil
	}
	if err := w.journal.clear(ctx); err != nil {
		return false, err
	}
	w.over = true
	w.sent, w.displaced = nil, displaced{}
	return false, nil
}

// Recovered tells whether a record arrived in an earlier run.
func (w *Watch) Recovered(n Number) bool { return n.run() != w.run }

// Superseded tells whether a newer value of the same parameter was sent.
func (w *Watch) Superseded(v Value) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sent) == 0 {
		return false
	}
	key := v.key()
	newest, known := w.sent[key]
	return known && v.Arrived < newest
}

// Sending writes down values of visitors that are watched before they are sent. When it
// returns an error they must not be sent yet. Once the watch is over there is nothing
// to be written.
func (w *Watch) Sending(ctx context.Context, values []Value) error {
	w.mu.Lock()
	over := w.over
	w.mu.Unlock()
	if over {
		return nil
	}
	return w.journal.addPage(ctx, values)
}

// Merging writes down the values of a batch of the queue that took the place of older
// ones of the same batch. The next run may find the batch in several parts, and
// would send an older value after the newer one that this run has sent. Only the
// last batch is remembered: the queue has let go of those before.
func (w *Watch) Merging(ctx context.Context, values []Value) error {
	return w.journal.setBatch(ctx, values)
}

// Sent remembers a value that was delivered.
func (w *Watch) Sent(v Value) {
	key := v.key()
	w.mu.Lock()
	defer w.mu.Unlock()
	newest, known := w.sent[key]
	if w.over || (known && v.Arrived < newest) {
		return
	}
	w.sent[key] = v.Arrived
}
