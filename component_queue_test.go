// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// requestOf returns a request of so many records of one visitor.
func requestOf(records int) plog.Logs {
	ld := plog.NewLogs()
	for range records {
		oneRecord("a", "n", "1").ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

// full has a queue of three records before an outbox of one visitor.
func full(r *run) {
	r.cfg.QueueConfig.Get().QueueSize = 3
	r.cfg.Outbox.MaxVisitors = 1
	r.cfg.DrainTimeout = 0
}

// fill fills outbox and queue while nothing gets through, and returns how many records went in,
// each of a visitor of its own.
func fill(t *testing.T, r *run) (n int) {
	t.Helper()
	for r.ConsumeLogs(remotely(t.Context()), oneRecord("v"+strconv.Itoa(n), "n", strconv.Itoa(n))) == nil {
		n++
	}
	return n
}

// remotely marks the context as that of a request over the network.
func remotely(ctx context.Context) context.Context {
	return client.NewContext(ctx, client.Info{Addr: &net.TCPAddr{}})
}

func TestQueue_RefusesForGoodWhatIsLargerThanIt(t *testing.T) {
	for place, keep := range places {
		for name, tt := range map[string]struct {
			sizer exporterhelper.RequestSizerType
			size  int64
			fits  int
			want  string
		}{
			"in items": {exporterhelper.RequestSizerTypeItems, 5, 5, "6 items, is larger than the sending queue, which holds 5: " +
				"make sending_queue::queue_size larger, or the requests smaller, by send_batch_max_size of a batch processor or at the sender"},
			"in bytes": {exporterhelper.RequestSizerTypeBytes, 100, 1, " bytes, is larger than the sending queue, which holds 100"},
		} {
			t.Run(place+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, &wire{answer: taken}, keep(t), with(func(cfg *Config) {
						cfg.QueueConfig.Get().Sizer, cfg.QueueConfig.Get().QueueSize = tt.sizer, tt.size
					}))
					err := r.ConsumeLogs(t.Context(), requestOf(6))
					require.ErrorContains(t, err, "Permanent error: a request of 6 log records, ")
					require.ErrorContains(t, err, tt.want)
					assert.True(t, consumererror.IsPermanent(err))
					assert.Equal(t, map[string]int64{"rejected larger_than_queue": 6}, r.count(t).outcomes)
					r.consume(t, requestOf(tt.fits))
					r.end(t)
				})
			})
		}
	}
}

func TestQueue_InRequestsTakesOneOfAnySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: taken}, with(func(cfg *Config) {
			cfg.QueueConfig.Get().Sizer, cfg.QueueConfig.Get().QueueSize = exporterhelper.RequestSizerTypeRequests, 5
		}))
		r.consume(t, requestOf(6))
		r.end(t)
		assert.Equal(t, map[string]int64{"delivered": 6}, r.count(t).outcomes)
	})
}

func TestQueue_ThatIsFullLetsAClientWaitASecond(t *testing.T) {
	for place, keep := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: tooMany}, full, keep(t))
				n := fill(t, r)
				began := time.Now()
				err := r.ConsumeLogs(remotely(t.Context()), oneRecord("late", "n", "1"))
				require.ErrorContains(t, err, "the sending queue is full and nothing was taken, send it again later")
				assert.False(t, consumererror.IsPermanent(err))
				assert.Equal(t, time.Second, time.Since(began))
				r.assertAdds(t)
				assert.Equal(t, int64(n), r.count(t).received)
				r.end(t)
			})
		})
	}
}

// TestQueue_ThatIsFullKeepsWhatAReceiverWasHandingOnWhenItEnded has a file receiver that has moved
// on in its file, and cannot hand it on again.
func TestQueue_ThatIsFullKeepsWhatAReceiverWasHandingOnWhenItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fileStorage(t, t.TempDir())
		w := &wire{answer: tooMany}
		r := begin(t, w, on(disk), full)
		n := fill(t, r)
		ending, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		began := time.Now()
		for i := range 2 {
			require.NoError(t, r.ConsumeLogs(ending, oneRecord("v"+strconv.Itoa(i), "n", strconv.Itoa(n+i))))
		}
		assert.Equal(t, time.Minute, time.Since(began))
		r.assertAdds(t)
		r.end(t)

		w.now(taken)
		r = begin(t, w, on(disk))
		assert.Equal(t, int64(n+2), r.count(t).recovered)
		r.consume(t, oneRecord("v1", "n", strconv.Itoa(n+2)))
		r.watch(t, 10*time.Second, time.Second)
		assert.Equal(t, int64(n+3), r.count(t).outcomes["delivered"])
		r.end(t)
		assert.Equal(t, n+2, w.assertOrder(t)["v1"])
	})
}

func TestQueue_InMemoryGivesBackWhatAReceiverWasHandingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, &wire{answer: tooMany}, full)
		n := fill(t, r)
		ending, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		require.ErrorIs(t, r.ConsumeLogs(ending, oneRecord("late", "n", "1")), context.Canceled)
		assert.Equal(t, int64(n), r.count(t).received)
		r.end(t)
	})
}

func TestQueue_CountsADamagedItemAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &flawed{Extension: fileStorage(t, t.TempDir())}
		disk.now(func(ops []*storage.Operation) error {
			for _, op := range ops {
				if op.Type == storage.Set && op.Key == "0" { // the first item
					op.Value = op.Value[:len(op.Value)/2]
				}
			}
			return nil
		})
		r := begin(t, &wire{answer: taken}, on(disk))
		r.consume(t, oneRecord("a", "n", "1"))
		r.consume(t, oneRecord("b", "n", "1"))
		time.Sleep(10 * time.Second)
		assert.Equal(t, map[string]int64{"delivered": 1}, r.count(t).outcomes)
		metadatatest.AssertEqualAdobeTargetQueueDamaged(t, r.telemetry, []metricdata.DataPoint[int64]{{
			Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: 1,
		}}, metricdatatest.IgnoreTimestamp())
		r.end(t)
	})
}

// TestQueue_LosesNothingWhileItsStorageFails has more visitors than stand in memory, and a record of
// one of the others. What is configured for calls that fail is not for a storage that does.
func TestQueue_LosesNothingWhileItsStorageFails(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"with the default retry": func(*Config) {},
		"with retry off":         func(cfg *Config) { cfg.RetryConfig.Enabled = false },
		"with a short retry": func(cfg *Config) {
			cfg.RetryConfig.MaxElapsedTime = time.Minute
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &flawed{Extension: fileStorage(t, t.TempDir())}
				r := begin(t, &wire{answer: taken}, on(disk), with(change), with(func(cfg *Config) { cfg.Outbox.MergeWindow = 10 * time.Hour }))
				r.consume(t, severalRecords(12_000))
				time.Sleep(10 * time.Second)
				disk.now(func(ops []*storage.Operation) error {
					if strings.HasPrefix(ops[0].Key, "outbox") && ops[0].Type == storage.Get {
						return errors.New("the disk is gone")
					}
					return nil
				})
				r.consume(t, oneRecord("v0", "n", "12000"))
				r.watch(t, time.Hour, 10*time.Minute)
				assert.Equal(t, int64(9601), r.count(t).held)
				disk.now(nil)
				r.watch(t, time.Minute, 10*time.Second)
				assert.Equal(t, int64(9601), r.count(t).held)
				assert.Equal(t, map[string]int64{"skipped no_visitor": 2400}, r.count(t).outcomes)
				r.end(t)
			})
		})
	}
}

// TestQueue_TellsForHowLongItsOldestRecordHasWaited has an outbox that is full hold up the queue.
func TestQueue_TellsForHowLongItsOldestRecordHasWaited(t *testing.T) {
	for place, keep := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: tooMany}
				r := begin(t, w, keep(t), with(func(cfg *Config) { cfg.Outbox.MaxVisitors = 1 }))
				age := func(want time.Duration) {
					t.Helper()
					metadatatest.AssertEqualAdobeTargetQueueAge(t, r.telemetry, []metricdata.DataPoint[float64]{{
						Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: want.Seconds(),
					}}, metricdatatest.IgnoreTimestamp())
				}
				age(0)
				r.consume(t, oneRecord("a", "n", "1"))
				time.Sleep(time.Minute)
				age(0)
				r.consume(t, oneRecord("b", "n", "1"))
				time.Sleep(10 * time.Second)
				r.consume(t, oneRecord("c", "n", "1"))
				time.Sleep(10 * time.Second)
				age(20 * time.Second)
				w.now(taken)
				time.Sleep(time.Hour)
				age(0)
				r.end(t)
			})
		})
	}
}

func TestQueue_CountsTheAgeOfWhatAnEarlierRunHasLeftFromItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fileStorage(t, t.TempDir())
		r := begin(t, &wire{answer: tooMany}, on(disk), full)
		fill(t, r)
		r.end(t)
		time.Sleep(time.Hour)
		r = begin(t, &wire{answer: tooMany}, on(disk), full)
		time.Sleep(time.Minute)
		metadatatest.AssertEqualAdobeTargetQueueAge(t, r.telemetry, []metricdata.DataPoint[float64]{{
			Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target")), Value: 60,
		}}, metricdatatest.IgnoreTimestamp())
		r.end(t)
	})
}

func TestQueue_HasNoAgeWhereTheCallerWaits(t *testing.T) {
	for way, wait := range waits {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: taken}, wait)
				r.consume(t, oneRecord("a", "n", "1"))
				_, err := r.telemetry.GetMetric("otelcol.adobe_target.queue.age")
				require.ErrorContains(t, err, "not found")
				r.end(t)
			})
		})
	}
}
