// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter"
)

func TestTheMeasuredBatchesAreFullWhateverTheWarmUpIs(t *testing.T) {
	var sizes []int
	sink, err := consumer.NewLogs(func(_ context.Context, batch plog.Logs) error {
		sizes = append(sizes, batch.LogRecordCount())
		return nil
	})
	require.NoError(t, err)
	m, err := clientOptions{calls: 25_000}.feed(t.Context(), sink)
	require.NoError(t, err)
	assert.Equal(t, []int{2_000 /* the warm-up */, 10_000, 10_000, 5_000}, sizes)
	assert.Equal(t, 25_000, m.Calls)
	assert.Equal(t, 27_000, m.Made)
	assert.Positive(t, m.PeakRSS)
}

func TestNoBatchIsMadeWhileTheClockRuns(t *testing.T) {
	sink, err := consumer.NewLogs(func(context.Context, plog.Logs) error { return nil })
	require.NoError(t, err)
	m, err := clientOptions{calls: 12_345}.feed(t.Context(), sink)
	require.NoError(t, err)
	// A record has seven attributes; making one allocates more than once.
	assert.Less(t, m.Allocations, uint64(1_000))
}

func TestFewCallsAreOneBatch(t *testing.T) {
	batches := batchesOf(7)
	require.Len(t, batches, 1)
	assert.Equal(t, 7, batches[0].LogRecordCount())
}

func TestABatchIsAsLargeAsTheDefaultOfTheExporter(t *testing.T) {
	cfg := adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config)
	assert.EqualValues(t, madeAhead, cfg.QueueConfig.Get().Batch.Get().MinSize)
}

func TestTheExporterSendsTheBodyThatTheFloorSends(t *testing.T) {
	bodies := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body)
		new(countingServer).ServeHTTP(w, r)
	}))
	defer server.Close()
	e, err := newExporter(t.Context(), clientOptions{url: server.URL, concurrency: 1})
	require.NoError(t, err)
	require.NoError(t, e.ConsumeLogs(t.Context(), logs(1)))
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, post(t.Context(), server.Client(), server.URL+updatePath, actionOf(0).form()))

	exported := <-bodies
	assert.Equal(t, exported, <-bodies)
	assert.Contains(t, exported, string(actionOf(0).form()))
	assert.Empty(t, bodies)
}
