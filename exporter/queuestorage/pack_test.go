// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
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
		_, _ = p.unpack(append([]byte(mark), sealed.Seal(item)...)) // whatever it is, it is no reason to panic
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

// stands returns an interrupted disk, and the keys of its items that were being sent and
// of those that were waiting. A consumer can take one more while the queue shuts down.
func stands(t *testing.T) (d *disk, inFlight, waiting []string) {
	t.Helper()
	for len(waiting) == 0 {
		d = interrupted(t, true)
		inFlight, waiting = nil, nil
		for index := d.data[indexKey]; len(index) > 0; {
			number, _, n := protowire.ConsumeField(index)
			if number == 5 {
				_, _, tag := protowire.ConsumeTag(index)
				dispatched, _ := protowire.ConsumeBytes(index[tag:])
				for ; len(dispatched) > 0; dispatched = dispatched[8:] {
					inFlight = append(inFlight, strconv.FormatUint(binary.LittleEndian.Uint64(dispatched), 10))
				}
			}
			index = index[n:]
		}
		for key := range d.data {
			if isItem(key) && !slices.Contains(inFlight, key) {
				waiting = append(waiting, key)
			}
		}
	}
	require.Len(t, d.data, len(left)+1)
	require.GreaterOrEqual(t, len(inFlight), consumers)
	return d, inFlight, waiting
}

func TestADamagedItemIsSetAsideAndTheOthersAreDelivered(t *testing.T) {
	for name, wasInFlight := range map[string]bool{"it was being sent": true, "it was waiting": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, inFlight, waiting := stands(t)
				key := waiting[0]
				if wasInFlight {
					key = inFlight[0]
				}
				damaged := d.data[key][:7]
				d.data[key] = damaged
				q := newQueue(t, true)
				require.NoError(t, q.begin(t, d))
				time.Sleep(time.Minute)
				q.end(t)
				_, arrived := q.seen()
				assert.Len(t, arrived, len(left)-1)
				said := q.said.FilterMessageSnippet("An item of the sending queue is damaged").All()
				require.Len(t, said, 1)
				assert.Equal(t, int64(len(damaged)), said[0].ContextMap()["bytes"])
				assert.Equal(t, damaged, d.data[asideKey+key])
				assert.Len(t, d.data, 2, "the index and what was set aside are left")
			})
		})
	}
}

// TestADamagedItemIsKeptWhereItIsWhileItCanNotBeSetAside runs its first part in real
// time: what waits for the lock of the queue would stop a virtual one.
func TestADamagedItemIsKeptWhereItIsWhileItCanNotBeSetAside(t *testing.T) {
	d := &disk{}
	var key string
	synctest.Test(t, func(t *testing.T) {
		before, _, waiting := stands(t)
		d.data, key = before.data, waiting[0]
	})
	damaged := d.data[key][:7]
	d.data[key] = damaged
	d.set(func(_ int, ops []*storage.Operation) bool {
		return len(ops) == 1 && strings.HasPrefix(ops[0].Key, asideKey)
	})
	q := newQueue(t, true)
	waits := make(chan struct{})
	q.guard.pause = func(stopping context.Context, _ time.Duration) bool {
		close(waits)
		<-stopping.Done()
		return false
	}
	require.NoError(t, q.begin(t, d))
	<-waits
	q.end(t)
	assert.Equal(t, damaged, d.data[key])
	assert.NotContains(t, d.data, asideKey+key)

	synctest.Test(t, func(t *testing.T) {
		drained(t, d, true)
		assert.Equal(t, damaged, d.data[asideKey+key])
		assert.NotContains(t, d.data, key)
	})
}

func TestItemsThatTheHelperStoredByItselfAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		assert.Equal(t, left, drained(t, interrupted(t, false), true))
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
		d, inFlight, _ := stands(t)
		before := maps.Clone(d.data)
		q := newQueue(t, true)
		var moved []string
		q.guard.OnMove(func(_ context.Context, items [][]byte) error {
			assert.Equal(t, before, d.data)
			for _, item := range items {
				_, ld, err := request.UnmarshalLogs(item)
				require.NoError(t, err)
				record := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Int()
				moved = append(moved, strconv.FormatInt(record, 10)) // the items have the numbers of their records
			}
			return nil
		})
		require.NoError(t, q.begin(t, d))
		time.Sleep(time.Minute)
		q.end(t)
		assert.ElementsMatch(t, inFlight, moved)
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
