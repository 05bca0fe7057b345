// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

func TestOutbox_FitsSoManyVisitors(t *testing.T) {
	tests := map[string]struct {
		before func(f *fixture)
		batch  []record
		want   bool
	}{
		"a new visitor up to the last place": {
			before: func(f *fixture) { f.put(visitors(4)...) },
			batch:  []record{says("new", "n", "1")},
			want:   true,
		},
		"no new visitor past it": {
			before: func(f *fixture) { f.put(visitors(5)...) },
			batch:  []record{says("new", "n", "1")},
		},
		"no two when there is one place": {
			before: func(f *fixture) { f.put(visitors(4)...) },
			batch:  []record{says("new", "n", "1"), says("newer", "n", "1")},
		},
		"two records of one": {
			before: func(f *fixture) { f.put(visitors(4)...) },
			batch:  []record{says("new", "n", "1"), says("new", "n", "2")},
			want:   true,
		},
		"those that wait, always": {
			before: func(f *fixture) { f.put(visitors(5)...) },
			batch:  visitors(5),
			want:   true,
		},
		"those that wait, when there are more than there is room for": {
			before: func(f *fixture) { f.put(visitors(9)...) },
			batch:  visitors(9),
			want:   true,
		},
		"one that is called": {
			before: func(f *fixture) { called(f); f.put(visitors(4)...) },
			batch:  []record{says("v", "n", "1")},
			want:   true,
		},
		"not those that wait beside a new one": {
			before: func(f *fixture) { f.put(visitors(5)...) },
			batch:  append(visitors(5), says("new", "n", "1")),
		},
		"a new one in the place of one that has ended": {
			before: func(f *fixture) { e := called(f); f.put(visitors(4)...); f.End(e) },
			batch:  []record{says("new", "n", "1")},
			want:   true,
		},
		"not the one that has ended, when its place is taken": {
			before: func(f *fixture) { e := called(f); f.End(e); f.put(visitors(5)...) },
			batch:  []record{says("v", "n", "1")},
		},
		"what is larger than all room, in an empty outbox": {
			before: func(f *fixture) { f.End(called(f)) },
			batch:  visitors(9),
			want:   true,
		},
		"not beside a single other": {
			before: func(f *fixture) { f.put(says("v", "a", "1")) },
			batch:  visitors(9),
		},
		"a batch of no records": {
			before: func(f *fixture) { f.put(visitors(5)...) },
			want:   true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.MaxVisitors = 5
			inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
				tt.before(f)
				assert.Equal(t, tt.want, f.Fits(batchOf(tt.batch...)))
			})
		})
	}
}

func TestOutbox_FitsSoManyBytesInMemory(t *testing.T) {
	cfg := testConfig()
	cfg.MaxBytes = 10_000
	inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
		f.put(says("v", "a", strings.Repeat("x", 9_900)))
		assert.True(t, f.Fits(batchOf(says("new", "n", "1"))), "up to the last byte")
		f.put(says("v", "b", strings.Repeat("x", 200)))
		assert.Greater(t, f.Held().Bytes, cfg.MaxBytes)
		for _, r := range []record{says("new", "n", "1"), says("v", "a", "1")} {
			assert.Equal(t, f.disk != nil, f.Fits(batchOf(r)), "with a storage it is the disk's")
		}
		f.write()
		f.waits(window)
		f.End(f.take(outbox.Fresh))
		assert.True(t, f.Fits(batchOf(says("new", "n", "1"))))
	})
}

func TestOutbox_IsFull(t *testing.T) {
	large := strings.Repeat("x", 10_000)
	tests := map[string]struct {
		before           func(f *fixture)
		inMemory, stored bool
	}{
		"not when it is empty":                      {func(*fixture) {}, false, false},
		"not when there is a place":                 {func(f *fixture) { f.put(visitors(4)...) }, false, false},
		"when the last place is taken":              {func(f *fixture) { f.put(visitors(5)...) }, true, true},
		"when more are taken than there are":        {func(f *fixture) { f.put(visitors(9)...) }, true, true},
		"by those who stand in an upload":           {func(f *fixture) { f.uploads("", visitors(5)...) }, true, true},
		"not by those who are remembered":           {func(f *fixture) { f.remembers(visitors(5)...) }, false, false},
		"not when one has ended":                    {func(f *fixture) { e := called(f); f.put(visitors(4)...); f.End(e) }, false, false},
		"by its bytes, in memory":                   {func(f *fixture) { f.put(says("v", "a", large)) }, true, false},
		"not by bytes up to the last one in memory": {func(f *fixture) { f.put(says("v", "a", large[:9_900])) }, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := remembering()
			cfg.MaxVisitors, cfg.MaxBytes = 5, 10_000
			inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
				tt.before(f)
				want := tt.inMemory
				if f.disk != nil {
					want = tt.stored
				}
				assert.Equal(t, want, f.Full())
				if f.Held().Visitors > 0 {
					assert.Equal(t, !want, f.Fits(batchOf(says("new", "n", "1"))))
				}
			})
		})
	}
}
