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
	const calls = 100_000
	var over overCalls
	var adding sync.WaitGroup
	adding.Go(func() {
		for i := range calls {
			over.add(time.Duration(i + 1)) // so that all of the first n are over at n
		}
	})
	early := 0
	for taken := 0; taken < calls; {
		n, last := over.take()
		taken += n
		if n > 0 && last < time.Duration(taken) {
			early++
		}
	}
	adding.Wait()
	assert.Zero(t, early)
	n, _ := over.take()
	assert.Zero(t, n)
}
