// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACallIsCountedFromItsEndThoughNobodyLookedThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := WindowConfig{Calls: 3, Window: 24 * time.Hour}
		a := NewAccount(Limits{Quota: cfg})
		for range 3 {
			require.NoError(t, a.Wait(t.Context(), new(Waits)))
		}
		for range 3 {
			a.Done(time.Now())
			time.Sleep(time.Second)
		}
		part := cfg.Window/buckets + 1
		time.Sleep(cfg.Window - 3*time.Second)
		assert.Equal(t, 3, a.Usage().Used)
		time.Sleep(2*part + 3*time.Second)
		assert.Zero(t, a.Usage().Used)
	})
}

func TestCallsThatAreOverAtOnceAreEachTakenOnceAndNotBeforeTheirEnd(t *testing.T) {
	const callers, each = 8, 1000
	var over overCalls
	var added sync.WaitGroup
	for caller := range callers {
		added.Go(func() {
			for i := range each {
				over.add(time.Duration(i*callers + caller))
			}
		})
	}
	done := make(chan struct{})
	go func() { added.Wait(); close(done) }()

	var taken int
	var latest time.Duration
	for open := true; open || taken < callers*each; {
		select {
		case <-done:
			open = false
		default:
		}
		calls, last := over.take()
		taken += calls
		if calls > 0 {
			assert.GreaterOrEqual(t, last, latest)
			latest = last
		}
	}
	assert.Equal(t, callers*each, taken)
	assert.Equal(t, time.Duration(callers*each-1), latest)
	calls, _ := over.take()
	assert.Zero(t, calls)
}
