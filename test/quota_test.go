// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// TestTheQuotaHoldsOverRestartsAndExporters lets two exporters of one client code
// send far more than the quota, and ends and kills the distribution again and
// again. The emulator counts every attempt in the same rolling window. Everything
// has to arrive once later windows have room.
func TestTheQuotaHoldsOverRestartsAndExporters(t *testing.T) {
	t.Parallel()
	const limit, window = 500, time.Minute
	r := begin(t, "quota of 500 in a minute, two exporters, restarts")
	target := startSequenced(t, "--quota", "500", "--quota-window", "1m")
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503, "probability": 0.05}})
	s := newSetup(t, target)
	sender := newSender(overHTTP(s.port), 11)
	sender.visitors, sender.pause = 60, 100*time.Millisecond
	stop := sender.start(t)
	defer stop()

	a := r.account(target)
	a.exporters = 2
	random := rand.New(rand.NewPCG(13, 14))
	began := time.Now()
	c := startCollector(t, twoExporters(s, limit)).running(t)
	for length := lasts(12*time.Second, 0.7); time.Since(began) < length || r.restarts < 6; r.restarts++ {
		pause := time.Duration(1+random.IntN(2)) * time.Second
		if *soakTime > 0 {
			pause *= 4
		}
		time.Sleep(pause)
		if r.restarts%3 == 1 {
			a.end(t, c)
		} else {
			a.kill(t, c)
		}
		c = startCollector(t, twoExporters(s, limit)).running(t)
	}
	stop()
	target.set(t, "faults", []map[string]any{})
	a.closeWithin(t, c, sender.takenTwice(), 3*window)

	stats := target.stats(t)
	t.Logf("%s: %d attempts, %d at most in any window", time.Since(began).Round(time.Second), stats.Attempts, stats.MaxInWindow)
	assert.LessOrEqual(t, stats.MaxInWindow, limit)
	assert.Greater(t, stats.MaxInWindow, limit*9/10, "the quota was what held the calls back")
}

// takenTwice is what two exporters took, of which one names visitors by mboxPC.
func (s *sender) takenTwice() taken {
	both := s.taken()
	both.records, both.withoutVisitor = 2*both.records, 2*both.withoutVisitor
	both.receipts[emulator.MboxPC] = both.receipts[emulator.Mbox3rdPartyID]
	for visitor, values := range s.model() {
		both.model["mboxPC "+visitor] = values
	}
	return both
}

// twoExporters share a client code, and so a quota. They name their visitors by
// different parameters, as there is no order between two exporters.
func twoExporters(s setup, limit int) string {
	settings := fmt.Sprintf(`
    client_code: acme
    endpoint: %s
    timeout: 2s
    concurrency: 4
    rate_limit: {enabled: false}
    quota: {calls: %d, window: 1m, storage: file_storage/quota, reservation: 3}
    retry_on_failure: %s
    outbox: {%s}
    sending_queue: {storage: file_storage/queue}`, s.target.url, limit, quickRetry, quickOutbox)
	return fmt.Sprintf(`
extensions:
  file_storage/quota: {directory: %[1]s/quota, create_directory: true}
  file_storage/queue: {directory: %[1]s/queue, create_directory: true}
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%[2]d"}}}
exporters:
  adobe_target/a:%[3]s
  adobe_target/b:%[3]s
    visitor: [{parameter: mboxPC, attribute: mbox3rdPartyId}]
service:
  extensions: [file_storage/quota, file_storage/queue]
  pipelines:
    logs: {receivers: [otlp], exporters: [adobe_target/a, adobe_target/b]}
`, s.state, s.port, settings)
}
