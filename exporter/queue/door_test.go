// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
)

// full returns a run whose queue holds the records 1 to 3 and has room for no more, and what
// lets it go on.
func full(t *testing.T, d *disk, change ...func(*exporterhelper.QueueBatchConfig)) (r *run, unblock func()) {
	t.Helper()
	size := func(cfg *exporterhelper.QueueBatchConfig) { cfg.QueueSize = 3 }
	r = newRun(t, append([]func(*exporterhelper.QueueBatchConfig){size}, change...)...)
	unblock = r.sink.block()
	require.NoError(t, r.begin(t, d))
	for n := range int64(3) {
		require.NoError(t, r.offer(t.Context(), n+1))
	}
	time.Sleep(time.Second)
	return r, unblock
}

// remote returns the context of a request that a client has sent.
func remote(ctx context.Context) context.Context {
	return client.NewContext(ctx, client.Info{Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}})
}

func TestDoor_LetsInInTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, unblock := full(t, newDisk())
		admitted := make(chan error, 4)
		for _, records := range [][]int64{{4, 5, 6}, {7}, {8, 9}, {10}} {
			go func() { admitted <- r.offer(t.Context(), records...) }()
			synctest.Wait()
		}
		time.Sleep(time.Hour)
		assert.Empty(t, admitted, "a reader waits for as long as it takes")
		unblock()
		for range cap(admitted) {
			require.NoError(t, <-admitted)
		}
		time.Sleep(time.Second)
		assert.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, r.sink.taken(), "a small request does not overtake a large one")
		require.NoError(t, r.end(t))
	})
}

func TestDoor_AdmitsByTheSizeOfTheQueue(t *testing.T) {
	for name, tt := range map[string]struct {
		sizer exporterhelper.RequestSizerType
		size  int64
	}{
		"in records":  {exporterhelper.RequestSizerTypeItems, 4},
		"in bytes":    {exporterhelper.RequestSizerTypeBytes, 2 * sizeOf(1, 1)},
		"in requests": {exporterhelper.RequestSizerTypeRequests, 2},
	} {
		inBubble(t, name, func(t *testing.T) {
			r := newRun(t, func(cfg *exporterhelper.QueueBatchConfig) {
				cfg.Sizer, cfg.QueueSize, cfg.BlockOnOverflow = tt.sizer, tt.size, false
			})
			unblock := r.sink.block()
			require.NoError(t, r.begin(t, newDisk()))
			require.NoError(t, r.offer(t.Context(), 1, 2))
			time.Sleep(time.Second)
			require.NoError(t, r.offer(t.Context(), 3, 4), "one is in flight, and counts")
			require.ErrorIs(t, r.offer(t.Context(), 5, 6), exporterhelper.ErrQueueIsFull)
			unblock()
			time.Sleep(time.Second)
			require.NoError(t, r.offer(t.Context(), 7, 8))
			time.Sleep(time.Second)
			require.NoError(t, r.end(t))
			assert.Equal(t, []int64{1, 2, 3, 4, 7, 8}, r.sink.taken())
		})
	}
}

func TestDoor_CountsWhatAnEarlierRunHasLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r, _ := full(t, d)
		killed := d.copied() // a run that ends in order may hand on more before it has
		require.NoError(t, r.end(t))

		r = newRun(t, func(cfg *exporterhelper.QueueBatchConfig) { cfg.QueueSize, cfg.BlockOnOverflow = 3, false })
		r.sink.block()
		require.NoError(t, r.begin(t, killed))
		require.NoError(t, r.offer(t.Context(), 4), "one of three was in flight")
		require.ErrorIs(t, r.offer(t.Context(), 5), exporterhelper.ErrQueueIsFull)
		require.NoError(t, r.end(t))
		assert.Equal(t, []int64{1, 2, 3, 4}, drained(t, killed))
	})
}

func TestDoor_TellsWhatCouldNotBeWrittenFromWhatHadNoRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r, _ := full(t, d, func(cfg *exporterhelper.QueueBatchConfig) { cfg.BlockOnOverflow = false })
		var unwritten *StorageError
		assert.NotErrorAs(t, r.offer(t.Context(), 5), &unwritten)
		require.NoError(t, r.end(t))
		r = started(t, d)
		d.fail(writes)
		err := r.offer(t.Context(), 6)
		require.ErrorAs(t, err, &unwritten)
		require.ErrorIs(t, err, errFull)
		d.fail(nil)
		require.NoError(t, r.end(t))
	})
}

func TestDoor_RefusesForGoodWhatIsLargerThanTheQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := started(t, newDisk(), func(cfg *exporterhelper.QueueBatchConfig) { cfg.QueueSize = 3 })
		var tooLarge *TooLargeError
		require.ErrorAs(t, r.offer(t.Context(), 1, 2, 3, 4), &tooLarge)
		require.EqualError(t, tooLarge, "a request of 4 log records, 4 items, is larger than the sending queue, which holds 3: "+
			"make sending_queue::queue_size larger, or the requests smaller, by send_batch_max_size of a batch processor or at the sender")
		require.NoError(t, r.offer(t.Context(), 1, 2, 3), "one that just fits is taken")
		require.NoError(t, r.end(t))
	})
}

// TestDoor_WhoCannotWait has someone come to a full queue, and then in turn behind a reader
// who waits there.
func TestDoor_WhoCannotWait(t *testing.T) {
	for name, tt := range map[string]struct {
		who    func(ctx context.Context) (context.Context, context.CancelFunc)
		waits  time.Duration
		want   error
		taken  bool
		change func(*exporterhelper.QueueBatchConfig)
	}{
		"nobody waits where block_on_overflow is off": {
			who: context.WithCancel, want: exporterhelper.ErrQueueIsFull,
			change: func(cfg *exporterhelper.QueueBatchConfig) { cfg.BlockOnOverflow = false },
		},
		"a client waits for a second": {
			who: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithCancel(remote(ctx))
			},
			waits: time.Second, want: errNoRoom,
		},
		"a client waits no longer than it said": {
			who: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(remote(ctx), 100*time.Millisecond)
			},
			waits: 100 * time.Millisecond, want: context.DeadlineExceeded,
		},
		"a client who has gone is not taken": {
			who:   canceledAfter(remote, 10*time.Millisecond),
			waits: 10 * time.Millisecond, want: context.Canceled,
		},
		"a reader that hands on its last for so long only uses the reserve": {
			who: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Minute)
			},
			waits: time.Minute, taken: true,
		},
		"a reader that will not come back uses the reserve": {
			who:   canceledAfter(func(ctx context.Context) context.Context { return ctx }, time.Minute),
			waits: time.Minute, taken: true,
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := newDisk()
			var changes []func(*exporterhelper.QueueBatchConfig)
			if tt.change != nil {
				changes = append(changes, tt.change)
			}
			r, unblock := full(t, d, changes...)
			ctx, cancel := tt.who(t.Context())
			defer cancel()
			before := time.Now()
			require.ErrorIs(t, r.offer(ctx, 4), tt.want)
			assert.Equal(t, tt.waits, time.Since(before))

			unblock()
			time.Sleep(time.Second)
			want := []int64{1, 2, 3}
			if tt.taken {
				want = append(want, 4)
			}
			assert.Equal(t, want, r.sink.taken())
			require.NoError(t, r.end(t))
		})
	}
}

func canceledAfter(of func(context.Context) context.Context, d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(of(ctx))
		time.AfterFunc(d, cancel)
		return ctx, cancel
	}
}

func TestDoor_AClientWaitsForASecondBehindAReaderToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, unblock := full(t, newDisk())
		reader := make(chan error)
		go func() { reader <- r.offer(t.Context(), 4) }()
		synctest.Wait()
		before := time.Now()
		require.ErrorIs(t, r.offer(remote(t.Context()), 5), errNoRoom)
		assert.Equal(t, clientWaits, time.Since(before))
		unblock()
		require.NoError(t, <-reader)
		require.NoError(t, r.end(t))
	})
}

func TestDoor_TheReserveHasAnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDisk()
		r, _ := full(t, d, func(cfg *exporterhelper.QueueBatchConfig) { cfg.Sizer = exporterhelper.RequestSizerTypeRequests })
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		want := []int64{1, 2, 3}
		for n := range reserve[exporterhelper.RequestSizerTypeRequests] {
			require.NoError(t, r.offer(gone, n+4))
			want = append(want, n+4)
		}
		err := r.offer(gone, 9999)
		require.ErrorIs(t, err, exporterhelper.ErrQueueIsFull)
		var unwritten *StorageError
		assert.NotErrorAs(t, err, &unwritten)
		require.NoError(t, r.end(t))
		assert.Equal(t, want, drained(t, d), "in their order")
	})
}

func TestDoor_OfAQueueInMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.StorageID, cfg.QueueSize = nil, 1
		door := NewDoor(cfg, nil)
		blocked := make(chan struct{})
		helper := newHelper(t, exportertest.NewNopSettings(testID.Type()), door.Helper(), func(context.Context, plog.Logs) error {
			<-blocked
			return nil
		})
		require.NoError(t, helper.Start(t.Context(), newDisk()))
		require.NoError(t, door.Offer(t.Context(), logs(1), helper.ConsumeLogs))
		before := time.Now()
		require.ErrorIs(t, door.Offer(remote(t.Context()), logs(2), helper.ConsumeLogs), errNoRoom)
		assert.Equal(t, clientWaits, time.Since(before))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, door.Offer(ctx, logs(2), helper.ConsumeLogs), context.Canceled, "there is no reserve that outlives the process")
		var tooLarge *TooLargeError
		require.ErrorAs(t, door.Offer(t.Context(), logs(1, 2), helper.ConsumeLogs), &tooLarge)
		close(blocked)
		require.NoError(t, helper.Shutdown(t.Context()))
	})
}
