// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// patience is how long something may take that is sure to happen.
	patience = 60 * time.Second
	tick     = 50 * time.Millisecond
)

// collector is the distribution with one pipeline to the exporter.
type collector struct {
	*process
	metricsURL string
}

// startCollector starts the distribution on a configuration, and adds to it where
// its metrics are to be had: on a page while it runs, and on its stdout when it ends.
func startCollector(t *testing.T, config string, args ...string) *collector {
	t.Helper()
	port := freePort(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	metrics := fmt.Sprintf("yaml:service::telemetry::metrics: {level: detailed, readers: [{pull: {exporter: {prometheus: "+
		"{host: 127.0.0.1, port: %d, without_scope_info: true, without_type_suffix: true, without_units: true}}}}, "+
		"{periodic: {interval: 3600000, exporter: {console: {}}}}]}", port)
	args = append([]string{"--config", file, "--config", metrics}, args...)
	return &collector{
		process:    run(t, "otelcol-adobetarget", args...),
		metricsURL: fmt.Sprintf("http://127.0.0.1:%d/metrics", port),
	}
}

// running waits until the Collector runs. It listens for SIGTERM a moment later; before
// that it would just die of it.
func (c *collector) running(t *testing.T) *collector {
	t.Helper()
	ready := func() bool { return strings.Contains(c.output.String(), "Everything is ready") }
	require.Eventually(t, func() bool { return ready() || c.ended() }, patience, tick)
	require.True(t, ready(), "the Collector ended at its start: %s", lastWords(c.output.String()))
	return c
}

// metric returns the sum of a metric over all series that have these labels, or -1 when there
// is no page.
func (c *collector) metric(name string, labels ...string) int {
	text, err := get(c.metricsURL)
	if err != nil {
		return -1
	}
	return page(text).sum(name, labels...)
}

// page is a page of metrics.
type page string

func (p page) sum(name string, labels ...string) int {
	sum := 0.0
	lines := bufio.NewScanner(strings.NewReader(string(p)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, found := strings.CutPrefix(lines.Text(), name)
		if !found || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		if !hasAll(rest, labels) {
			continue
		}
		value := rest[strings.LastIndex(rest, " ")+1:]
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			sum += number
		}
	}
	return int(sum)
}

func hasAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// settled waits until so many records have come to their end.
func (c *collector) settled(t *testing.T, records int) {
	t.Helper()
	require.EventuallyWithT(t, func(col *assert.CollectT) {
		assert.Equal(col, records, c.metric("otelcol_adobe_target_records"))
	}, patience, tick)
}

func get(url string) (string, error) {
	resp, err := http.Get(url) //nolint:gosec // a loopback address of this test
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return body.String(), err
}
