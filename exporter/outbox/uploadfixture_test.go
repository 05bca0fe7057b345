// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// remembering is testConfig with uploads that are remembered.
func remembering() outbox.Config {
	cfg := testConfig()
	cfg.Remember = remember
	return cfg
}

// inMemoryAndStoredInTime is inMemoryAndStored where time passes by sleeping.
func inMemoryAndStoredInTime(t *testing.T, cfg outbox.Config, test func(t *testing.T, f *fixture)) {
	t.Helper()
	_, err := newPacker() // of all tests, so not in a bubble
	require.NoError(t, err)
	bubble := func(name string, open func(t *testing.T) *fixture) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { test(t, open(t)) }) })
	}
	bubble("in memory", func(t *testing.T) *fixture { return inMemory(t, cfg) })
	bubble("with a storage", func(t *testing.T) *fixture { return stored(t, cfg, newDisk()) })
}

// enlist puts all of an entry that was taken into an upload.
func (f *fixture) enlist(upload uint32, e *outbox.Entry) {
	e.Upload, e.Row, e.Parameters = upload, e.Parameters, nil
	e.Uploaded, e.Records = e.Records, 0
	f.Enlist(e)
}

// uploads begins an upload of what these records say, and writes it.
func (f *fixture) uploads(note string, records ...record) (upload uint32) {
	f.tb.Helper()
	f.put(records...)
	f.write()
	upload = f.Begin(note)
	for _, e := range f.takeAll() {
		f.enlist(upload, e)
	}
	f.write()
	require.True(f.tb, f.Written(upload))
	return upload
}

// unload takes all rows out of an upload, and closes it.
func (f *fixture) unload(upload uint32, settle func(*outbox.Entry) time.Time) {
	f.tb.Helper()
	for more := true; more; {
		var err error
		more, err = f.Unload(f.tb.Context(), upload, settle)
		require.NoError(f.tb, err)
		f.write()
	}
	f.Close(upload)
	f.write()
}

// arrived settles a row that has arrived, which is to be remembered.
func arrived(e *outbox.Entry) time.Time {
	e.Sent = profile.Merge(e.Sent, e.Row)
	return time.Time{}
}

// again settles a row that goes again, merged with what came since.
func again(e *outbox.Entry) time.Time {
	e.Parameters = profile.Merge(e.Row, e.Parameters)
	e.Records += e.Uploaded
	return time.Time{}
}

// moves moves all rows of an upload into another.
func (f *fixture) moves(from, to uint32) {
	f.tb.Helper()
	for more := true; more; {
		var err error
		more, err = f.Unload(f.tb.Context(), from, func(e *outbox.Entry) time.Time {
			e.Upload = to
			return time.Time{}
		})
		require.NoError(f.tb, err)
	}
}

// remembers has a visitor remembered.
func (f *fixture) remembers(records ...record) {
	f.tb.Helper()
	for _, r := range records {
		f.unload(f.uploads("", r), arrived)
	}
}

// remembered returns what is remembered of visitors, by their ids.
func (f *fixture) remembered() map[string][]profile.Parameter {
	f.tb.Helper()
	entries, err := f.Remembered(f.tb.Context())
	require.NoError(f.tb, err)
	all := map[string][]profile.Parameter{}
	for _, e := range entries {
		all[e.Visitor.ID] = e.Sent
	}
	return all
}

// rows returns the entries of an upload.
func (f *fixture) rows(tb testing.TB, upload uint32) map[profile.Visitor]content {
	tb.Helper()
	all := map[profile.Visitor]content{}
	for e, err := range f.Rows(tb.Context(), upload) {
		require.NoError(tb, err)
		_, twice := all[e.Visitor]
		require.False(tb, twice)
		all[e.Visitor] = contentOf(e)
	}
	return all
}

// nextRun returns an outbox that takes up what was stored of this one. One in memory goes on.
func (f *fixture) nextRun(cfg outbox.Config) *fixture {
	f.tb.Helper()
	if f.disk == nil {
		return f
	}
	return storedAt(f.tb, cfg, f.disk, f.now)
}
