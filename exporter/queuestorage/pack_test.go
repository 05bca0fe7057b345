// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
)

func testPacker(tb testing.TB) *packer {
	tb.Helper()
	p, err := newPacker()
	require.NoError(tb, err)
	return p
}

func TestAnItemIsReadAsItWasWritten(t *testing.T) {
	p := testPacker(t)
	for name, item := range map[string][]byte{
		"empty":                        {},
		"short":                        []byte("abc"),
		"just too short to be packed":  bytes.Repeat([]byte("a"), worthPacking-1),
		"just long enough":             bytes.Repeat([]byte("a"), worthPacking),
		"longer than what is searched": []byte(strings.Repeat("a record like the others, ", farthest/8)),
	} {
		stored := p.pack(item)
		unpacked, err := p.unpack(stored)
		require.NoError(t, err, name)
		assert.True(t, bytes.Equal(item, unpacked), name)
		if len(item) >= worthPacking {
			assert.Less(t, len(stored), len(item)/10, name)
		}
	}
}

func FuzzAnItemIsReadAsItWasWritten(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte("record"), 1000))
	p := testPacker(f)
	f.Fuzz(func(t *testing.T, item []byte) {
		unpacked, err := p.unpack(p.pack(item))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(item, unpacked))
		if got, err := p.unpack(item); err == nil {
			assert.NotNil(t, got, "what is no item is damaged, by its checksum or by its kind")
		}
	})
}

func TestADamagedItemIsFoundWhereverTheDamageIs(t *testing.T) {
	p := testPacker(t)
	for _, item := range [][]byte{[]byte("short"), bytes.Repeat([]byte("record"), 1000)} {
		stored := p.pack(item)
		for i := range stored {
			damaged := slices.Clone(stored)
			damaged[i] ^= 4
			_, err := p.unpack(damaged)
			require.ErrorIs(t, err, errDamaged, "byte %d", i)
			_, err = p.unpack(stored[:i])
			require.ErrorIs(t, err, errDamaged, "cut at %d", i)
		}
	}
}

func TestADamagedItemIsSaidAndTheOthersAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, true)
		keys := slices.DeleteFunc(slices.Sorted(maps.Keys(d.data)), func(key string) bool { return !isItem(key) })
		require.Len(t, keys, len(left))
		waiting := keys[len(keys)-1]
		d.data[waiting] = d.data[waiting][:7]
		d.data[keys[0]][9] ^= 1
		q := newQueue(t, true)
		require.NoError(t, q.begin(t, d))
		time.Sleep(time.Minute)
		q.end(t)
		_, arrived := q.seen()
		assert.Len(t, arrived, len(left)-2)
		said := q.said.FilterMessageSnippet("An item of the sending queue is damaged").All()
		require.Len(t, said, 2)
		assert.Contains(t, said[0].ContextMap(), "bytes")
		assert.Len(t, d.data, 1, "only the index is left")
	})
}

func TestWhatIsStoredOfARequestIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{data: map[string][]byte{}}
		q := newQueue(t, true)
		q.holds.Store(true)
		require.NoError(t, q.begin(t, d))
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i := range 100 {
			record := records.AppendEmpty()
			record.Body().SetInt(2) // is held
			record.Attributes().PutStr("customer.id", "CRM-"+strconv.Itoa(i))
			record.Attributes().PutStr("action", "loan-funded")
		}
		encoded, err := request.MarshalLogs(t.Context(), ld)
		require.NoError(t, err)
		require.NoError(t, q.ConsumeLogs(t.Context(), ld))
		time.Sleep(time.Second)
		q.end(t)
		assert.NotEmpty(t, d.data["0"])
		assert.Less(t, len(d.data["0"]), len(encoded)/4)
	})
}

func TestWhatIsPutBehindTheOthersIsToldBeforeItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, true)
		before := maps.Clone(d.data)
		q := newQueue(t, true)
		var moved []int64
		q.guard.OnMove(func(_ context.Context, items [][]byte) error {
			assert.Equal(t, before, d.data)
			for _, item := range items {
				_, ld, err := request.UnmarshalLogs(item)
				require.NoError(t, err)
				moved = append(moved, ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Int())
			}
			return nil
		})
		require.NoError(t, q.begin(t, d))
		time.Sleep(time.Minute)
		q.end(t)
		assert.ElementsMatch(t, []int64{0, 2, 4}, moved, "the three that were being sent, of which %v", left)
	})
}

func TestWhatCanNotBeToldStaysWhereItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := interrupted(t, true)
		before := maps.Clone(d.data)
		q := newQueue(t, true)
		q.guard.OnMove(func(context.Context, [][]byte) error { return errFull })
		require.ErrorIs(t, q.begin(t, d), errFull)
		q.end(t)
		assert.Equal(t, before, d.data)
	})
}

func BenchmarkPack(b *testing.B) {
	p := testPacker(b)
	item := []byte(strings.Repeat("a record of some hundred bytes that is like the one before it but for its visitor, ", 400))
	b.SetBytes(int64(len(item)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.unpack(p.pack(item)); err != nil {
			b.Fatal(err)
		}
	}
}
