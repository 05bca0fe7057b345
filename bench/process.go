// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

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

// process is a program that was started and whose cost is counted.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  speech // what a role says; a program that is none says nothing here
	log   tail
	began time.Time
	ended chan struct{}
	err   error // how it ended
}

// cost is what a process has used from its start to its end, with the memory it held at most until it was asked to end.
type cost struct {
	CPU     time.Duration
	PeakRSS int64
}

// start starts a program, all of whose output is its log. It has to be ended by end or kill.
func start(ctx context.Context, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path)}
	if err := p.launch(ctx, &p.log, path, args...); err != nil {
		return nil, err
	}
	return p, nil
}

// startRole starts this program in another role, which can be heard.
func startRole(ctx context.Context, role string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{name: "bench " + role}
	if err := p.launch(ctx, &p.said, self, append([]string{role}, args...)...); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) launch(ctx context.Context, stdout io.Writer, path string, args ...string) (err error) {
	p.cmd = exec.CommandContext(ctx, path, args...) //nolint:gosec // G204: a program that was built for this
	p.cmd.Stdout, p.cmd.Stderr = stdout, &p.log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	p.began, p.ended = time.Now(), make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", path, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return nil
}

// hear waits for the next line of JSON that a role says. A role that works in silence for longer than patience needs a
// progress, a number that changes while it works; else it is nil.
func (p *process) hear(ctx context.Context, into any, progress func() (int64, error)) error {
	var line []byte
	_, err := await(ctx, 5*pollInterval, func() (seen int64, done bool, err error) {
		stopped := p.running() // asked first, for it can end between the two
		if line, done = p.said.next(); done {
			return 0, true, nil
		}
		if stopped == nil && progress != nil {
			seen, err = progress()
		}
		return seen, false, errors.Join(stopped, err)
	})
	if err != nil {
		return fmt.Errorf("%s said nothing: %w%s", p.name, err, &p.log)
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("%s said %q: %w", p.name, line, err)
	}
	return nil
}

// running returns an error once the process has ended.
func (p *process) running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s has ended with %s", p.name, p.cmd.ProcessState)
	default:
		return nil
	}
}

// memory returns what the process holds now.
func (p *process) memory() (memory, error) {
	held, err := memoryNow(p.cmd.Process.Pid)
	if err != nil {
		err = fmt.Errorf("%s: %w", p.name, err)
	}
	return held, err
}

// end asks the process to end, waits for it, and returns what it has cost.
func (p *process) end() (cost, error) {
	held, heldErr := p.memory()
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(os.Interrupt)
	used, err := p.wait()
	used.PeakRSS = held.Peak
	return used, errors.Join(err, heldErr)
}

// wait waits for the process to end by itself. What it held is not known by then.
func (p *process) wait() (cost, error) {
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
		return cost{}, fmt.Errorf("%s did not end within %s%s", p.name, patience, &p.log)
	}
	used := cost{CPU: p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()}
	if p.err != nil {
		return used, fmt.Errorf("%s: %w%s", p.name, p.err, &p.log)
	}
	return used, nil
}

// kill ends the process at once, if it has not ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}
