// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheWindowFillsAndFrees(t *testing.T) {
	c := newClock()
	started := c.t
	e := newEmulator(t, Settings{Now: c.now, Quota: Quota{Calls: 3, Window: time.Hour}})
	call := func(times int) {
		for range times {
			serve(t, e, postForm(t, goldUpdate))
		}
	}
	assert.Empty(t, shown[quotaShown](t, e, "quota").Windows)

	call(1)
	c.advance(90 * time.Second)
	call(1)
	got := shown[quotaShown](t, e, "quota")
	require.Len(t, got.Windows, 1)
	w := got.Windows[0]
	assert.Equal(t, "acme", w.Client)
	assert.Equal(t, 2, w.Attempts)
	assert.Len(t, w.Parts, windowParts)
	assert.Equal(t, []int{1, 1}, w.Parts[windowParts-2:], "the minute before, and this one")
	assert.Equal(t, started.Add(time.Hour), w.LeavesAt)
	assert.Zero(t, w.FreeAt, "there is one left")
	assert.Equal(t, quotaWire{Calls: 3, Window: duration(time.Hour)}, got.quotaWire)

	c.advance(time.Minute)
	call(3)
	w = shown[quotaShown](t, e, "quota").Windows[0]
	assert.Equal(t, 5, w.Attempts)
	assert.Equal(t, started.Add(time.Hour+150*time.Second), w.FreeAt, "three have to leave, of which the last came at 2:30")

	c.advance(time.Hour - 150*time.Second)
	w = shown[quotaShown](t, e, "quota").Windows[0]
	assert.Equal(t, 4, w.Attempts, "the first has left, although no call came since")
	assert.Equal(t, 4, w.Parts[0]+w.Parts[1]+w.Parts[2])

	c.advance(time.Hour)
	w = shown[quotaShown](t, e, "quota").Windows[0]
	assert.Zero(t, w.Attempts)
	assert.Zero(t, w.LeavesAt)
	assert.Zero(t, w.FreeAt)
}

func TestTheBulkRateIsShownBesideTheQuota(t *testing.T) {
	e := newEmulator(t, Settings{})
	serve(t, e, newRequest(t, http.MethodPost, bulkURL, "", "batch=thirdPartyId,tier\ncrm-1,gold\n"))
	got := shown[quotaShown](t, e, "quota")
	assert.Empty(t, got.Windows)
	require.Len(t, got.Bulk, 1)
	assert.Equal(t, 1, got.Bulk[0].Attempts)
	assert.Equal(t, 50, got.BulkCalls)
}

func TestTheLatencyIsShown(t *testing.T) {
	e := newEmulator(t, Settings{Latency: Latency{Fixed: time.Second, Jitter: time.Millisecond}})
	assert.Equal(t, latencyWire{Fixed: duration(time.Second), Jitter: duration(time.Millisecond)}, shown[latencyWire](t, e, "latency"))
}
