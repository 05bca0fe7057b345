// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// modelUpload is an upload as the model has it. Its rows are the entries that name it.
type modelUpload struct {
	note           string
	dirty, writing bool
}

func (m *model) begin(number uint32, note string) {
	m.uploads[number] = &modelUpload{note: note, dirty: !m.memory}
}

// numbers returns the uploads there are, in order.
func (m *model) numbers() []uint32 { return slices.Sorted(maps.Keys(m.uploads)) }

// rows returns the entries in an upload.
func (m *model) rows(number uint32) map[profile.Visitor]*modelEntry {
	rows := map[profile.Visitor]*modelEntry{}
	for v, e := range m.entries {
		if e.whole.waits() && e.whole.upload == number {
			rows[v] = e
		}
	}
	return rows
}

// unload takes an entry out of its upload, settled as it is.
func (m *model) unload(settled *outbox.Entry, due time.Time) {
	e := m.of(settled.Visitor)
	if settled.Upload != 0 {
		m.keep(settled, due)
		return
	}
	if len(settled.Parameters) == 0 && settled.Records == 0 {
		m.rest(e, settled)
		return
	}
	settled.Row, settled.Uploaded = nil, 0
	m.keep(settled, due)
	e.whole.aged = e.whole.first
}

// checkUploads holds what the outbox tells of its uploads against the model.
func (m *model) checkUploads(tb testing.TB, f *fixture) {
	tb.Helper()
	want := []outbox.Upload{}
	for _, number := range m.numbers() {
		u, rows := m.uploads[number], m.rows(number)
		want = append(want, outbox.Upload{Number: number, Note: u.note, Rows: len(rows)})
		written := !u.dirty && !u.writing
		for _, e := range rows {
			written = written && e.written()
		}
		require.Equal(tb, written, f.Written(number))
	}
	require.Equal(tb, want, f.Uploads())
}

// checkRows holds the rows of an upload against the model.
func (m *model) checkRows(tb testing.TB, f *fixture, number uint32) {
	tb.Helper()
	want, got := map[profile.Visitor]content{}, map[profile.Visitor]content{}
	for v, e := range m.rows(number) {
		want[v] = e.whole.content(v)
	}
	for e, err := range f.Rows(tb.Context(), number) {
		require.NoError(tb, err)
		require.NotContains(tb, got, e.Visitor, "a visitor stands once")
		got[e.Visitor] = contentOf(e)
	}
	require.Equal(tb, want, got)
}

// over returns how many are to be forgotten to make room for the visitors of a batch, and who may be.
func (m *model) over(visitors map[profile.Visitor]bool) (over int, eligible map[profile.Visitor]*modelEntry) {
	over = -m.cfg.MaxVisitors
	eligible = map[profile.Visitor]*modelEntry{}
	for v, e := range m.entries {
		if e.whole != nil {
			over++
		}
		if e.whole != nil && !e.whole.waits() && !visitors[v] {
			eligible[v] = e
		}
	}
	for v := range visitors {
		if e := m.entries[v]; e == nil || e.whole == nil {
			over++
		}
	}
	return min(max(0, over), len(eligible)), eligible
}

// makeRoom has visitors forgotten who had to make room for others.
func (m *model) makeRoom(tb testing.TB, f *fixture, n int, eligible map[profile.Visitor]*modelEntry) {
	tb.Helper()
	m.displaced += n
	if !m.memory {
		m.forget(tb, f, n, eligible)
		return
	}
	for range n {
		m.forgetOldest(eligible)
	}
}

// forgetOldest forgets who of these was remembered first, where no restart has made that hard to tell.
func (m *model) forgetOldest(among map[profile.Visitor]*modelEntry) {
	var oldest *modelEntry
	for _, e := range among {
		if e.whole != nil && (oldest == nil || e.turn < oldest.turn) {
			oldest = e
		}
	}
	oldest.whole = nil
}

// fit has those forgotten who were remembered for longest until all is within MaxBytes in memory.
func (m *model) fit(tb testing.TB, f *fixture) {
	tb.Helper()
	if !m.memory {
		return
	}
	for {
		bytes := int64(0)
		remembered := map[profile.Visitor]*modelEntry{}
		for v, e := range m.entries {
			if e.whole == nil {
				continue
			}
			w := e.whole
			if !w.waits() {
				remembered[v] = e
				w = w.clone()
				w.first = f.now.UnixMilli() // takes as much as when it was remembered
			}
			bytes += w.size(v)
		}
		if bytes <= m.cfg.MaxBytes || len(remembered) == 0 {
			m.forget(tb, f, 0, remembered)
			return
		}
		m.forgetOldest(remembered)
		m.displaced++
	}
}

// forget takes over who of those that may be forgotten is: so many, and those first that have been
// remembered for longest.
func (m *model) forget(tb testing.TB, f *fixture, n int, eligible map[profile.Visitor]*modelEntry) {
	tb.Helper()
	kept := map[profile.Visitor]bool{}
	all, err := f.Remembered(tb.Context())
	require.NoError(tb, err)
	oldest := m.turn
	for _, e := range all {
		if of := eligible[e.Visitor]; of != nil {
			require.Equal(tb, sorted(of.whole.sent), e.Sent)
			kept[e.Visitor], oldest = true, min(oldest, of.turn)
		}
	}
	require.Len(tb, kept, len(eligible)-n)
	for v, e := range eligible {
		if !kept[v] {
			require.LessOrEqual(tb, e.turn, oldest, "the oldest first")
			e.whole = nil
			m.changed(e)
		}
	}
}
