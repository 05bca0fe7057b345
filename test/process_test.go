// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	name string
	cmd  *exec.Cmd
	// output is all that it says, stdout the part of it that is no log.
	output, stdout *lockedBuffer
	done           chan struct{}
	// asked is set once the test wants it to end.
	asked atomic.Bool
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
	return launch(t, name, exec.CommandContext( //nolint:gosec // a program that make built
		context.WithoutCancel(t.Context()), binary(t, name), args...))
}

// launch is run with a command that is not started yet.
func launch(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, output: &lockedBuffer{}, stdout: &lockedBuffer{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = io.MultiWriter(p.output, p.stdout), p.output
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			p.tell(t)
		}
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	return p
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
	p.asked.Store(true)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(patience):
		require.Fail(t, "the process does not end")
	}
	return time.Since(began)
}

// kill ends the process without a warning, as a crash does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	p.asked.Store(true)
	require.NoError(t, p.cmd.Process.Kill())
	<-p.done
}

// ended reports whether the process has come to its end.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
