// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Process is a program that was started and whose cost is counted.
type Process struct {
	Name  string
	Began time.Time

	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  speech // what a role says; a program that is none says nothing here
	log   tail
	ended chan struct{}
	err   error // how it ended
}

// Cost is what a process has used from its start to its end, with the memory it held at most until
// it was asked to end.
type Cost struct {
	CPU     time.Duration
	PeakRSS int64
}

// Start starts a program, all of whose output is its log. It has to be ended by End or Kill.
func Start(ctx context.Context, path string, args ...string) (*Process, error) {
	p := &Process{Name: filepath.Base(path)}
	if err := p.launch(ctx, &p.log, path, args...); err != nil {
		return nil, err
	}
	return p, nil
}

// StartRole starts this program in another role, which can be heard.
func StartRole(ctx context.Context, role string, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{Name: "bench " + role}
	if err := p.launch(ctx, &p.said, self, append([]string{role}, args...)...); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Process) launch(ctx context.Context, stdout io.Writer, path string,
	args ...string,
) (err error) {
	p.cmd = exec.CommandContext(ctx, path, args...) //nolint:gosec // G204: a program that was built for this
	p.cmd.Stdout, p.cmd.Stderr = stdout, &p.log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	p.Began, p.ended = time.Now(), make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", path, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return nil
}

// Hear waits for the next line of JSON that a role says. A role that works in silence for longer
// than patience needs a progress, a number that changes while it works; else it is nil.
func (p *Process) Hear(ctx context.Context, into any, progress func() (int64, error)) error {
	var line []byte
	_, err := Await(ctx, 5*PollInterval, func() (seen int64, done bool, err error) {
		stopped := p.Running() // asked first, for it can end between the two
		if line, done = p.said.next(); done {
			return 0, true, nil
		}
		if stopped == nil && progress != nil {
			seen, err = progress()
		}
		return seen, false, errors.Join(stopped, err)
	})
	if err != nil {
		return fmt.Errorf("%s said nothing: %w%s", p.Name, err, &p.log)
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("%s said %q: %w", p.Name, line, err)
	}
	return nil
}

// Running returns an error once the process has ended.
func (p *Process) Running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s has ended with %s", p.Name, p.cmd.ProcessState)
	default:
		return nil
	}
}

// Memory returns what the process holds now.
func (p *Process) Memory() (Memory, error) {
	held, err := MemoryOf(p.cmd.Process.Pid)
	if err != nil {
		err = fmt.Errorf("%s: %w", p.Name, err)
	}
	return held, err
}

// CPU returns the processor time that the process has used so far.
func (p *Process) CPU() (time.Duration, error) { return CPUOf(p.cmd.Process.Pid) }

// Log returns the end of what the process has said, as the end of an error, and nothing when it has
// said nothing.
func (p *Process) Log() string { return p.log.String() }

// End asks the process to end, waits for it, and returns what it has cost.
func (p *Process) End() (Cost, error) {
	held, heldErr := p.Memory()
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(os.Interrupt)
	used, err := p.Wait()
	used.PeakRSS = held.Peak
	return used, errors.Join(err, heldErr)
}

// Wait waits for the process to end by itself. What it held is not known by then.
func (p *Process) Wait() (Cost, error) {
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.Kill()
		return Cost{}, fmt.Errorf("%s did not end within %s%s", p.Name, Patience, &p.log)
	}
	used := Cost{CPU: p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()}
	if p.err != nil {
		return used, fmt.Errorf("%s: %w%s", p.Name, p.err, &p.log)
	}
	return used, nil
}

// Kill ends the process at once, if it has not ended.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}
