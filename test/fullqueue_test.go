// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// fullOutbox is an outbox that a few requests fill: a larger one would take in all that comes,
// and the queue would stay empty.
const fullOutbox = "merge_window: 10ms, max_visitors: 20"

// reserve is how many records a queue takes beyond its size, of receivers that have moved on.
const reserve = 20_000

// TestAFullQueueLosesNothingThatWasTaken fills a small queue in an outage. With
// block_on_overflow a sender waits in its request, for a second; without it, it gets an
// error at once. Then it tries again. Everything that was taken arrives afterwards.
func TestAFullQueueLosesNothingThatWasTaken(t *testing.T) {
	t.Parallel()
	r := begin(t, "full queue: an OTLP sender waits, or tries again")
	for name, blocks := range map[string]bool{"waits": true, "tries again": false} {
		target := startSequenced(t)
		target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
		s := newSetup(t, target)
		s.exporter = "    rate_limit: {enabled: false}"
		s.queue = fmt.Sprintf("queue_size: 1000, block_on_overflow: %t", blocks)
		s.outbox = fullOutbox
		sender := newSender(overHTTP(s.port), 41)
		sender.pause = time.Millisecond
		c := s.start(t)
		require.Eventually(t, func() bool { return c.metric("otelcol_exporter_queue_capacity") == 1000+reserve }, patience, tick)
		stop := sender.start(t)
		require.Eventually(t, func() bool { return c.metric("otelcol_exporter_queue_size") > 950 }, patience, tick)
		before := sender.sent().refusals // the receiver starts after the page of metrics
		waits := lasts(2*time.Second, 0.02)
		time.Sleep(waits)
		sent := sender.sent()
		c.assertBalance(t, sender.perRequest)
		b := c.books(t)
		assert.LessOrEqual(t, b.queue, 1000, name)
		assert.LessOrEqual(t, b.received-b.ended-b.outbox, 1000, name)
		if blocks {
			assert.LessOrEqual(t, sent.refusals, before+1+int(waits/time.Second), "each waits for a second")
		} else {
			assert.Greater(t, sent.refusals, before, name)
		}
		target.set(t, "faults", []map[string]any{})
		require.Eventually(t, func() bool { return sender.sent().records > 3000 }, patience, tick)
		stop()
		r.account(target).close(t, c, sender.taken())
	}
}

// linesAndTarget writes so many actions and starts a target that takes them.
func linesAndTarget(t *testing.T, dir string, records int) (taken, *adobe) {
	t.Helper()
	lines := taken{records: records, receipts: map[string]int{emulator.Mbox3rdPartyID: records}, model: map[string]map[string]string{}}
	writeActions(t, dir, records, 300, receiptPrefix, lines.model)
	target := startTarget(t, "--sequence", "seq")
	target.set(t, "receipts", map[string]string{"prefix": "offline." + receiptPrefix})
	return lines, target
}

// fileReceiver reads the actions of a folder, and knows after a restart where it was.
func fileReceiver(dir string) string {
	return fmt.Sprintf(`  file_log:
    include: ["%s/*.jsonl"]
    start_at: beginning
    storage: file_storage/checkpoints
    max_concurrent_files: 1
    poll_interval: 50ms
    operators:
      - {type: json_parser, parse_to: attributes}`, dir)
}

// fileExporter maps the actions of writeActions.
const fileExporter = `    rate_limit: {enabled: false}
    visitor: [{parameter: mbox3rdPartyId, attribute: customer.id}]
    profile:
      - prefix: profile.
      - {parameter: offline, attribute: offline}`

// TestAFullQueueStopsReadingFilesAndHoldsMemory lets the collector read a large
// file in an outage. It stops reading when the queue is full, its memory does not
// grow any more, and it goes on where it was.
func TestAFullQueueStopsReadingFilesAndHoldsMemory(t *testing.T) {
	t.Parallel()
	const records, queueSize, request = 30_000, 2000, 100
	const growth = 32 << 20
	r := begin(t, "full queue: file_log stops and goes on, memory holds")
	dir := t.TempDir()
	lines, target := linesAndTarget(t, dir, records)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	s := newSetup(t, target)
	s.receiver = fileReceiver(dir)
	s.queue = fmt.Sprintf("queue_size: %d", queueSize)
	s.outbox = fullOutbox
	s.exporter = fileExporter
	c := s.start(t, inOrder)
	full := func() bool { return c.metric("otelcol_exporter_queue_size") > queueSize-2*request }
	require.Eventually(t, full, patience, tick)
	before := c.memory(t)
	time.Sleep(lasts(4*time.Second, 0.03))
	after := c.memory(t)
	b := c.rests(t, c.metric("otelcol_receiver_accepted_log_records"))
	t.Logf("%d of %d lines read into a queue of %d; resident memory %d MiB when it was full, %d MiB later",
		b.received, records, queueSize, before>>20, after>>20)
	assert.LessOrEqual(t, b.queue, queueSize)
	assert.LessOrEqual(t, b.received-b.outbox, queueSize)
	assert.Less(t, after-before, growth, "bytes that memory grew by with a full queue")

	target.set(t, "faults", []map[string]any{})
	r.account(target).close(t, c, lines)
}

// memory returns the resident memory of the process in bytes.
func (p *process) memory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		t.Skip("memory is read from /proc")
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(t, err)
			return kilobytes << 10
		}
	}
	require.Fail(t, "VmRSS is in /proc/<pid>/status")
	return 0
}

// TestAShutdownWithAFullQueueKeepsWhatFilesWereHandingOn ends the collector again
// and again while it reads files into a full queue. Its receiver stands in the middle of a
// file and waits with a batch. In v0.160 it has moved on, and does not hand this on again; in
// v0.165 it does so, whatever it was answered.
func TestAShutdownWithAFullQueueKeepsWhatFilesWereHandingOn(t *testing.T) {
	t.Parallel()
	const records, restarts, request = 5000, 5, 100
	r := begin(t, "shutdown with a full queue: file_log in the middle of a file")
	dir := t.TempDir()
	lines, target := linesAndTarget(t, dir, records)
	lines.again = restarts * request
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 429}})
	s := newSetup(t, target)
	s.receiver = fileReceiver(dir)
	s.queue = "queue_size: 400"
	s.outbox = fullOutbox
	s.exporter = fileExporter
	a := r.account(target)
	for range restarts {
		c := s.start(t, inOrder)
		require.Eventually(t, func() bool { return c.metric("otelcol_exporter_queue_size") > 200 }, patience, tick)
		time.Sleep(10 * tick) // file_log waits with the lines that have no room
		took := a.end(t, c)
		assert.LessOrEqual(t, took, callTimeout+time.Second)
		assert.NotContains(t, c.output.String(), "ConsumeLogs() failed")
		r.restarts++
	}
	target.set(t, "faults", []map[string]any{})
	c := s.start(t, inOrder)
	a.close(t, c, lines)
}
