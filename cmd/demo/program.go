// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	lastLines = 15
	// killDelay is how long a program may take to end once it has been told to.
	killDelay = 45 * time.Second
)

// program is a started program whose output goes to a file.
type program struct {
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // how it ended, once ended is closed
}

// start starts a program with its output in <folder>/<name>.log.
func start(folder, name, path string, args, environment []string) (*program, error) {
	p := &program{name: name, log: filepath.Join(folder, name+".log"), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()                   // the program has its own handle
	p.cmd = exec.Command(path, args...) //nolint:gosec // G204: the user names the program; it is stopped by signal, not by a context
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = ownGroup()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the %s does not start: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop tells the program to end and waits until it has. It is killed when hurry
// is closed or when it takes too long.
func (p *program) stop(hurry <-chan struct{}) error {
	select {
	case <-p.ended:
		return nil // whoever watched it has said so
	default:
	}
	if err := terminate(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.cmd.Process.Kill()
	}
	timer := time.NewTimer(killDelay)
	defer timer.Stop()
	select {
	case <-p.ended:
		return p.endedBadly()
	case <-hurry:
	case <-timer.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("the %s did not end by itself and was killed", p.name)
}

// endedBadly returns an error unless a program that was told to end has done so.
// The signal itself may have ended it, when it had only just begun.
func (p *program) endedBadly() error {
	if p.err == nil || !p.cmd.ProcessState.Exited() {
		return nil
	}
	return fmt.Errorf("the %s ended with %w", p.name, p.err)
}

// failed returns an error that shows the end of the program's log.
func (p *program) failed(what string) error {
	return fmt.Errorf("the %s %s; the end of its log:\n%s", p.name, what, p.tail())
}

// tail returns the last lines of the log.
func (p *program) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return "    (cannot be read)"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[max(0, len(lines)-lastLines):]
	return "    " + strings.Join(lines, "\n    ")
}

// firstLine waits for the first line that the program writes.
func (p *program) firstLine(ctx context.Context) (string, error) {
	var line string
	err := p.until(ctx, func() bool {
		file, err := os.Open(p.log)
		if err != nil {
			return false
		}
		defer file.Close()
		begin, err := io.ReadAll(io.LimitReader(file, 1<<10))
		first, _, whole := bytes.Cut(begin, []byte("\n"))
		line = string(first)
		return err == nil && whole
	})
	return line, err
}

// until asks again and again until the answer is yes, the program has ended or
// the context is over.
func (p *program) until(ctx context.Context, yes func() bool) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-p.ended:
			return p.failed("has ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}
