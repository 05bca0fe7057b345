// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// left returns a disk on which an earlier run has left so many visitors.
func left(tb testing.TB, n int) *disk {
	tb.Helper()
	f := stored(tb, testConfig(), newDisk())
	f.put(visitors(n)...)
	f.write()
	return f.disk
}

func TestLoad_FindsWhatWasEverKept(t *testing.T) {
	f := &fixture{Outbox: newOutbox(t, testConfig()), tb: t, disk: newDisk(), now: start()}
	found, damaged, err := f.Load(t.Context(), f.disk, f.now)
	require.NoError(t, err)
	assert.False(t, found, "nothing was ever kept there")
	assert.Zero(t, damaged)
	f.write()

	for _, held := range []int{0, 3} {
		f.put(visitors(held)...)
		f.write()
		next := newOutbox(t, testConfig())
		found, damaged, err = next.Load(t.Context(), f.disk.copied(), f.now)
		require.NoError(t, err)
		assert.True(t, found)
		assert.Zero(t, damaged)
		assert.Equal(t, held, next.Loaded())
		assert.Equal(t, f.Held().Bytes, next.Held().Bytes)
	}
}

func TestLoad_LetsEntriesWaitForTheRestOfTheirWindow(t *testing.T) {
	tests := map[string]struct {
		later time.Duration // the next run's start
		want  time.Duration
	}{
		"at once":                        {0, window},
		"within the window":              {2 * time.Second, window - 2*time.Second},
		"when it ends":                   {window, 0},
		"much later":                     {time.Hour, 0},
		"with a clock that was set back": {-time.Hour, window},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := stored(t, testConfig(), newDisk())
			f.now = start().Add(time.Hour).Truncate(time.Millisecond) // as it is stored
			f.put(says("v", "a", "1"))
			f.write()
			f.waits(tt.later)
			next := f.restarted()
			ready, in := next.Due(next.now)
			assert.Equal(t, tt.want, in)
			assert.Equal(t, tt.want == 0, ready[outbox.Fresh] == 1)
		})
	}
}

func TestLoad_PutsEachEntryIntoItsLane(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	f.put(visitors(3)...)
	f.write()
	f.waits(window)
	f.fails(f.take(outbox.Fresh), time.Hour)
	f.Retry(f.take(outbox.Fresh), f.now.Add(time.Hour))
	f.write()
	next := f.restarted()
	assert.Equal(t, 2, next.ready(outbox.Fresh), "what waited for a time is due at once")
	assert.Equal(t, 1, next.ready(outbox.FailingAlone))
}

func TestLoad_RefusesAHeaderThatItDoesNotKnow(t *testing.T) {
	whole := func(text ...byte) []byte { return journal.Seal(text) }
	for name, header := range map[string][]byte{
		"empty":                                {},
		"not sealed":                           {1, 0, 0, 1, 0},
		"cut":                                  whole(1, 0, 0, 1, 0)[:8],
		"damaged":                              append(whole(1, 0, 0, 1, 0)[:8], 7),
		"of the next format":                   whole(2, 0, 0, 1, 0),
		"of no format":                         whole(0, 0, 0, 1, 0),
		"longer than it should be":             whole(1, 0, 0, 1, 0, 0),
		"shorter than it should be":            whole(1, 0, 0, 1),
		"with more pages than there are slots": whole(1, 4, 0, 0, 1),
	} {
		t.Run(name, func(t *testing.T) {
			d := left(t, 20)
			d.data[headerKey] = header
			before := maps.Clone(d.data)
			_, _, err := newOutbox(t, testConfig()).Load(t.Context(), d, start())
			require.ErrorContains(t, err, "sending_queue::storage: the outbox was written by a newer build, or is damaged")
			assert.Equal(t, before, d.data, "what is stored stays as it is")
		})
	}
}

func TestLoad_FailsWithTheStorage(t *testing.T) {
	for name, fails := range map[string]func(ops []*storage.Operation) bool{
		"when the header cannot be read":            func(ops []*storage.Operation) bool { return ops[0].Key == headerKey },
		"when the pages cannot be read":             func(ops []*storage.Operation) bool { return len(ops) > 2 },
		"when a damaged page cannot be put aside":   func(ops []*storage.Operation) bool { return !reads(ops) },
		"when a page that comes later is not read":  func(ops []*storage.Operation) bool { return ops[0].Key == "outbox64" },
		"when the last ones of the room are unread": func(ops []*storage.Operation) bool { return ops[len(ops)-1].Key == "outbox255" },
	} {
		t.Run(name, func(t *testing.T) {
			d := left(t, 20)
			d.data[firstPage] = d.data[firstPage][:9]
			before := maps.Clone(d.data)
			d.fails = fails
			_, _, err := newOutbox(t, testConfig()).Load(t.Context(), d, start())
			require.ErrorIs(t, err, errDisk)
			require.ErrorContains(t, err, "sending_queue::storage: ")
			for key, value := range before {
				if key != firstPage {
					assert.Equal(t, value, d.data[key], key)
				}
			}
		})
	}
}
