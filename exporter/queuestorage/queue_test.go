// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorage

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	storageID = component.MustNewID("file_storage")
	errFull   = errors.New("no space left on device")
)

// disk is a storage extension whose operations fail when they are told to. Its data
// outlives the runs of a queue.
type disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu   sync.Mutex
	data map[string][]byte
	ops  int
	// fails says whether the nth operation does.
	fails func(n int, ops []*storage.Operation) bool
	// after is called when the nth operation was carried out.
	after func(n int)
}

func (d *disk) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: d}
}

func (d *disk) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return d, nil
}

func (d *disk) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	return op.Value, d.Batch(ctx, op)
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (*disk) Close(context.Context) error { return nil }

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops++
	if d.fails != nil && d.fails(d.ops, ops) {
		return errFull
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = d.data[op.Key]
		case storage.Set:
			d.data[op.Key] = op.Value
		case storage.Delete:
			delete(d.data, op.Key)
		}
	}
	if d.after != nil {
		d.after(d.ops)
	}
	return nil
}

// set changes when operations fail.
func (d *disk) set(fails func(n int, ops []*storage.Operation) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = fails
}

// queue is one run of the helper's persistent queue. Records are numbers; while it
// holds, the even ones and the fifth are not delivered.
type queue struct {
	exporter.Logs
	guard   *Guard
	holds   atomic.Bool
	said    *observer.ObservedLogs
	mu      sync.Mutex
	taken   map[int64]bool
	arrived map[int64]bool
}

const consumers = 3

func newQueue(t *testing.T, guarded bool) *queue {
	t.Helper()
	core, said := observer.New(zap.InfoLevel)
	q := &queue{said: said, taken: map[int64]bool{}, arrived: map[int64]bool{}}
	set := exportertest.NewNopSettings(component.MustNewType("adobe_target"))
	set.Logger = zap.New(core)
	cfg := exporterhelper.NewDefaultQueueConfig()
	cfg.NumConsumers = consumers
	cfg.StorageID = &storageID
	cfg.Batch = configoptional.None[exporterhelper.BatchConfig]()
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0
	var err error
	q.Logs, err = exporterhelper.NewLogs(t.Context(), set, struct{}{}, q.push,
		exporterhelper.WithQueue(configoptional.Some(cfg)), exporterhelper.WithRetry(retry))
	require.NoError(t, err)
	if guarded {
		q.guard, err = New(storageID, set.Logger)
		require.NoError(t, err)
	}
	return q
}

// begin starts the queue as the exporter does.
func (q *queue) begin(t *testing.T, host component.Host) error {
	t.Helper()
	if q.guard == nil {
		return q.Start(t.Context(), host)
	}
	if err := q.Start(t.Context(), q.guard.Host(host)); err != nil {
		return err
	}
	return q.guard.Started()
}

// end shuts the queue down as the exporter does.
func (q *queue) end(t *testing.T) {
	t.Helper()
	if q.guard != nil {
		q.guard.Stop()
	}
	assert.NoError(t, q.Shutdown(t.Context()))
}

func (q *queue) push(ctx context.Context, ld plog.Logs) error {
	if q.guard != nil {
		if err := q.guard.Settle(ctx); err != nil {
			return err
		}
	}
	if ld.LogRecordCount() == 0 {
		return nil // the place of an offer that failed
	}
	record := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Int()
	if q.holds.Load() && (record%2 == 0 || record == 5) {
		return errors.New("not now")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.arrived[record] = true
	return nil
}

// offer offers records and notes which of them are taken.
func (q *queue) offer(t *testing.T, records ...int64) {
	t.Helper()
	for _, record := range records {
		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetInt(record)
		if q.ConsumeLogs(t.Context(), ld) == nil {
			q.mu.Lock()
			q.taken[record] = true
			q.mu.Unlock()
		}
	}
}

func (q *queue) seen() (taken, arrived map[int64]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.taken), maps.Clone(q.arrived)
}

// interrupted returns a disk on which a run has left three records that were being
// sent, two that were waiting, and nothing of those it has delivered.
func interrupted(t *testing.T, guarded bool) *disk {
	t.Helper()
	d := &disk{data: map[string][]byte{}}
	q := newQueue(t, guarded)
	q.holds.Store(true)
	require.NoError(t, q.begin(t, d))
	q.offer(t, 0, 1, 2, 3, 4, 5, 6)
	time.Sleep(time.Second)
	q.end(t)
	_, arrived := q.seen()
	require.Equal(t, map[int64]bool{1: true, 3: true}, arrived)
	d.ops = 0
	return d
}

// left are the records of an interrupted disk.
var left = map[int64]bool{0: true, 2: true, 4: true, 5: true, 6: true}

// drained returns what a run delivers that meets no fault.
func drained(t *testing.T, d *disk, guarded bool) map[int64]bool {
	t.Helper()
	d.set(nil)
	q := newQueue(t, guarded)
	require.NoError(t, q.begin(t, d))
	time.Sleep(time.Minute)
	q.end(t)
	_, arrived := q.seen()
	return arrived
}

// lost returns the records that were taken and did not arrive.
func lost(taken map[int64]bool, arrived ...map[int64]bool) (records []int64) {
	for record := range taken {
		found := false
		for _, some := range arrived {
			found = found || some[record]
		}
		if !found {
			records = append(records, record)
		}
	}
	return records
}
