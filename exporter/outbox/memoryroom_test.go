// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
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
