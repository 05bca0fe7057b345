// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// beginWrite begins a write, which takes effect when it ends.
func (l *life) beginWrite() {
	if l.writeOver != nil {
		return
	}
	ops, written := l.Owed()
	image := l.model.image()
	l.model.writes()
	l.writing = append([]record(nil), l.queued...)
	l.writeOver = func(ok bool) {
		if ok || l.random.IntN(2) == 0 { // it may have been written and not been confirmed
			l.disk.apply(ops...)
			l.stored, l.queued = image, l.queued[len(l.writing):]
		}
		written(ok)
		l.model.wrote(ok)
		l.writeOver, l.writing = nil, nil
	}
}

func (l *life) endWrite() {
	if l.writeOver != nil {
		l.writeOver(l.random.IntN(4) > 0)
	}
}

// crash ends the process, and begins the next run. What is loaded is exactly what was stored.
func (l *life) crash() {
	l.writeOver, l.writing, l.calls = nil, nil, nil
	l.open()
	for v, w := range l.stored {
		first := time.UnixMilli(w.first)
		w.due = l.now.Add(max(0, min(window, first.Add(window).Sub(l.now))))
		l.stored[v] = w
	}
	l.resume()
}

// resume has the model begin from what is stored, and takes over what the queue still holds.
func (l *life) resume() {
	l.model.entries = map[profile.Visitor]*modelEntry{}
	records := 0
	for v, w := range l.stored {
		l.model.entries[v] = &modelEntry{whole: w.clone()}
		records += w.records
	}
	require.Equal(l.tb, records, l.Loaded())
	l.model.check(l.tb, l.fixture)
	l.holdAgainstTheDisk()
	if len(l.queued) > 0 {
		l.put(l.queued...)
		l.model.put(l.now, l.queued...)
	}
	l.beginWrite()
	l.writeOver(true)
}

// probe takes all that is stored out of an outbox of its own.
func (l *life) probe() map[profile.Visitor]*outbox.Entry {
	return storedAt(l.tb, l.cfg, l.disk, l.now).takeAll()
}

// holdAgainstTheDisk holds what is stored against the model.
func (l *life) holdAgainstTheDisk() {
	all := l.probe()
	require.Len(l.tb, all, len(l.stored))
	for v, w := range l.stored {
		require.NotNil(l.tb, all[v])
		require.Equal(l.tb, w.content(v), contentOf(all[v]))
	}
}

// crashWithin ends the process within a write of a storage that is not atomic: only the first
// operations are carried out, and the queue keeps its items. Each visitor is stored once, as
// before the write or as after it.
func (l *life) crashWithin() {
	if l.writeOver != nil {
		l.writeOver(true)
	}
	ops, _ := l.Owed()
	after := l.model.image()
	l.disk.apply(ops[:l.random.IntN(len(ops)+1)]...)
	all := l.probe()
	before := l.stored
	l.stored = map[profile.Visitor]*waiting{}
	for v := range all {
		l.holdOneOf(contentOf(all[v]), before[v], after[v])
	}
	for v, w := range before {
		if after[v] != nil {
			require.NotNil(l.tb, all[v], "what stays is never gone: %d records", w.records)
		}
	}
	l.crash()
}

func (l *life) holdOneOf(got content, images ...*waiting) {
	for _, w := range images {
		if w != nil && assert.ObjectsAreEqual(w.content(got.Visitor), got) {
			l.stored[got.Visitor] = w.clone()
			return
		}
	}
	require.Fail(l.tb, "an entry is stored as it never was", "%v", got)
}
