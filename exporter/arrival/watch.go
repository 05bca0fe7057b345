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

// maxWatched bounds what a watch remembers, at some 40 MB of memory and 16 MB of
// storage. What comes when it is full is sent without being remembered.
const maxWatched = 1 << 20

// Value names a value: a parameter of a visitor, and when its record arrived.
type Value struct {
	Visitor   profile.Visitor
	Parameter string
	Arrived   Number
}

// key is a hash of the visitor and the parameter, the same in every run. Ids are
// not kept for longer than the queue keeps them.
func (v Value) key() uint64 {
	var text []byte
	for _, part := range []string{string(v.Visitor.Parameter), v.Visitor.ID, v.Parameter} {
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

	mu   sync.Mutex
	over bool
	sent map[uint64]Number
}

// Open begins a run: it counts it in the storage extension of the queue, and reads
// what earlier runs have written down. Errors name the setting and never a record.
func Open(ctx context.Context, host component.Host, storageID, exporterID component.ID) (*Watch, error) {
	j, err := openJournal(ctx, host, storageID, exporterID)
	if err != nil {
		return nil, err
	}
	w := &Watch{journal: j}
	if w.run, err = j.nextRun(ctx); err == nil {
		w.sent, err = j.read(ctx)
	}
	if err != nil {
		_ = j.close(ctx)
		return nil, err
	}
	return w, nil
}

// Close lets go of the storage. What is written down stays for the next run.
func (w *Watch) Close(ctx context.Context) error { return w.journal.close(ctx) }

// Counter returns what numbers the requests of this run.
func (w *Watch) Counter() *Counter { return newCounter(w.run) }

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
	w.sent = nil
	return false, nil
}

// Recovered tells whether a record arrived in an earlier run.
func (w *Watch) Recovered(n Number) bool { return n.run() != w.run }

// Superseded tells whether a newer value of the same parameter was sent.
func (w *Watch) Superseded(v Value) bool {
	key := v.key()
	w.mu.Lock()
	defer w.mu.Unlock()
	newest, known := w.sent[key]
	return known && v.Arrived < newest
}

// Sending writes down the values of a watched batch before they are sent. When it
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

// Merging writes down the values of any other batch that took the place of older
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
	if w.over || (known && v.Arrived < newest) || (!known && len(w.sent) >= maxWatched) {
		return
	}
	w.sent[key] = v.Arrived
}
