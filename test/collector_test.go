// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
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

// binary returns the path of a built program.
func binary(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "dist", name))
	require.NoError(t, err)
	require.FileExists(t, path, "run 'make build' first")
	return path
}

// process is a program under test.
type process struct {
	cmd *exec.Cmd
	// output is all that it says, stdout the part of it that is no log.
	output, stdout *lockedBuffer
	done           chan struct{}
}

// lockedBuffer keeps what a process says, for reading while it runs.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run starts a program that is ended with the test at the latest.
func run(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return launch(t, exec.CommandContext( //nolint:gosec // a program that make built
		context.WithoutCancel(t.Context()), binary(t, name), args...))
}

// launch is run with a command that is not started yet.
func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, output: &lockedBuffer{}, stdout: &lockedBuffer{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = io.MultiWriter(p.output, p.stdout), p.output
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			p.showStacks()
		}
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), tail(p.output.String()))
		}
	})
	return p
}

// tail returns the end of a text, which is where a failure shows.
func tail(text string) string {
	const most = 100_000
	return text[max(0, len(text)-most):]
}

// end asks the process to end, waits for it, and returns how long that took.
func (p *process) end(t *testing.T) time.Duration {
	t.Helper()
	took := p.terminate(t)
	assert.Zero(t, p.cmd.ProcessState.ExitCode(), "exit code after SIGTERM")
	return took
}

// terminate is end whatever the exit code is.
func (p *process) terminate(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(patience):
		p.showStacks()
		require.Fail(t, "the process does not end")
	}
	return time.Since(began)
}

// kill ends the process without a warning, as a crash does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	<-p.done
}

// showStacks lets the process say what each of its goroutines is doing, and end.
func (p *process) showStacks() {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(patience):
	}
}

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
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600)) //nolint:gosec // in a folder of the test
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
	require.Eventually(t, func() bool { return strings.Contains(c.output.String(), "Everything is ready") }, patience, tick)
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

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
