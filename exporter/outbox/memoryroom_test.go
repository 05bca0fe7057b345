// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestMemory_MakesRoomForNewVisitors(t *testing.T) {
	tests := map[string]struct {
		comes []record
		want  []string // who is remembered then
	}{
		"of whom it remembers for longest":   {[]record{says("new", "n", "1")}, []string{"v1", "v0"}},
		"of as many as come":                 {[]record{says("new", "n", "1"), says("newer", "n", "1")}, []string{"v0"}},
		"of all":                             {visitors(9)[3:], nil},
		"not for one it remembers":           {[]record{says("v1", "n", "1")}, []string{"v2", "v0"}},
		"not of one who comes with them":     {[]record{says("v2", "n", "1"), says("new", "n", "1")}, []string{"v0"}},
		"not of those who come, if they all": {[]record{says("v2"), says("v1"), says("v0"), says("new")}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := remembering()
			cfg.MaxVisitors = 3
			inMemoryAndStoredInTime(t, cfg, func(t *testing.T, f *fixture) {
				ids := map[string][]profile.Parameter{}
				upload := f.uploads("", visitors(3)...) // in slots of another order
				f.unload(upload, arrived)
				for _, id := range []string{"v2", "v1", "v0"} {
					time.Sleep(2 * time.Second)
					f.remembers(says(id, "n", id[1:]))
					ids[id] = parameters("n", id[1:])
				}
				f = f.nextRun(cfg)
				require.Equal(t, ids, f.remembered())
				f.put(tt.comes...)
				displaced := len(ids) - len(tt.want)
				for _, r := range tt.comes {
					if ids[r.visitor.ID] != nil {
						displaced--
					}
				}
				assert.Equal(t, displaced, f.Held().Displaced, "none but those who make room")
				f.write()
				want := map[string][]profile.Parameter{}
				for _, id := range tt.want {
					want[id] = ids[id]
				}
				assert.Equal(t, want, f.remembered())
				assert.Equal(t, len(want), f.Held().Remembered)
				assert.Equal(t, want, f.nextRun(cfg).remembered())
				for v, e := range f.takeAll() {
					if ids[v.ID] != nil {
						assert.Equal(t, ids[v.ID], e.Sent, "what comes finds what is remembered")
					}
				}
			})
		})
	}
}

// TestMemory_IsBoundedWhileManyNewVisitorsCome has more new visitors come at once than there is room
// for beside those who are remembered.
func TestMemory_IsBoundedWhileManyNewVisitorsCome(t *testing.T) {
	const most, many = 30_000, 20_000
	cfg := remembering()
	cfg.MaxVisitors = most
	inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
		displaced := 0
		for round := range 4 {
			before := f.Held().Remembered
			records := make([]record, many)
			for i := range records {
				records[i] = says("round "+strconv.Itoa(round)+" visitor "+strconv.Itoa(i), "a", "1")
			}
			f.put(records...)
			held := f.Held()
			displaced += max(0, before+many-most)
			require.Equal(t, many, held.Visitors)
			require.Equal(t, min(before, most-many), held.Remembered, "as many as there is room for")
			require.Equal(t, displaced, held.Displaced)
			f.unload(f.uploads(""), arrived)
		}
		if f.disk != nil {
			assert.LessOrEqual(t, len(f.disk.ever), (most+many)/slots+10, "slots are used again")
		}
	})
}

func TestMemory_MakesRoomForOneWhoComesAgainBeforeThatIsWritten(t *testing.T) {
	for name, ends := range map[string]func(f *fixture){
		"after it made room": func(f *fixture) {
			f.remembers(says("v", "a", "1"))
			f.remembers(says("w", "a", "1"))
			f.put(says("x", "a", "1"))
		},
		"after it ended": func(f *fixture) {
			f.remembers(says("w", "a", "1"))
			f.End(called(f))
			f.put(says("x", "a", "1"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := remembering()
			cfg.MaxVisitors = 2
			inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
				ends(f)
				f.put(says("v", "a", "2"))
				held := f.Held()
				assert.Equal(t, 2, held.Visitors)
				assert.Zero(t, held.Remembered)
			})
		})
	}
}

func TestMemory_MakesRoomForBytesInMemory(t *testing.T) {
	cfg := remembering()
	cfg.MaxBytes = 10_000
	inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
		for i := range 300 {
			f.remembers(says("v"+strconv.Itoa(i), "a", strings.Repeat("x", 400)))
		}
		if f.disk != nil {
			assert.Equal(t, 300, f.Held().Remembered, "with a storage they are on the disk")
			return
		}
		assert.Less(t, f.Held().Remembered, 30)
		assert.Contains(t, f.remembered(), "v299")
		assert.NotContains(t, f.remembered(), "v0")
	})
}

// TestMemory_StaysWithinItsBytes has what is remembered of the same visitors grow.
func TestMemory_StaysWithinItsBytes(t *testing.T) {
	const many, large = 100, 400
	cfg := remembering()
	cfg.MaxBytes = 100_000
	f := inMemory(t, cfg)
	within := func() {
		t.Helper()
		require.LessOrEqual(t, f.Held().Bytes+f.rememberedBytes(), cfg.MaxBytes)
	}
	for round := range 10 {
		for i := range many / 2 { // half of them, and others than in the last round
			f.put(says("v"+strconv.Itoa((round*30+i)%many), "p"+strconv.Itoa(round), strings.Repeat("x", large)))
			within()
		}
		upload := f.uploads("")
		within()
		f.unload(upload, arrived)
		within()
	}
	assert.Greater(t, f.rememberedBytes(), cfg.MaxBytes*9/10, "and remembers as many as there is room for")
	assert.Positive(t, f.Held().Displaced)
	f.put(says("large", "a", strings.Repeat("x", 100_000)))
	assert.Zero(t, f.Held().Remembered)
}

// rememberedBytes returns how many bytes those take who are remembered.
func (f *fixture) rememberedBytes() (bytes int64) {
	f.tb.Helper()
	all, err := f.Remembered(f.tb.Context())
	require.NoError(f.tb, err)
	for _, e := range all {
		w := waiting{sent: valuesOf(e.Sent), first: e.First.UnixMilli()}
		bytes += w.size(e.Visitor)
	}
	return bytes
}

func TestMemory_OfOneRememberedAnewGoesLastInMemory(t *testing.T) {
	cfg := remembering()
	cfg.MaxBytes = 10_000
	f := inMemory(t, cfg)
	for _, id := range []string{"a", "b", "a", "c", "d", "e"} {
		f.remembers(says(id, "p", strings.Repeat("x", 2_400)))
	}
	assert.ElementsMatch(t, []string{"a", "c", "d", "e"}, slices.Collect(maps.Keys(f.remembered())))
}
