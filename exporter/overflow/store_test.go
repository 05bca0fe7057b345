// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package overflow

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDisk = errors.New("no space left on device")

// disk is a storage that outlives the Store, and fails when it is told to.
type disk struct {
	storage.Client
	mu     sync.Mutex
	fails  bool
	values map[string][]byte
}

func newDisk() *disk { return &disk{values: make(map[string][]byte)} }

func (d *disk) setFails(fails bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = fails
}

func (d *disk) Get(_ context.Context, key string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails {
		return nil, errDisk
	}
	return d.values[key], nil
}

func (d *disk) Batch(ctx context.Context, ops ...*storage.Operation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails {
		return errDisk
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, op := range ops {
		if op.Type == storage.Set {
			d.values[op.Key] = op.Value
		} else {
			delete(d.values, op.Key)
		}
	}
	return nil
}

func (*disk) Close(context.Context) error { return nil }

// queue has room for some requests.
type queue struct {
	mu    sync.Mutex
	room  int
	taken []string
}

var errFull = errors.New("sending queue is full")

func (q *queue) offer(_ context.Context, ld plog.Logs) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room == 0 {
		return errFull
	}
	q.room--
	q.taken = append(q.taken, ld.ResourceLogs().At(0).SchemaUrl())
	return nil
}

func (q *queue) makeRoom(room int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.room = room
}

func (q *queue) has() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string{}, q.taken...)
}

func requestNamed(name string) plog.Logs {
	ld := plog.NewLogs()
	resource := ld.ResourceLogs().AppendEmpty()
	resource.SetSchemaUrl(name)
	resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	return ld
}

func anySize(plog.Logs) error { return nil }

func open(t *testing.T, d *disk) *Store {
	t.Helper()
	s, err := Open(t.Context(), d, anySize, zap.NewNop())
	require.NoError(t, err)
	return s
}

func TestRequestsGoIntoTheQueueInTurnWhenThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := open(t, newDisk()), &queue{}
		s.Start(q.offer)
		for _, name := range []string{"a", "b", "c"} {
			require.NoError(t, s.Add(t.Context(), requestNamed(name)))
		}
		synctest.Wait()
		assert.Equal(t, 3, s.Records())
		assert.Empty(t, q.has())

		q.makeRoom(2)
		time.Sleep(pause)
		synctest.Wait()
		assert.Equal(t, []string{"a", "b"}, q.has())
		assert.Equal(t, 1, s.Records())

		q.makeRoom(9)
		time.Sleep(pause)
		synctest.Wait()
		assert.Equal(t, []string{"a", "b", "c"}, q.has())
		s.Stop()
	})
}

func TestWhatArrivesWaitsUntilNobodyStandsInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := open(t, newDisk()), &queue{}
		s.Start(q.offer)
		defer s.Stop()
		require.NoError(t, s.Wait(t.Context()), "nobody is there")
		require.NoError(t, s.Add(t.Context(), requestNamed("a")))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, s.Wait(ctx), context.DeadlineExceeded)

		began := time.Now()
		time.AfterFunc(10*time.Second, func() { q.makeRoom(1) })
		require.NoError(t, s.Wait(t.Context()))
		assert.LessOrEqual(t, time.Since(began), 10*time.Second+pause)
		assert.Equal(t, []string{"a"}, q.has())
	})
}

func TestWhatStandsInLineWhenARunEndsComesInTheNextInTheSameOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, q := newDisk(), &queue{}
		s := open(t, d)
		s.Start(q.offer)
		require.NoError(t, s.Add(t.Context(), requestNamed("a")))
		require.NoError(t, s.Add(t.Context(), requestNamed("b")))
		q.makeRoom(1)
		time.Sleep(pause)
		s.Stop()
		require.Equal(t, []string{"a"}, q.has())
		require.NoError(t, s.Add(t.Context(), requestNamed("c")), "a receiver may end late")

		q = &queue{room: 9}
		s = open(t, d)
		assert.Equal(t, 2, s.Records())
		s.Start(q.offer)
		require.NoError(t, s.Add(t.Context(), requestNamed("d")))
		require.NoError(t, s.Wait(t.Context()))
		assert.Equal(t, []string{"b", "c", "d"}, q.has())
		s.Stop()
		assert.Zero(t, open(t, d).Records())
	})
}

func TestACallersContextThatHasEndedDoesNotKeepItsRecordsFromBeingWrittenDown(t *testing.T) {
	d := newDisk()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, open(t, d).Add(ctx, requestNamed("a")))
	assert.Equal(t, 1, open(t, d).Records())
}

func TestWhatCanNotBeWrittenDownIsNotTaken(t *testing.T) {
	d := newDisk()
	s := open(t, d)
	d.setFails(true)
	require.ErrorIs(t, s.Add(t.Context(), requestNamed("a")), errDisk)
	assert.Zero(t, s.Records())
	require.NoError(t, s.Wait(t.Context()))
}

func TestNothingPassesARequestThatTheStorageCanNotLetGoOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, q := newDisk(), &queue{}
		s := open(t, d)
		s.Start(q.offer)
		require.NoError(t, s.Add(t.Context(), requestNamed("a")))
		synctest.Wait()
		d.setFails(true)
		q.makeRoom(9)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"a"}, q.has(), "the queue took it once")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, s.Wait(ctx))

		d.setFails(false)
		require.NoError(t, s.Wait(t.Context()))
		s.Stop()
	})
}

func TestADamagedLineIsRefused(t *testing.T) {
	whole := newDisk()
	require.NoError(t, open(t, whole).Add(t.Context(), requestNamed("a")))
	for name, damage := range map[string]func(map[string][]byte){
		"a line with another byte":    func(v map[string][]byte) { v[lineKey][0] ^= 1 },
		"a line that was cut":         func(v map[string][]byte) { v[lineKey] = v[lineKey][:3] },
		"an empty line":               func(v map[string][]byte) { v[lineKey] = []byte{} },
		"a request with another byte": func(v map[string][]byte) { v[requestKey(0)][6] ^= 1 },
		"a request that is missing":   func(v map[string][]byte) { delete(v, requestKey(0)) },
	} {
		d := &disk{values: make(map[string][]byte)}
		for key, value := range maps.All(whole.values) {
			d.values[key] = append([]byte{}, value...)
		}
		damage(d.values)
		_, err := Open(t.Context(), d, anySize, zap.NewNop())
		require.ErrorIs(t, err, errDamaged, name)
	}
	whole.fails = true
	_, err := Open(t.Context(), whole, anySize, zap.NewNop())
	require.ErrorIs(t, err, errDisk)
}

func TestARequestThatTheQueueCanNeverTakeIsRefusedAtTheStart(t *testing.T) {
	d := newDisk()
	require.NoError(t, open(t, d).Add(t.Context(), requestNamed("a")))
	_, err := Open(t.Context(), d, func(plog.Logs) error { return errFull }, zap.NewNop())
	require.ErrorIs(t, err, errFull)
	require.ErrorContains(t, err, "what waited for the sending queue in an earlier run: ")
	assert.Equal(t, 1, open(t, d).Records(), "and stays")
}

func TestTheLineHasABound(t *testing.T) {
	s := open(t, newDisk())
	large := plog.NewLogs()
	records := large.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range maxRecords - 1 {
		records.AppendEmpty()
	}
	require.NoError(t, s.Add(t.Context(), large))
	require.NoError(t, s.Add(t.Context(), requestNamed("a")))
	require.ErrorIs(t, s.Add(t.Context(), requestNamed("b")), errTooMany)
	assert.Equal(t, maxRecords, s.Records())
}
