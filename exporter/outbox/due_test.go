// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// fails puts an entry off that fails alone.
func (f *fixture) fails(e *outbox.Entry, pause time.Duration) {
	f.tb.Helper()
	e.Attempts++
	f.Retry(e, f.now.Add(pause))
	f.write()
}

func TestOutbox_LanesAndNextTime(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		due := func(fresh, failing int, next time.Duration) {
			t.Helper()
			ready, in := f.Due(f.now)
			assert.Equal(t, fresh, ready[outbox.Fresh], "fresh")
			assert.Equal(t, failing, ready[outbox.FailingAlone], "failing alone")
			assert.Equal(t, next, in, "next")
		}
		due(0, 0, 0)
		f.put(says("a", "n", "1"), says("b", "n", "1"), says("c", "n", "1"))
		f.write()
		due(0, 0, window)
		f.waits(time.Second)
		f.put(says("d", "n", "1"))
		f.write()
		due(0, 0, window-time.Second)
		f.waits(window - time.Second)
		due(3, 0, time.Second)

		f.fails(f.take(outbox.Fresh), time.Minute)          // a
		f.fails(f.take(outbox.Fresh), 500*time.Millisecond) // b
		f.Retry(f.take(outbox.Fresh), f.now.Add(time.Hour)) // c, with all others
		f.write()
		due(0, 0, 500*time.Millisecond)
		f.waits(500 * time.Millisecond)
		due(0, 1, 500*time.Millisecond)
		f.waits(500 * time.Millisecond)
		due(1, 1, time.Minute-time.Second)
		assert.Equal(t, visitor("d"), f.take(outbox.Fresh).Visitor)
		assert.Equal(t, visitor("b"), f.take(outbox.FailingAlone).Visitor)
		due(0, 0, time.Minute-time.Second)
		f.waits(time.Minute)
		due(0, 1, time.Hour-time.Minute-time.Second)
		assert.Equal(t, visitor("a"), f.take(outbox.FailingAlone).Visitor)
		f.waits(time.Hour)
		due(1, 0, 0)
		assert.Equal(t, visitor("c"), f.take(outbox.Fresh).Visitor)
		due(0, 0, 0)
	})
}

func TestOutbox_TakesWhatBecameDueFirst(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.put(says("late", "n", "1"), says("early", "n", "1"), says("between", "n", "1"))
		f.write()
		f.waits(window)
		for id, pause := range map[string]time.Duration{"late": 3 * time.Second, "early": time.Second, "between": 2 * time.Second} {
			e := f.take(outbox.Fresh)
			for e.Visitor != visitor(id) {
				f.Retry(e, f.now)
				f.write()
				e = f.take(outbox.Fresh)
			}
			f.Retry(e, f.now.Add(pause))
			f.write()
		}
		f.waits(time.Minute)
		for _, id := range []string{"early", "between", "late"} {
			assert.Equal(t, visitor(id), f.take(outbox.Fresh).Visitor)
		}
	})
}

func TestOutbox_AnEntryThatNoLongerFailsAloneIsFresh(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.fails(called(f), 0)
		e := f.take(outbox.FailingAlone)
		assert.Equal(t, 1, e.Attempts)
		e.Attempts = 0
		f.Retry(e, f.now)
		f.write()
		assert.Equal(t, 1, f.ready(outbox.Fresh))
		assert.Zero(t, f.ready(outbox.FailingAlone))
	})
}

func TestOutbox_HastenMakesAllDue(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.fails(called(f), time.Hour)
		f.put(says("w", "a", "1"))
		f.write()
		f.takeNothing()

		f.Hasten(f.now)
		ready, next := f.Due(f.now)
		assert.Equal(t, 1, ready[outbox.Fresh])
		assert.Equal(t, 1, ready[outbox.FailingAlone])
		assert.Zero(t, next)

		f.put(says("x", "a", "1"))
		f.write()
		assert.Equal(t, 2, f.ready(outbox.Fresh), "what comes from then on does not wait either")
		f.Retry(f.take(outbox.Fresh), f.now.Add(time.Second))
		f.write()
		assert.Equal(t, 1, f.ready(outbox.Fresh), "but for what is put off")
	})
}

func TestOutbox_TakeFailing(t *testing.T) {
	takeFailing := func(t *testing.T, f *fixture) *outbox.Entry {
		t.Helper()
		e, err := f.TakeFailing(t.Context())
		require.NoError(t, err)
		return e
	}
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		for _, r := range visitors(4) {
			f.put(r)
			f.write()
			f.waits(time.Second)
		}
		assert.Nil(t, takeFailing(t, f), "fresh entries do not fail")
		f.waits(window)
		for _, pause := range []time.Duration{time.Hour, time.Minute, 0} {
			e := f.take(outbox.Fresh)
			e.Attempts = 1
			f.fails(e, pause)
		}
		f.fails(f.take(outbox.Fresh), time.Hour)
		f.waits(1)
		for _, id := range []string{"v2", "v1", "v0"} { // the one that is due first, and the others before it is their time
			e := takeFailing(t, f)
			require.NotNil(t, e)
			assert.Equal(t, visitor(id), e.Visitor)
			f.End(e)
			f.write()
		}
		assert.Nil(t, takeFailing(t, f), "one failure does not tell")
		assert.Equal(t, 1, f.Held().Visitors)
	})
}
