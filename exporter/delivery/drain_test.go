// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// failFirst lets the first calls fail.
func (f *fakeTarget) failFirst(calls int64) {
	var n atomic.Int64
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func(string, url.Values) route.Answer {
		if n.Add(1) <= calls {
			return down
		}
		return delivered
	}
}

func TestADrainTriesAgainWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.failFirst(20)
		f.Drain()
		require.NoError(t, f.Consume(t.Context(), logs(visitors(1000)...)))
		f.Close(t.Context())
		assert.Equal(t, map[string]int{"delivered": 1000}, f.counts(t, "records"))
	})
}

func TestADrainBeginsWithTheBatchThatTheHelperNoLongerSends(t *testing.T) {
	for name, another := range map[string]bool{"another batch comes": true, "none does": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := queued(t, nil)
				f.target.everybodyFails()
				held := logs(append(visitors(50), tier("a", "1"))...)
				require.Error(t, f.Consume(t.Context(), held))
				f.Drain()
				held.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true }) // the helper lets go of it
				f.target.failFirst(5)
				want := map[string]int{"delivered": 51}
				if another {
					require.NoError(t, f.Consume(t.Context(), logs(tier("a", "2"))))
					want["delivered"]++
					assert.Equal(t, "2", f.target.attributes("a")["tier"])
				}
				f.Close(t.Context())
				assert.Equal(t, want, f.counts(t, "records"))
			})
		})
	}
}

func TestWhatIsNotDeliveredWhenTheDrainEndsIsLostAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.everybodyFails()
		require.Error(t, f.Consume(t.Context(), logs(visitors(100)...)))
		f.Drain()
		began := time.Now()
		time.AfterFunc(20*time.Second, f.Stop)
		require.Error(t, f.Consume(t.Context(), logs(tier("x", "1"))))
		f.Close(t.Context())
		assert.Equal(t, 20*time.Second, time.Since(began))
		assert.Equal(t, map[string]int{"rejected shutdown": 101}, f.counts(t, "records"))
	})
}

func TestADrainTriesDeferredRecordsUntilItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("a", "b")
		require.NoError(t, f.Consume(t.Context(), logs(tier("a", "1"), tier("b", "1"), tier("c", "1"))))
		f.Drain()
		time.AfterFunc(10*time.Second, func() { f.target.fail("b") })
		time.AfterFunc(30*time.Second, f.Stop)
		f.Close(t.Context())
		assert.Equal(t, map[string]int{"delivered": 2, "rejected shutdown": 1}, f.counts(t, "records"))
	})
}

func TestAVisitorThatFailsAloneDoesNotHoldUpADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := queued(t, nil)
		f.target.fail("poison")
		f.Drain()
		time.AfterFunc(30*time.Second, f.Stop)
		for range 5 {
			require.NoError(t, f.Consume(t.Context(), logs(append(visitors(50), tier("poison", "1"))...)))
		}
		f.Close(t.Context())
		assert.Equal(t, map[string]int{"delivered": 250, "rejected shutdown": 5}, f.counts(t, "records"))
	})
}
