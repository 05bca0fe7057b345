// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// endTimeout is how long a process may take to end in order.
const endTimeout = 60 * time.Second

// process is a program that was started and whose cost is counted.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader // what it says on its standard output
	log   *tail
	began time.Time
	ended chan struct{}
	err   error // how it ended
}

// cost is what a process has used from its start to its end.
type cost struct {
	CPU     time.Duration
	PeakRSS int64
}

// start starts a program. It has to be ended by end or kill.
func start(ctx context.Context, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path), log: new(tail), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, path, args...) //nolint:gosec // G204: a program that was built for this
	p.cmd.Stderr = p.log
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// A pipe of our own: Wait closes its own before all is read.
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.lines = write, bufio.NewReader(read)
	p.began = time.Now()
	err = p.cmd.Start()
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		return nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// startRole starts this program in another role.
func startRole(ctx context.Context, role string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, self, append([]string{role}, args...)...)
}

// hear reads the next line of JSON that the process says.
func (p *process) hear(into any) error {
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		<-p.ended
		return fmt.Errorf("%s said nothing: %w%s", p.name, errors.Join(err, p.err), p.log)
	}
	return json.Unmarshal(line, into)
}

// running returns an error once the process has ended.
func (p *process) running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s has ended: %w%s", p.name, p.err, p.log)
	default:
		return nil
	}
}

// end asks the process to end, waits for it, and returns what it has cost.
func (p *process) end() (cost, error) {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(os.Interrupt)
	return p.wait()
}

// wait waits for the process to end by itself.
func (p *process) wait() (cost, error) {
	select {
	case <-p.ended:
	case <-time.After(endTimeout):
		p.kill()
		return cost{}, fmt.Errorf("%s did not end within %s%s", p.name, endTimeout, p.log)
	}
	state := p.cmd.ProcessState
	used := cost{CPU: state.UserTime() + state.SystemTime(), PeakRSS: peakRSS(state)}
	if p.err != nil {
		return used, fmt.Errorf("%s: %w%s", p.name, p.err, p.log)
	}
	return used, nil
}

// kill ends the process at once, if it has not ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// tail keeps the end of what a process says, for when it fails.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailLength = 4_000

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	if over := len(t.text) - tailLength; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "; the end of its log:\n" + string(t.text)
}
