// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestOutbox_MergesWhatWaits(t *testing.T) {
	type entry struct {
		visitor    profile.Visitor
		parameters []profile.Parameter
		records    int
	}
	tests := map[string]struct {
		puts [][]record // one a second
		want []entry
	}{
		"one record is one entry": {
			puts: [][]record{{says("v", "tier", "gold")}},
			want: []entry{{visitor("v"), parameters("tier", "gold"), 1}},
		},
		"a visitor has one entry, however many records say something": {
			puts: [][]record{{says("v", "a", "1"), says("v", "b", "2")}, {says("v", "c", "3")}, {says("v", "d", "4")}},
			want: []entry{{visitor("v"), parameters("a", "1", "b", "2", "c", "3", "d", "4"), 4}},
		},
		"the latest value of each parameter stays": {
			puts: [][]record{{says("v", "a", "1", "b", "1")}, {says("v", "b", "2", "c", "2")}, {says("v", "c", "3")}},
			want: []entry{{visitor("v"), parameters("a", "1", "b", "2", "c", "3"), 3}},
		},
		"an empty value is a value": {
			puts: [][]record{{says("v", "a", "1")}, {says("v", "a", "")}},
			want: []entry{{visitor("v"), parameters("a", ""), 2}},
		},
		"visitors go in the order in which they came": {
			puts: [][]record{{says("v2", "a", "1")}, {says("v1", "a", "2")}, {says("v2", "a", "3"), says("v3", "a", "4")}},
			want: []entry{{visitor("v2"), parameters("a", "3"), 2}, {visitor("v1"), parameters("a", "2"), 1}, {visitor("v3"), parameters("a", "4"), 1}},
		},
		"an id of another kind is another visitor": {
			puts: [][]record{
				{says("1", "a", "third party")},
				{{visitor: profile.Visitor{Parameter: profile.MboxPC, ID: "1"}, parameters: parameters("a", "pc")}},
			},
			want: []entry{
				{visitor("1"), parameters("a", "third party"), 1},
				{profile.Visitor{Parameter: profile.MboxPC, ID: "1"}, parameters("a", "pc"), 1},
			},
		},
		"an id that begins with another is another visitor": {
			puts: [][]record{{says("v", "a", "1"), says("v1", "a", "2")}, {says("v11", "a", "3")}},
			want: []entry{{visitor("v"), parameters("a", "1"), 1}, {visitor("v1"), parameters("a", "2"), 1}, {visitor("v11"), parameters("a", "3"), 1}},
		},
		"a batch of no records changes nothing": {
			puts: [][]record{{}, {says("v", "a", "1")}, {}},
			want: []entry{{visitor("v"), parameters("a", "1"), 1}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
				for _, records := range tt.puts {
					f.put(records...)
					f.write()
					f.waits(time.Second)
				}
				f.waits(window)
				for _, want := range tt.want {
					e := f.take(outbox.Fresh)
					assert.Equal(t, want, entry{e.Visitor, e.Parameters, e.Records})
				}
				f.takeNothing()
			})
		})
	}
}

func TestOutbox_WaitsForTheWindowFromTheFirstRecordOn(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		first := f.now
		for range 4 {
			f.put(says("v", "a", "1"))
			f.write()
			f.waits(time.Second)
		}
		f.takeNothing()
		_, next := f.Due(f.now)
		assert.Equal(t, time.Second, next)

		f.waits(next - 1)
		f.takeNothing()
		f.waits(1)
		e := f.take(outbox.Fresh)
		assert.Equal(t, 4, e.Records)
		assert.Equal(t, first.UnixMilli(), e.First.UnixMilli(), "the oldest record's")
		_, next = f.Due(f.now)
		assert.Zero(t, next, "nothing waits any more")
	})
}

func TestOutbox_MergesIntoWhatIsDueAndNotYetTaken(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.put(says("v", "a", "1"))
		f.write()
		f.waits(window)
		require.Equal(t, 1, f.ready(outbox.Fresh))
		f.put(says("v", "a", "2"))
		assert.Equal(t, parameters("a", "2"), f.take(outbox.Fresh).Parameters)
	})
}

func TestOutbox_WithoutAWindowWaitsForTheWriteOnly(t *testing.T) {
	cfg := testConfig()
	cfg.MergeWindow = 0
	inMemoryAndStored(t, cfg, func(_ *testing.T, f *fixture) {
		f.put(says("v", "a", "1"))
		f.write()
		f.take(outbox.Fresh)
	})
}

func TestOutbox_OfNothingHoldsNothing(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.takeNothing()
		assert.Zero(t, f.Held())
		assert.Zero(t, f.Age(f.now))
		assert.Zero(t, f.Loaded())
		e, err := f.TakeFailing(t.Context())
		require.NoError(t, err)
		assert.Nil(t, e)
	})
}
