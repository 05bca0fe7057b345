// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var (
	storageID = component.MustNewID("file_storage")
	acme      = Key{ClientCode: "acme", Endpoint: "https://acme.tt.omtrdc.net"}
)

// disk is a storage extension in memory, for virtual time: the real one is tested
// with the built distribution.
type disk struct {
	component.StartFunc
	component.ShutdownFunc
	files   map[string]map[string][]byte
	full    error
	slow    time.Duration // what a write takes
	writes  int
	written int // bytes of all writes
}

func newDisk() *disk { return &disk{files: make(map[string]map[string][]byte)} }

func (d *disk) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: d}
}

func (d *disk) GetClient(_ context.Context, _ component.Kind, id component.ID, name string) (storage.Client, error) {
	file := id.String() + name
	if d.files[file] == nil {
		d.files[file] = make(map[string][]byte)
	}
	return &diskClient{disk: d, data: d.files[file]}, nil
}

type diskClient struct {
	storage.Client
	disk *disk
	data map[string][]byte
}

func (c *diskClient) Get(_ context.Context, key string) ([]byte, error) { return c.data[key], nil }

func (c *diskClient) Set(_ context.Context, key string, value []byte) error {
	if c.disk.full != nil {
		return c.disk.full
	}
	time.Sleep(c.disk.slow)
	c.disk.writes++
	c.disk.written += len(value)
	c.data[key] = value
	return nil
}

func (c *diskClient) Delete(_ context.Context, key string) error {
	if c.disk.full != nil {
		return c.disk.full
	}
	c.disk.writes++
	delete(c.data, key)
	return nil
}

func (*diskClient) Close(context.Context) error { return nil }

// copied is the disk as a crash at this moment would leave it.
func (d *disk) copied() *disk {
	c := newDisk()
	for file, data := range d.files {
		c.files[file] = maps.Clone(data)
	}
	return c
}

func stored(calls, reservation int) Limits {
	return Limits{Quota: WindowConfig{Calls: calls, Window: time.Hour, Storage: &storageID, Reservation: reservation}}
}

// persisted returns an account on a disk, by a clock that is the test's.
func persisted(t *testing.T, d *disk, limits Limits, now func() instant) *Account {
	t.Helper()
	a := NewAccount(limits)
	a.now = now
	_, err := a.Persist(t.Context(), d, storageID, acme)
	require.NoError(t, err)
	return a
}

// machineStart is before all tests in virtual time.
var machineStart = time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)

// oneStart is the time of a machine that is not started anew.
func oneStart() instant {
	return instant{wall: time.Now(), boot: "b1", uptime: time.Since(machineStart)}
}

func makeCalls(t *testing.T, a *Account, n int) {
	t.Helper()
	for range n {
		require.NoError(t, a.Wait(t.Context(), new(Waits)))
		a.Done(time.Now())
	}
}

func TestARestartCountsWhatWasSentBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a := persisted(t, d, stored(100, 10), oneStart)
		makeCalls(t, a, 60)
		time.Sleep(30 * time.Minute)
		makeCalls(t, a, 30)
		require.NoError(t, a.Unpersist(t.Context()))

		time.Sleep(10 * time.Minute)
		a = persisted(t, d, stored(100, 10), oneStart)
		assert.Equal(t, 90, a.Usage().Used, "exactly what was sent")
		makeCalls(t, a, 10)
		start := time.Now()
		makeCalls(t, a, 60)
		assert.InDelta(t, 20*time.Minute, time.Since(start), float64(2*time.Hour/buckets), "the first 60 are free an hour after they were made")
		require.NoError(t, a.Unpersist(t.Context()))
	})
}

func TestACrashCountsAtMostOneReservationTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a := persisted(t, d, stored(1000, 50), oneStart)
		for n := range 300 {
			makeCalls(t, a, 1)
			crashed := persisted(t, d.copied(), stored(1000, 50), oneStart)
			used := crashed.Usage().Used
			assert.GreaterOrEqual(t, used, n+1, "never too few")
			assert.LessOrEqual(t, used, n+1+50)
		}
		assert.Equal(t, 6, d.writes, "one write for each reservation")
		require.NoError(t, a.Unpersist(t.Context()))
	})
}

func TestReservedCallsCountFromTheRestartOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a := persisted(t, d, stored(100, 50), oneStart)
		makeCalls(t, a, 1)
		time.Sleep(50 * time.Minute)
		makeCalls(t, a, 49) // of the same reservation, long after it was written
		crash := d.copied()
		time.Sleep(20 * time.Minute)
		b := persisted(t, crash, stored(100, 50), oneStart)
		assert.Equal(t, 50, b.Usage().Used, "when they were made is not known, so it may have been just now")
		require.NoError(t, a.Unpersist(t.Context()))
	})
}

func TestAClockThatIsSetDoesNotOpenTheWindowEarly(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after instant
		want          int
	}{
		"back, machine not started anew":         {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(1e8, 0), "b1", time.Hour + time.Minute}, 5},
		"forward, machine not started anew":      {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(2e9, 0), "b1", time.Hour + time.Minute}, 5},
		"back, over a start of the machine":      {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(1e8, 0), "b2", time.Second}, 5},
		"two hours, machine not started anew":    {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(1e9, 0), "b1", 3 * time.Hour}, 0},
		"forward, over a start of the machine":   {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(2e9, 0), "b2", time.Minute}, 5},
		"two hours, over a start of the machine": {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(1e9+7200, 0), "b2", 2 * time.Hour}, 0},
		"two hours, moved to another machine":    {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(1e9+7200, 0), "c", 900 * time.Hour}, 0},
		"a minute, moved to another machine":     {instant{time.Unix(1e9, 0), "b1", time.Hour}, instant{time.Unix(1e9+60, 0), "c", 900 * time.Hour}, 5},
		"forward, starts without names":          {instant{time.Unix(1e9, 0), "", time.Hour}, instant{time.Unix(2e9, 0), "", time.Hour + time.Minute}, 5},
		"two hours, starts without names":        {instant{time.Unix(1e9, 0), "", time.Hour}, instant{time.Unix(1e9+9000, 0), "", 3 * time.Hour}, 0},
		"two hours, no uptime":                   {instant{time.Unix(1e9, 0), "", 0}, instant{time.Unix(1e9+7200, 0), "", 0}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			a := persisted(t, d, stored(10, 1), func() instant { return tt.before })
			makeCalls(t, a, 5)
			require.NoError(t, a.Unpersist(t.Context()))

			b := persisted(t, d, stored(10, 1), func() instant { return tt.after })
			assert.Equal(t, tt.want, b.Usage().Used)
		})
	}
}

func TestAnyNumberOfRestartsAndCrashesNeverLetsTooManyThrough(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			const limit = 40
			random := rand.New(rand.NewPCG(seed, 0))
			var made []time.Time
			d := newDisk()
			for range 15 {
				a := persisted(t, d, stored(limit, 1+random.IntN(10)), oneStart)
				until, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(90))*time.Minute)
				for a.Wait(until, new(Waits)) == nil {
					time.Sleep(time.Duration(random.IntN(120)) * time.Second)
					made = append(made, time.Now())
					a.Done(time.Now())
				}
				cancel()
				if random.IntN(2) == 0 {
					require.NoError(t, a.Unpersist(t.Context()))
				}
				time.Sleep(time.Duration(random.IntN(600)) * time.Second)
			}
			for i := range made {
				if i >= limit {
					assert.Greater(t, made[i].Sub(made[i-limit]), time.Hour, "seed %d, call %d", seed, i)
				}
			}
			assert.Greater(t, len(made), 2*limit, "the quota is used")
		})
	}
}

func TestWhatIsNoAccountIsRefusedAndNotReadAsZero(t *testing.T) {
	good, err := (&statement{Format: statementFormat, ClientCode: "acme", Endpoint: acme.Endpoint, history: history{Width: 1}}).encode()
	require.NoError(t, err)
	sealed := func(change func(*statement)) []byte {
		s := &statement{Format: statementFormat, ClientCode: "acme", Endpoint: acme.Endpoint, history: history{Width: 1}}
		change(s)
		data, err := s.encode()
		require.NoError(t, err)
		return data
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"nothing at all":         {[]byte{}, "damaged"},
		"something else":         {[]byte("hello"), "damaged"},
		"a bit that has changed": {append(append([]byte{}, good[:20]...), append([]byte{good[20] ^ 1}, good[21:]...)...), "damaged"},
		"half of it":             {good[:len(good)/2], "damaged"},
		"another format":         {sealed(func(s *statement) { s.Format = "2" }), "damaged"},
		"calls below zero":       {sealed(func(s *statement) { s.Calls = []int{-5} }), "damaged"},
		"too many buckets":       {sealed(func(s *statement) { s.Calls = make([]int, 5000) }), "damaged"},
		"another client code":    {sealed(func(s *statement) { s.ClientCode = "globex" }), `that of client_code "globex"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			client, _ := d.GetClient(t.Context(), component.KindExporter, component.MustNewIDWithName("adobe_target", "quota"), acme.name())
			require.NoError(t, client.Set(t.Context(), statementKey, tt.data))
			_, err := NewAccount(stored(10, 1)).Persist(t.Context(), d, storageID, acme)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestWhileTheAccountCanNotBeWrittenNoCallLeaves(t *testing.T) {
	d := newDisk()
	a := persisted(t, d, stored(100, 2), oneStart)
	makeCalls(t, a, 2)
	d.full = errors.New("no space left on device")
	for range 3 { // more than one write reserves
		err := a.Wait(t.Context(), new(Waits))
		require.ErrorIs(t, err, ErrStorage)
		require.ErrorIs(t, err, d.full)
	}
	assert.Equal(t, 2, a.Usage().Used)
	d.full = nil
	makeCalls(t, a, 1)
	assert.GreaterOrEqual(t, persisted(t, d.copied(), stored(100, 2), oneStart).Usage().Used, 3, "what left is written")
}

func TestAnErrorOfTheStorageNamesTheSettingThatItComesFrom(t *testing.T) {
	for want, key := range map[string]Key{
		"quota::storage: ": acme, "quota::storage (or else sending_queue::storage): ": acme.For(Bulk),
	} {
		d := newDisk()
		a := NewAccount(stored(10, 1))
		makeCalls(t, a, 1)
		d.full = errors.New("no space left on device")
		_, err := a.Persist(t.Context(), d, storageID, key)
		require.EqualError(t, err, want+"the account cannot be written: no space left on device")
		d.full = nil
		_, err = a.Persist(t.Context(), d, storageID, key)
		require.NoError(t, err)
		require.NoError(t, a.Unpersist(t.Context()))
		for _, file := range d.files {
			file[statementKey] = []byte("damaged")
		}
		_, err = a.Persist(t.Context(), d, storageID, key)
		require.ErrorContains(t, err, want+"the stored account is damaged")
	}
}

func TestSharersOfAnAccountShareItsStorage(t *testing.T) {
	d := newDisk()
	var r Registry
	first, err := r.Open(acme, stored(10, 1))
	require.NoError(t, err)
	cold, err := first.Persist(t.Context(), d, storageID, acme)
	require.NoError(t, err)
	assert.True(t, cold)
	second, err := r.Open(acme, stored(10, 1))
	require.NoError(t, err)
	cold, err = second.Persist(t.Context(), d, storageID, acme)
	require.NoError(t, err)
	assert.False(t, cold)
	_, err = r.Open(acme, Limits{Quota: WindowConfig{Calls: 10, Window: time.Hour, Reservation: 1}})
	require.ErrorContains(t, err, "quota::storage is none here and file_storage there")

	makeCalls(t, first, 3)
	require.NoError(t, first.Unpersist(t.Context()))
	makeCalls(t, second, 3)
	require.NoError(t, second.Unpersist(t.Context()))
	assert.Equal(t, 6, persisted(t, d, stored(10, 1), oneStart).Usage().Used)
}

func TestAnAccountInUseKnowsBetterThanItsStorage(t *testing.T) {
	d := newDisk()
	a := persisted(t, d, stored(10, 1), oneStart)
	makeCalls(t, a, 3)
	require.NoError(t, a.Unpersist(t.Context())) // the collector loads its configuration anew
	_, err := a.Persist(t.Context(), d, storageID, acme)
	require.NoError(t, err)
	assert.Equal(t, 3, a.Usage().Used, "nothing is counted twice")
}

func TestAStorageThatIsNoneIsNamed(t *testing.T) {
	_, err := NewAccount(stored(10, 1)).Persist(t.Context(), componenttest.NewNopHost(), storageID, acme)
	require.EqualError(t, err, `quota::storage: "file_storage" is not configured under extensions, or not listed in service::extensions; storages that are: none`)
	_, err = NewAccount(stored(10, 1)).Persist(t.Context(), componenttest.NewNopHost(), storageID, acme.For(Bulk))
	require.ErrorContains(t, err, `quota::storage (or else sending_queue::storage): "file_storage" is not configured under extensions`)
}

func TestAnAccountThatWasLoadedIsNotLoadedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a := persisted(t, d, stored(10, 1), oneStart)
		makeCalls(t, a, 6)
		require.NoError(t, a.Unpersist(t.Context()))
		a = persisted(t, d, stored(10, 1), oneStart)
		require.NoError(t, a.Unpersist(t.Context())) // the collector loads its configuration anew, before any call
		_, err := a.Persist(t.Context(), d, storageID, acme)
		require.NoError(t, err)
		assert.Equal(t, 6, a.Usage().Used)
	})
}
