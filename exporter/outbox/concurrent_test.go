// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// TestOutbox_IsForSeveralAtOnce has several put, take, upload and write at once. Each record ends once,
// and no visitor has two calls out.
func TestOutbox_IsForSeveralAtOnce(t *testing.T) {
	const putters, senders, rounds = 3, 3, 200
	cfg := testConfig()
	cfg.MergeWindow = 0
	inMemoryAndStored(t, cfg, func(t *testing.T, f *fixture) {
		var ended, under atomic.Int64
		var out sync.Map
		var putting, others sync.WaitGroup
		done := make(chan struct{})
		for range putters {
			putting.Go(func() {
				for round := range rounds {
					batch := batchOf(says("v"+strconv.Itoa(round%17), "n", strconv.Itoa(round)), says("w"+strconv.Itoa(round%5)))
					assert.NoError(t, f.Put(t.Context(), batch, time.Now()))
				}
			})
		}
		fails := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		until := func(work func()) {
			others.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						work()
					}
				}
			})
		}
		for range senders {
			until(func() {
				for lane := range []outbox.Lane{outbox.Fresh, outbox.FailingAlone} {
					f.Due(time.Now())
					e, err := f.Take(t.Context(), outbox.Lane(lane))
					fails(err)
					if e == nil {
						continue
					}
					_, twice := out.LoadOrStore(e.Visitor, true)
					assert.False(t, twice)
					runtime.Gosched()
					out.Delete(e.Visitor)
					if under.Add(1)%3 == 0 {
						e.Attempts = 1 - e.Attempts
						f.Retry(e, time.Now())
						continue
					}
					ended.Add(int64(e.Records))
					f.End(e)
				}
			})
		}
		until(func() {
			f.Due(time.Now())
			e, err := f.Take(t.Context(), outbox.Fresh)
			fails(err)
			if e == nil {
				return
			}
			_, twice := out.LoadOrStore(e.Visitor, true)
			assert.False(t, twice)
			upload := f.Begin("note")
			f.enlist(upload, e)
			for written := false; !written; written = f.Written(upload) {
				select {
				case <-done:
					return
				default:
					runtime.Gosched()
				}
			}
			rows := 0
			for row, err := range f.Rows(t.Context(), upload) {
				fails(err)
				assert.Equal(t, e.Row, row.Row)
				rows++
			}
			assert.Equal(t, 1, rows)
			_, err = f.Unload(t.Context(), upload, func(row *outbox.Entry) time.Time {
				out.Delete(row.Visitor)
				ended.Add(int64(row.Uploaded))
				return arrived(row)
			})
			fails(err)
			f.Close(upload)
			_, err = f.Forget(t.Context(), time.Now())
			fails(err)
		})
		until(func() {
			f.write()
			f.Uploads()
			f.Held()
			f.Age(time.Now())
			f.Fits(batchOf(says("new")))
		})
		putting.Wait()
		for f.Held().Visitors > 0 && !t.Failed() {
			<-f.Room()
		}
		close(done)
		others.Wait()
		require.Equal(t, int64(putters*rounds*2), ended.Load())
		assert.Zero(t, f.Held())
	})
}
