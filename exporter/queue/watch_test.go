// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// watch looks at every state of a disk. A record stands in an item that the index knows, or
// in the sink, never in both, and what stood in one of them goes on to do so.
type watch struct {
	t      *testing.T
	known  map[int64]bool
	states int
	// exact is whether the index has to tell the sizes of the items, which it does until an
	// offer or a deletion fails.
	exact bool
}

func watched(t *testing.T, d *disk) *watch {
	t.Helper()
	w := &watch{t: t, known: make(map[int64]bool)}
	d.after = w.look
	return w
}

func (w *watch) look(data map[string][]byte) {
	w.states++
	found := make(map[int64]int)
	for _, record := range stored(w.t, data) {
		found[record]++
	}
	i, err := decodeIndex(data[indexKey])
	require.NoError(w.t, err)
	var items, bytes int64
	for number := range data {
		if !isItem(number) {
			continue
		}
		records := itemRecords(w.t, data[number])
		items += int64(len(records))
		bytes += sizeOf(records...)
		for _, record := range records {
			found[record]++
		}
		assert.True(w.t, i.knows(number), "item %s is of no queue", number)
	}
	if w.exact {
		assert.Equal(w.t, [2]int64{items, bytes}, [2]int64{i.items, i.bytes}, "the sizes in the index")
	}
	for record, n := range found {
		assert.Equal(w.t, 1, n, "how often record %d stands in the storage", record)
		w.known[record] = true
	}
	for record := range w.known {
		assert.NotZero(w.t, found[record], "record %d is gone", record)
	}
}

func itemRecords(t *testing.T, stored []byte) []int64 {
	t.Helper()
	g := &Guard{packer: testPacker(t)}
	ld, err := g.decode(stored)
	require.NoError(t, err)
	return numbers(ld)
}

func sizeOf(records ...int64) int64 {
	sizer := plog.ProtoMarshaler{}
	return int64(sizer.LogsSize(logs(records...)))
}

func (i *index) knows(key string) bool {
	for number := i.read; number < i.write; number++ {
		if itemKey(number) == key {
			return true
		}
	}
	return slices.ContainsFunc(i.dispatched, func(number uint64) bool { return itemKey(number) == key })
}
