// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

// batching has the helper's batches on. None takes a part of a request only, which would be
// counted in the queue until the rest is taken too.
func batching(r *run) {
	batch := r.cfg.QueueConfig.Get().Batch.GetOrInsertDefault()
	batch.MinSize, batch.FlushTimeout, batch.Sizer = 7, time.Second, exporterhelper.RequestSizerTypeItems
}

func TestBatch_OnIsWarnedOfAndWorks(t *testing.T) {
	for place, keep := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: taken}, keep(t), batching)
				assert.Equal(t, 1, r.logs.FilterMessageSnippet("sending_queue::batch is on").Len())
				for i := range 20 {
					r.consume(t, fiveRecords(i))
				}
				r.watch(t, 10*time.Second, 300*time.Millisecond)
				assert.Equal(t, map[string]int64{"delivered": 80, "skipped no_visitor": 20}, r.count(t).outcomes)
				r.end(t)
			})
		})
	}
}

// TestBatch_InFlightInStorageComesInTheNextRun has a batch in flight whose items stand in the
// helper's list the wrong way round, since those of the batch before were taken out of it.
func TestBatch_InFlightInStorageComesInTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fileStorage(t, t.TempDir())
		w := &wire{answer: down}
		r := begin(t, w, on(disk), batching, with(func(cfg *Config) {
			cfg.Outbox.MaxVisitors, cfg.Outbox.MergeWindow = 1, 0
		}))
		for range 7 {
			r.consume(t, oneRecord("x", "n", "0"))
		}
		r.watch(t, 2*time.Second, 300*time.Millisecond)
		for n := range 30 {
			r.consume(t, oneRecord("v"+strconv.Itoa(n/7), "n", strconv.Itoa(n)))
		}
		r.watch(t, 2*time.Second, 300*time.Millisecond)
		w.now(func(c call) (int, error) { // x goes, and the first batch takes its place
			if c.visitor() == "x" {
				return http.StatusOK, nil
			}
			return hang(c)
		})
		r.watch(t, 9*time.Second, 300*time.Millisecond)
		r.end(t)
		assert.Equal(t, map[string]int64{"delivered": 7}, r.count(t).outcomes)

		w.now(taken)
		r = begin(t, w, on(disk), batching)
		assert.Equal(t, int64(30), r.count(t).recovered)
		r.watch(t, time.Minute, time.Second)
		assert.Equal(t, map[string]int64{"delivered": 30}, r.count(t).outcomes)
		r.end(t)
		assert.Equal(t, map[string]int{"x": 0, "v0": 6, "v1": 13, "v2": 20, "v3": 27, "v4": 29}, w.assertOrder(t))
	})
}

func TestBatch_IsToldToTheCollector(t *testing.T) {
	for name, change := range map[string]func(*run){"off": func(*run) {}, "on": batching} {
		t.Run(name, func(t *testing.T) {
			r := create(t, &wire{answer: taken}, change)
			type batches interface{ ExporterHelperBatchingEnabled() bool }
			require.Implements(t, (*batches)(nil), r.Logs)
			_, tells := r.Logs.(*logsExporter).helper.(batches) // in newer versions
			assert.Equal(t, tells && name == "on", r.Logs.(batches).ExporterHelperBatchingEnabled())
			r.end(t)
		})
	}
}

// TestConsumeLogs_LeavesTheCallersDataAsItWas hands on data that panic when they are changed,
// unless the exporter has said that it changes them.
func TestConsumeLogs_LeavesTheCallersDataAsItWas(t *testing.T) {
	ways := map[string]func(*testing.T) func(*run){
		"without a queue": func(*testing.T) func(*run) { return withoutQueue },
		"wait_for_result": func(*testing.T) func(*run) { return waitingForResult },
		"in memory":       places["in memory"],
		"in storage":      places["in storage"],
	}
	for way, change := range ways {
		for name, answer := range map[string]func(call) (int, error){"taken": taken, "held": down} {
			t.Run(way+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, &wire{answer: answer}, change(t), with(func(cfg *Config) {
						cfg.RetryConfig.MaxElapsedTime, cfg.DrainTimeout = time.Minute, time.Minute
					}))
					require.False(t, r.Capabilities().MutatesData)
					ld := severalRecords(10)
					ld.ResourceLogs().At(0).Resource().Attributes().PutStr("adobe_target.arrival", "the user's own")
					marshaler := plog.ProtoMarshaler{}
					before, err := marshaler.MarshalLogs(ld)
					require.NoError(t, err)
					ld.MarkReadOnly()
					_ = r.ConsumeLogs(t.Context(), ld) // held, it is given back
					time.Sleep(10 * time.Second)
					r.end(t)
					after, err := marshaler.MarshalLogs(ld)
					require.NoError(t, err)
					assert.Equal(t, before, after)
				})
			})
		}
	}
}
