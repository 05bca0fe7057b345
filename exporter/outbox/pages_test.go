// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// evicting is how many visitors stand on more pages than stay in memory.
const evicting = (outbox.KeptPages + 50) * slots

func TestOutbox_UsesSlotsAndPagesAgain(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	for round := range 60 {
		for i := range 100 {
			f.put(says("round "+strconv.Itoa(round)+" visitor "+strconv.Itoa(i), "a", "1"))
		}
		f.write()
		require.LessOrEqual(t, f.disk.pages(), 13, "two hundred entries at most, that of the last round among them")
		f.waits(window)
		for f.ready(outbox.Fresh) > 3 { // some stay for the next round
			f.End(f.take(outbox.Fresh))
		}
		f.write()
		require.LessOrEqual(t, f.disk.pages(), 3)
	}
	assert.LessOrEqual(t, len(f.disk.ever), 1+13, "keys do not grow over the rounds")
	for f.ready(outbox.Fresh) > 0 {
		f.End(f.take(outbox.Fresh))
	}
	f.write()
	assert.Zero(t, f.disk.pages(), "nothing is stored of an empty outbox but its header")
	assert.Len(t, f.disk.data, 1)
}

func TestOutbox_UsesSlotsOfAnEarlierRunAgain(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	for round := range 20 {
		for i := range 40 {
			f.put(says("round "+strconv.Itoa(round)+" visitor "+strconv.Itoa(i), "a", "1"))
		}
		f.write()
		f = f.restarted()
		f.waits(window)
		for range 39 {
			f.End(f.take(outbox.Fresh))
		}
		f.write()
		f = f.restarted()
	}
	assert.Equal(t, 20, f.Held().Visitors)
	assert.LessOrEqual(t, len(f.disk.ever), 1+5)
}

func TestOutbox_RunsItsHeaderAhead(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	headers := 0
	for _, r := range visitors(300 * slots) {
		f.put(r)
		ops, written := f.Owed()
		if ops[0].Key == headerKey {
			headers++
		}
		f.disk.apply(ops...)
		written(true)
	}
	assert.Equal(t, 2, headers, "one for 256 pages")
	assert.Equal(t, 300*slots, f.restarted().Held().Visitors)
}

func TestOutbox_PagesThatLeftTheMemoryComeBackRight(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	random := rand.New(rand.NewPCG(1, 2))
	all := visitors(evicting)
	f.put(all...)
	f.write()
	newest := map[string]string{}
	for round := range 300 { // few visitors a round, from all over the pages
		for range 5 {
			id := "v" + strconv.Itoa(random.IntN(evicting))
			newest[id] = strconv.Itoa(round)
			f.put(says(id, "round", newest[id]))
		}
		f.write()
	}
	f.waits(window)
	batches := 0
	f.disk.fails = func([]*storage.Operation) bool {
		batches++
		return false
	}
	seen := map[string]bool{}
	for f.ready(outbox.Fresh) > 0 {
		e := f.take(outbox.Fresh)
		id := e.Visitor.ID
		require.False(t, seen[id])
		seen[id] = true
		want := parameters("n", id[1:])
		if value, ok := newest[id]; ok {
			want = append(want, parameters("round", value)...)
		}
		require.Equal(t, want, e.Parameters)
		f.End(e)
		if len(seen)%100 == 0 {
			f.write()
		}
	}
	f.write()
	assert.Len(t, seen, evicting)
	assert.Zero(t, f.disk.pages())
	assert.Less(t, batches, evicting/10, "pages are read some at a time")
}

func TestOutbox_ChangesNothingWhenAPageCannotBeRead(t *testing.T) {
	tests := map[string]func(t *testing.T, f *fixture) error{
		"a put": func(t *testing.T, f *fixture) error {
			t.Helper()
			return f.Put(t.Context(), batchOf(append(visitors(evicting), says("new", "n", "1"))...), f.now)
		},
		"a take": func(t *testing.T, f *fixture) error {
			t.Helper()
			for {
				e, err := f.Take(t.Context(), outbox.Fresh)
				if err != nil {
					return err
				}
				require.NotNil(t, e)
				f.Retry(e, f.now.Add(outbox.MaxMergeWindow))
				f.write()
			}
		},
	}
	damages := map[string]func(d *disk){
		"the storage fails":      func(d *disk) { d.fails = reads },
		"all pages are damaged":  func(d *disk) { d.replace(func(page []byte) []byte { return page[:9] }) },
		"the storage lost pages": func(d *disk) { d.replace(func([]byte) []byte { return nil }) },
	}
	for name, change := range tests {
		for damage, damages := range damages {
			t.Run(name+" when "+damage, func(t *testing.T) {
				f := stored(t, testConfig(), newDisk())
				f.put(visitors(evicting)...)
				f.write()
				f.waits(window)
				require.Equal(t, evicting, f.ready(outbox.Fresh))
				whole := f.disk.copied()
				damages(f.disk)
				for range 3 {
					before := f.Held()
					require.Error(t, change(t, f))
					after := f.Held()
					assert.Equal(t, before.Visitors, after.Visitors)
					assert.Equal(t, before.Records, after.Records)
					assert.Equal(t, before.Bytes, after.Bytes)
				}
				f.disk.data, f.disk.fails = whole.data, nil
				all := f.takeAll()
				require.Len(t, all, evicting, "nothing is missing when the storage works again")
				for _, r := range visitors(evicting) {
					require.Equal(t, r.parameters, all[r.visitor].Parameters)
				}
			})
		}
	}
}

// TestOutbox_KeepsAnEntryThatCannotBeRead has a page change to one whose checksum is right and
// that holds no entries.
func TestOutbox_KeepsAnEntryThatCannotBeRead(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	f.put(visitors(evicting)...)
	f.write()
	f.waits(window)
	packer, err := newPacker()
	require.NoError(t, err)
	f.disk.replace(func([]byte) []byte { return packer.Pack(make([]byte, slots)) })
	taken := 0
	for {
		f.ready(outbox.Fresh)
		e, err := f.Take(t.Context(), outbox.Fresh)
		if err != nil {
			require.ErrorContains(t, err, "an entry of the outbox cannot be read")
			break
		}
		require.NotNil(t, e)
		taken++
	}
	assert.Equal(t, evicting, f.Held().Visitors)
	assert.Equal(t, evicting-taken, f.ready(outbox.Fresh), "it waits for its turn still")
}
