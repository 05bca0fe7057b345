// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

// process is one process, that loads one configuration after the other.
type process struct{ Registry }

// load starts an exporter with a storage, or without one where the disk is nil.
func (p *process) load(t *testing.T, d *disk) *Account {
	t.Helper()
	limits := stored(10, 1)
	if d == nil {
		limits.Quota.Storage = nil
	}
	a := open(t, &p.Registry, acme, limits)
	a.now = oneStart
	if d != nil {
		_, err := a.Persist(t.Context(), d, storageID, acme)
		require.NoError(t, err)
	}
	return a
}

// run loads a configuration, makes calls by it and ends its exporter. It returns
// how many calls were counted at the start.
func (p *process) run(t *testing.T, d *disk, calls int) int {
	t.Helper()
	a := p.load(t, d)
	used := a.Usage().Used
	makeCalls(t, a, calls)
	if d != nil {
		require.NoError(t, a.Unpersist(t.Context()))
	}
	p.Close(acme)
	return used
}

func file(t *testing.T, d *disk) *diskClient {
	t.Helper()
	client, err := d.GetClient(t.Context(), component.KindExporter, component.MustNewIDWithName("adobe_target", "quota"), acme.name())
	require.NoError(t, err)
	return client.(*diskClient)
}

func TestWhatIsStoredIsAddedToWhatTheProcessSentBeforeItHadAStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		new(process).run(t, d, 10)
		time.Sleep(30 * time.Minute)
		var p process
		p.run(t, nil, 1)
		assert.Equal(t, 11, p.run(t, d, 0))
		assert.Equal(t, 11, new(process).run(t, d.copied(), 0), "and is stored again")

		a := p.load(t, d)
		start := time.Now()
		makeCalls(t, a, 9)
		assert.InDelta(t, 30*time.Minute, time.Since(start), float64(2*time.Hour/buckets), "each is counted from when it was made")
		makeCalls(t, a, 1)
		assert.InDelta(t, time.Hour, time.Since(start), float64(2*time.Hour/buckets))
	})
}

func TestCallsOfThisProcessAreCountedOnceWhateverStorageItComesBackTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p process
		first, second := newDisk(), newDisk()
		assert.Equal(t, 0, p.run(t, first, 2))
		old := first.copied()
		assert.Equal(t, 2, p.run(t, first, 1))
		assert.Equal(t, 3, p.run(t, nil, 1), "without a storage")
		assert.Equal(t, 4, p.run(t, first, 1), "with the first again")
		assert.Equal(t, 5, p.run(t, second, 1), "with another one that is empty")
		assert.Equal(t, 6, p.run(t, first, 1), "with the first, which does not know of the last call")
		assert.Equal(t, 7, p.run(t, old, 0), "with a backup of it")
		assert.Equal(t, 7, p.run(t, second.copied(), 0), "with a copy of the other one")
		for name, d := range map[string]*disk{"old": old, "first": first} {
			assert.Equal(t, 7, new(process).run(t, d, 0), name)
		}
	})
}

func TestAStorageOfOtherHistoryIsAddedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p process
		first, second := newDisk(), newDisk()
		new(process).run(t, second, 4)
		p.run(t, first, 3)
		assert.Equal(t, 7, p.run(t, second, 1))
		assert.Equal(t, 8, p.run(t, first, 0))
		assert.Equal(t, 8, p.run(t, second, 0))
	})
}

func TestWhatAnotherProcessHasWrittenInBetweenIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p process
		d := newDisk()
		p.run(t, d, 2)
		assert.Equal(t, 2, new(process).run(t, d, 3))
		assert.Equal(t, 2+5, p.run(t, d, 0), "which calls it had from here can not be told")
		assert.Equal(t, 2+5, p.run(t, d, 0), "but not again")
	})
}

func TestAStatementOfAnEarlierVersionIsAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		new(process).run(t, d, 4)
		f := file(t, d)
		s, err := decode(f.data[statementKey], acme)
		require.NoError(t, err)
		s.Account = ""
		f.data[statementKey], err = s.encode()
		require.NoError(t, err)
		require.NotContains(t, string(f.data[statementKey]), `"account"`)

		var p process
		p.run(t, nil, 1)
		assert.Equal(t, 5, p.run(t, d, 0))
		assert.Equal(t, 5, p.run(t, d, 0), "once")
	})
}

func TestCallsMadeWithoutAStorageAreWrittenAsSoonAsThereIsOne(t *testing.T) {
	for name, before := range map[string]int{"a new one": 0, "one that was used before": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p process
				d := newDisk()
				if before > 0 {
					p.run(t, d, before)
				}
				p.run(t, nil, 10-before)
				p.load(t, d)
				crash := d.copied() // before any call could leave
				assert.Equal(t, 10, new(process).run(t, crash, 0))
			})
		})
	}
}

func TestAFullDiskMakesNothingCountTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		new(process).run(t, d, 6)
		var p process
		for range 2 {
			a := p.load(t, d)
			assert.Equal(t, 6, a.Usage().Used)
			d.full = errors.New("no space left on device")
			require.ErrorIs(t, a.Unpersist(t.Context()), d.full)
			p.Close(acme)
		}
	})
}

func TestAStorageThatCanNotTakeWhatWasSentWithoutItIsRefused(t *testing.T) {
	a, d := NewAccount(stored(10, 1)), newDisk()
	makeCalls(t, a, 1)
	d.full = errors.New("no space left on device")
	_, err := a.Persist(t.Context(), d, storageID, acme)
	require.ErrorIs(t, err, ErrStorage)
	d.full = nil
	_, err = a.Persist(t.Context(), d, storageID, acme)
	require.NoError(t, err)
	assert.Equal(t, 1, a.Usage().Used)
}

func TestADamagedAccountIsRefusedByAProcessThatHasSentToo(t *testing.T) {
	for name, data := range map[string][]byte{"empty": {}, "something else": []byte("hello")} {
		t.Run(name, func(t *testing.T) {
			a, d := NewAccount(stored(10, 1)), newDisk()
			makeCalls(t, a, 1)
			file(t, d).data[statementKey] = data
			_, err := a.Persist(t.Context(), d, storageID, acme)
			require.ErrorIs(t, err, errDamaged)
			assert.Equal(t, data, file(t, d).data[statementKey], "and stays as it is")
		})
	}
}
