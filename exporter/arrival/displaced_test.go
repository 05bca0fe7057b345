// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func visitor(n int) profile.Visitor {
	return profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: fmt.Sprint("v", n)}
}

func TestVisitorsAreWatchedFromWhenTheyAreDisplacedUntilTheWatchEnds(t *testing.T) {
	h := onDisk(t, t.TempDir())
	w := open(t, h)
	assert.False(t, w.Watches(zoe))
	require.NoError(t, w.Displaced(t.Context(), []profile.Visitor{zoe, visitor(1)}))
	assert.True(t, w.Watches(zoe))
	assert.False(t, w.Watches(visitor(2)))
	assert.False(t, w.Watches(profile.Visitor{Parameter: profile.MboxPC, ID: "zoe"}), "another kind of id")

	w = w.again(t, h)
	require.NoError(t, w.Displaced(t.Context(), []profile.Visitor{visitor(2)}))
	w = w.again(t, h)
	for _, v := range []profile.Visitor{zoe, visitor(1), visitor(2)} {
		assert.True(t, w.Watches(v), "what was displaced in any run may not have come yet")
	}
	assert.False(t, w.Watches(visitor(3)))

	needed, err := w.Needed(t.Context(), []Number{number(3, 1)}, func() bool { return false })
	require.NoError(t, err)
	require.False(t, needed)
	assert.False(t, w.Watches(zoe))
	w = w.again(t, h)
	assert.False(t, w.Watches(zoe))
	require.NoError(t, w.Close(t.Context()))
}

func TestVisitorsOfAnotherMappingCanNotBeToldFromOthersSoAllAreWatched(t *testing.T) {
	h := onDisk(t, t.TempDir())
	w := open(t, h)
	require.NoError(t, w.Displaced(t.Context(), []profile.Visitor{visitor(1)}))
	require.NoError(t, w.Close(t.Context()))

	other := func() *Watch {
		opened, err := Open(t.Context(), h, storageID, exporterID, "another mapping")
		require.NoError(t, err)
		return opened
	}
	w = other()
	assert.True(t, w.Watches(zoe))
	require.NoError(t, w.Displaced(t.Context(), []profile.Visitor{visitor(2)}))
	require.NoError(t, w.Close(t.Context()))
	w = other()
	assert.True(t, w.Watches(zoe), "the first are there still")
	_, err := w.Needed(t.Context(), []Number{number(3, 1)}, func() bool { return false })
	require.NoError(t, err)
	assert.False(t, w.Watches(zoe))
	require.NoError(t, w.Close(t.Context()))

	w = other()
	require.NoError(t, w.Displaced(t.Context(), []profile.Visitor{visitor(2)}))
	assert.True(t, w.Watches(visitor(2)))
	assert.False(t, w.Watches(zoe))
	require.NoError(t, w.Close(t.Context()))
}

func TestWhatTheBatchInHandHadMergedIsKeptWithThoseWhoAreDisplaced(t *testing.T) {
	h := onDisk(t, t.TempDir())
	w := open(t, h)
	require.NoError(t, w.Merging(t.Context(), []Value{tier(number(1, 7))}))
	w = w.again(t, h)
	require.NoError(t, w.Displaced(t.Context(), []profile.Visitor{zoe}))
	require.NoError(t, w.Merging(t.Context(), []Value{{visitor(1), "tier", number(1, 9)}}))
	w = w.again(t, h)
	assert.True(t, w.Superseded(tier(number(1, 6))))
	require.NoError(t, w.Close(t.Context()))
}

func TestThatAnotherMappingFoundNobodyDoesNotMeanThatNobodyIsDisplaced(t *testing.T) {
	h := onDisk(t, t.TempDir())
	w := open(t, h)
	require.NoError(t, w.Displaced(t.Context(), nil))
	require.NoError(t, w.Close(t.Context()))
	w, err := Open(t.Context(), h, storageID, exporterID, "the mended mapping")
	require.NoError(t, err)
	assert.True(t, w.Watches(zoe))
	require.NoError(t, w.Close(t.Context()))
}

// sizedStorage is a storage extension in memory.
type sizedStorage struct {
	component.StartFunc
	component.ShutdownFunc
	storage.Client
	data map[string][]byte
}

func (s *sizedStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return s, nil
}

func (s *sizedStorage) Get(_ context.Context, key string) ([]byte, error) { return s.data[key], nil }

func (s *sizedStorage) Set(ctx context.Context, key string, value []byte) error {
	return s.Batch(ctx, storage.SetOperation(key, value))
}

func (*sizedStorage) Close(context.Context) error { return nil }

func (s *sizedStorage) Batch(_ context.Context, operations ...*storage.Operation) error {
	for _, op := range operations {
		switch op.Type {
		case storage.Set:
			s.data[op.Key] = op.Value
		case storage.Delete:
			delete(s.data, op.Key)
		case storage.Get:
			op.Value = s.data[op.Key]
		}
	}
	return nil
}

func (s *sizedStorage) size() (bytes int) {
	for _, value := range s.data {
		bytes += len(value)
	}
	return bytes
}

func TestTheJournalGrowsWithTheValuesAndNotWithHowOftenTheyAreSent(t *testing.T) {
	disk := &sizedStorage{data: make(map[string][]byte)}
	h := host{disk}
	w := open(t, h)
	const visitors, batches = 1000, 1000
	last := number(1, batches)
	largest := 0
	for batch := range batches {
		values := make([]Value, visitors)
		for i := range values {
			values[i] = Value{visitor(i), "tier", number(1, int64(batch+1))}
		}
		require.NoError(t, w.Sending(t.Context(), values))
		largest = max(largest, disk.size())
	}
	assert.LessOrEqual(t, largest, 2*fewEntries*entrySize)
	w = w.again(t, h)
	for i := range visitors {
		assert.True(t, w.Superseded(Value{visitor(i), "tier", last - 1}))
		assert.False(t, w.Superseded(Value{visitor(i), "tier", last}))
	}
	require.NoError(t, w.Close(t.Context()))
}
