// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTwoExportersOnOneStorageKeepTheirRecordsApart lets two exporters keep queue and outbox in
// one folder, through an outage, a shutdown and a crash. Each sends what it took, and nothing
// of the other's.
func TestTwoExportersOnOneStorageKeepTheirRecordsApart(t *testing.T) {
	t.Parallel()
	r := begin(t, "two exporters on one storage, a shutdown and a kill -9")
	target := startSequenced(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	s := newSetup(t, target)
	sender := newSender(overHTTP(s.port), 83)
	sender.pause = 20 * time.Millisecond
	a := r.account(target)
	a.exporters = 2
	for _, end := range []func(*collector){
		func(c *collector) { a.end(t, c) },
		func(c *collector) { a.kill(t, c) },
	} {
		c := startCollector(t, twoExporters(s, 1_000_000)).running(t)
		before := sender.sent().records
		stop := sender.start(t)
		require.Eventually(t, func() bool { return sender.sent().records > before+1000 }, patience, tick)
		stop()
		assert.Equal(t, c.metric("otelcol_adobe_target_records_received", `exporter="adobe_target/a"`),
			c.metric("otelcol_adobe_target_records_received", `exporter="adobe_target/b"`))
		end(c)
		r.restarts++
	}
	assert.Zero(t, target.stats(t).Accepted)

	target.set(t, "faults", []map[string]any{})
	c := startCollector(t, twoExporters(s, 1_000_000)).running(t)
	a.close(t, c, sender.takenTwice())
}
