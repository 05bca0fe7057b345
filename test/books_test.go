// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// books are what a run says of its records at one time.
type books struct {
	received, recovered, ended, queue, outbox int
}

// books reads the page of metrics.
func (c *collector) books(t *testing.T) books {
	t.Helper()
	text, err := get(c.metricsURL)
	require.NoError(t, err)
	for _, name := range []string{"otelcol_adobe_target_records_recovered{", "otelcol_exporter_queue_size{", "otelcol_adobe_target_outbox_records{"} {
		require.Contains(t, text, name)
	}
	p := page(text)
	return books{
		received: p.sum("otelcol_adobe_target_records_received"), recovered: p.sum("otelcol_adobe_target_records_recovered"),
		ended: p.sum("otelcol_adobe_target_records"), queue: p.sum("otelcol_exporter_queue_size"), outbox: p.sum("otelcol_adobe_target_outbox_records"),
	}
}

// held returns how many records wait.
func (b books) held() int { return b.queue + b.outbox }

// gap returns how many records are counted too often, or with a minus not at all.
func (b books) gap() int { return b.ended + b.held() - b.received - b.recovered }

// moved returns how many steps records have made since earlier books.
func (b books) moved(earlier books) int {
	came, went := b.received-earlier.received, b.ended-earlier.ended
	return came + came + earlier.queue - b.queue + went
}

// assertBalance holds the books of a run at work against each other. They have to agree but for
// the request in hand, which may stand in the queue and in the outbox, and for what has moved
// while the page was read: its figures are not of one moment.
func (c *collector) assertBalance(t *testing.T, request int) {
	t.Helper()
	before, b, after := c.books(t), c.books(t), c.books(t)
	assert.LessOrEqual(t, max(b.gap(), -b.gap()), request+after.moved(before), "records counted too often, or not at all: %+v", b)
}

// drained waits until the exporters hold no record, and returns how many they hold. At rest
// the books agree to the record.
func (c *collector) drained(t *testing.T, most time.Duration) (held int) {
	t.Helper()
	for end := time.Now().Add(most); ; time.Sleep(tick) {
		b := c.books(t)
		if b.held() == 0 || time.Now().After(end) {
			return b.held()
		}
	}
}

// rests waits until the exporters have taken so many records and nothing moves, and returns
// the books, which agree to the record then.
func (c *collector) rests(t *testing.T, received int) (b books) {
	t.Helper()
	require.Eventually(t, func() bool {
		before := b
		b = c.books(t)
		return b == before && b.received == received
	}, patience, 5*tick)
	assert.Zero(t, b.gap(), "records counted too often, or not at all: %+v", b)
	return b
}
