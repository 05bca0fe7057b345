// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linesLogged returns how many lines of log the process has said.
func (p *process) linesLogged() int {
	return strings.Count(p.output.String(), "\n") - strings.Count(p.stdout.String(), "\n")
}

// TestAShutdownOnAFullDiskEndsInTimeAndWithFewWords ends the collector in an outage, with a
// full disk and a long queue that cannot move on. What waits is not said item by item, and it
// is all there when the disk has space again.
func TestAShutdownOnAFullDiskEndsInTimeAndWithFewWords(t *testing.T) {
	const most = callTimeout + time.Second
	const fewLines = 40
	disk, _ := tinyDisk(t)
	ballast(t, disk, "ballast", 8<<20)
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	port := freePort(t)
	full := strings.Replace(storageConfig(port, disk, target.url), quickOutbox, fullOutbox, 1)
	full = strings.Replace(full, "    client_code: acme\n", fmt.Sprintf("    client_code: acme\n    timeout: %s\n", callTimeout), 1)
	c := startCollector(t, full).running(t)
	v := newVisits(port, 3000)
	v.ready(t)
	fill(t, v, disk)
	require.Greater(t, c.metric("otelcol_exporter_queue_size"), 500, "records in the queue")

	before := c.linesLogged()
	took := c.terminate(t)
	said := c.linesLogged() - before
	t.Logf("ended after %s, exit code %d, %d lines said", took.Round(time.Millisecond), c.cmd.ProcessState.ExitCode(), said)
	assert.LessOrEqual(t, took, most)
	assert.LessOrEqual(t, said, fewLines)

	unfill(t, disk)
	target.set(t, "faults", []map[string]any{})
	c = startCollector(t, storageConfig(port, disk, target.url))
	v.arrive(t, target)
	c.end(t)
}
