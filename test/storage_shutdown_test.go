// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logLine is the beginning of what the collector logs; behind it may stand lines of a stack.
var logLine = regexp.MustCompile(`(?m)^\d{4}-\d{2}-\d{2}T\S+\t(?:debug|info|warn|error)\t`)

// loggedAtTheEnd returns how often the collector has logged something since it was told to end.
func (p *process) loggedAtTheEnd(t *testing.T) int {
	t.Helper()
	_, end, found := strings.Cut(p.output.String(), "Received signal from OS")
	require.True(t, found)
	return len(logLine.FindAllString(end, -1))
}

// TestAShutdownOnAFullDiskEndsInTimeAndWithFewWords ends the collector in an outage, with a
// full disk. What waits is not said item by item, and it is all there when the disk has space
// again.
func TestAShutdownOnAFullDiskEndsInTimeAndWithFewWords(t *testing.T) {
	const few = 10
	for name, outbox := range map[string]string{
		"the outbox is full, and a long queue waits for room": fullOutbox,
		"what the outbox took can not be written":             quickOutbox,
	} {
		t.Run(name, func(t *testing.T) {
			disk, _ := tinyDisk(t)
			ballast(t, disk, "ballast", 8<<20)
			target := startTarget(t)
			target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
			port := freePort(t)
			config := storageConfig(port, disk, target.url)
			config = strings.Replace(config, quickOutbox, outbox, 1)
			config = strings.Replace(config, "    client_code: acme\n", fmt.Sprintf("    client_code: acme\n    timeout: %s\n", callTimeout), 1)
			c := startCollector(t, config).running(t)
			v := newVisits(port, 3000)
			v.ready(t)
			fill(t, v, disk)
			took := c.terminate(t)
			said := c.loggedAtTheEnd(t)
			t.Logf("ended after %s, exit code %d, %d things said", took.Round(time.Millisecond), c.cmd.ProcessState.ExitCode(), said)
			assert.LessOrEqual(t, took, callTimeout+time.Second)
			assert.LessOrEqual(t, said, few)

			unfill(t, disk)
			target.set(t, "faults", []map[string]any{})
			c = startCollector(t, storageConfig(port, disk, target.url)).running(t)
			v.arrive(t, target)
			assert.Zero(t, c.drained(t, patience))
			assert.Equal(t, len(v.taken), c.rests(t, 0).recovered)
			c.end(t)
		})
	}
}
