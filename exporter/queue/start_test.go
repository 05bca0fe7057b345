// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

func legacyNumber(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

func TestGuard_RefusesWhatItDoesNotKnowAndChangesNothing(t *testing.T) {
	const damaged = "the index of the queue is damaged, or of a version of the Collector that this exporter does not know"
	for name, tt := range map[string]struct {
		change func(d *disk)
		want   string
	}{
		"an index with a field that is not known": {
			func(d *disk) { d.put(indexKey, append(d.data()[indexKey], 0x30, 1)) }, damaged,
		},
		"an index of which bytes are cut off": {
			func(d *disk) { d.put(indexKey, d.data()[indexKey][:20]) }, damaged,
		},
		"an index that reads behind its end": {
			func(d *disk) { d.put(indexKey, (&index{read: 9, write: 8}).encode()) }, "it reads behind its end",
		},
		"an index of something else": {
			func(d *disk) { d.put(indexKey, []byte("{}")) }, damaged,
		},
		"an index under the keys of a Collector before v0.137": {
			func(d *disk) {
				delete(d.parts[queueName], indexKey)
				d.put("ri", legacyNumber(6))
				d.put("wi", legacyNumber(8))
			},
			`written by a Collector before v0.137, under the key "ri"`,
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := unordered(t)
			tt.change(d)
			before := d.data()
			r := newRun(t)
			err := r.begin(t, d)
			require.ErrorContains(t, err, `sending_queue::storage: "file_storage" fails at the start of the queue, and keeps what it held: `)
			require.ErrorContains(t, err, tt.want)
			require.Error(t, r.offer(t.Context(), 1))
			time.Sleep(time.Minute)
			require.NoError(t, r.end(t))
			after := d.data()
			delete(after, accountKey) // a note beside what it held
			assert.Equal(t, before, after)
			assert.Empty(t, r.sink.taken())
			assert.Less(t, r.said.Len(), 10, "lines of the log")
		})
	}
}

// clientOf returns what a helper is given that asks its host for a client of that name.
func clientOf(t *testing.T, host component.Host, name string) storage.Client {
	t.Helper()
	extension, ok := host.GetExtensions()[storageID].(storage.Extension)
	require.True(t, ok)
	c, err := extension.GetClient(t.Context(), component.KindExporter, testID, name)
	require.NoError(t, err)
	return c
}

func TestGuard_RefusesAHelperThatUsesItsStorageInAnotherWay(t *testing.T) {
	const unused = "the sending queue of this Collector does not use the storage in the way this exporter knows"
	for name, tt := range map[string]struct {
		helper func(t *testing.T, host component.Host)
		want   string
	}{
		"it asks for no client":              {func(*testing.T, component.Host) {}, unused},
		"it asks for one under another name": {func(t *testing.T, host component.Host) { clientOf(t, host, "log_records") }, unused},
		"it asks and reads nothing":          {func(t *testing.T, host component.Host) { clientOf(t, host, queueName) }, unused},
		"it reads its index elsewhere": {
			func(t *testing.T, host component.Host) {
				_, err := clientOf(t, host, queueName).Get(t.Context(), "qmv1")
				require.NoError(t, err)
			}, unused,
		},
		"it writes its index elsewhere": {
			func(t *testing.T, host component.Host) {
				c := clientOf(t, host, queueName)
				_, err := c.Get(t.Context(), indexKey)
				require.NoError(t, err)
				require.Error(t, c.Set(t.Context(), "qmv1", []byte{1}))
			}, `the queue writes "qmv1", of which this exporter does not know what it is`,
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := newDisk()
			r := newRun(t)
			tt.helper(t, r.guard.Host(d))
			require.ErrorContains(t, r.guard.Started(), tt.want)
			require.NoError(t, r.end(t))
		})
	}
}

func TestGuard_AnIndexThatMovesWhileItRunsStopsAllThatIsWritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r := started(t, d)
		r.sink.block()
		require.NoError(t, r.offer(t.Context(), 1))
		time.Sleep(time.Second)
		before := d.data()
		require.ErrorContains(t, clientOf(t, r.guard.Host(d), queueName).Set(t.Context(), "qmv1", []byte{1}), `the queue writes "qmv1"`)
		require.Error(t, r.offer(t.Context(), 2))
		require.NoError(t, r.end(t))
		assert.Equal(t, before, d.data())
	})
}

func TestGuard_WhatEarlierBuildsHaveLeft(t *testing.T) {
	for name, tt := range map[string]struct {
		part, key string
		left      []byte
		want      string
	}{
		"deferred records are refused": {
			"deferred", "index", journal.Seal(legacyNumber(1)), `has left log records that were deferred`,
		},
		"no deferred records are no matter": {
			"deferred", "index", journal.Seal(nil), "",
		},
		"records of a full queue are refused": {
			"overflow", "line", journal.Seal(legacyNumber(1)), `has left log records that waited for the queue`,
		},
		"an empty line is no matter": {
			"overflow", "line", journal.Seal(nil), "",
		},
		"displaced records are refused": {
			"arrival", "displaced", journal.Seal(legacyNumber(1)), `has left log records that are out of their order`,
		},
		"no displaced records are no matter": {
			"arrival", "displaced", journal.Seal(nil), "",
		},
		"a part without the key is none": {
			"arrival", "another", journal.Seal(legacyNumber(1)), "",
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := unordered(t)
			d.parts[tt.part] = map[string][]byte{tt.key: tt.left}
			before := d.copied().parts
			r := newRun(t)
			err := r.begin(t, d)
			time.Sleep(time.Second)
			require.NoError(t, r.end(t))
			if tt.want == "" {
				require.NoError(t, err)
				assert.Equal(t, requestsOf(2, 3, 4, 5, 6, 7), r.sink.taken())
				return
			}
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "let that build send them until its queue and what it deferred are empty, "+
				`or remove the storage's file for "`+tt.part+`"`)
			after := d.copied().parts
			assert.Equal(t, before[queueName], after[queueName])
			assert.Equal(t, before[tt.part], after[tt.part])
			assert.Empty(t, r.sink.taken())
		})
	}
}

// FuzzIndex reads what it is given as an index, and what it has read as the helper does.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(nil))
	f.Add((&index{items: 4, bytes: 300, read: 3, write: 5}).encode())
	f.Add(append((&index{items: -1, write: 1 << 63}).encode(), 0x2a, 8, 1, 0, 0, 0, 0, 0, 0, 0))
	f.Add(protowire.AppendFixed64(protowire.AppendTag(nil, 5, protowire.Fixed64Type), 7))
	f.Fuzz(func(t *testing.T, stored []byte) {
		i, err := decodeIndex(stored)
		if err != nil {
			require.ErrorIs(t, err, errIndex)
			return
		}
		require.LessOrEqual(t, i.read, i.write)
		require.IsNonDecreasing(t, append([]uint64{0}, i.dispatched...))
		i.dispatched = nil
		again, err := decodeIndex(i.encode())
		require.NoError(t, err)
		require.Equal(t, i, again)
	})
}
