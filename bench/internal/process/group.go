// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// groupRoots are where memory can be limited, by the file that does it: in the first
// version of Linux' control groups and in the second.
var groupRoots = map[string]string{
	"memory.limit_in_bytes": "/sys/fs/cgroup/memory",
	"memory.max":            "/sys/fs/cgroup",
}

// Group is a control group whose processes have so much memory together, the pages of
// files that they map or read among it, as in a container.
type Group struct{ folder string }

// NewGroup makes a group. It returns an error where this process may not: that takes root,
// and a system that lets root.
func NewGroup(limit int64) (*Group, error) {
	var errs []error
	for file, root := range groupRoots {
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err != nil {
			errs = append(errs, err)
			continue
		}
		folder, err := os.MkdirTemp(root, "bench-")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		g := &Group{folder}
		if err = os.WriteFile(filepath.Join(folder, file), strconv.AppendInt(nil, limit, 10), 0); err == nil {
			return g, nil
		}
		errs = append(errs, err, g.Remove())
	}
	return nil, fmt.Errorf("no control group can be made that limits memory: %w",
		errors.Join(errs...))
}

// Command returns the command that runs a program in the group from its first moment on.
func (g *Group) Command(program string, args ...string) (path string, all []string) {
	const script = `echo $$ > "$0" && exec "$@"`
	return "/bin/sh", append([]string{
		"-c", script, filepath.Join(g.folder, "cgroup.procs"),
		program,
	}, args...)
}

// Uncached has the kernel let go of its pages of a folder's files, which it counts for the
// group that reads them first.
func Uncached(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		file, err := os.OpenFile(filepath.Join(folder, entry.Name()), os.O_RDWR, 0) //nolint:gosec // G304: a folder of the harness
		if err != nil {
			return err
		}
		err = errors.Join(file.Sync(), unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED),
			file.Close())
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return nil
}

// Killed returns how often the kernel ended a process of the group for want of memory.
func (g *Group) Killed() (int, error) {
	for _, file := range []string{"memory.oom_control", "memory.events"} {
		page, err := os.ReadFile(filepath.Join(g.folder, file)) //nolint:gosec // G304: a folder of this process
		if err != nil {
			continue
		}
		for line := range bytes.Lines(page) {
			if number, found := bytes.CutPrefix(line, []byte("oom_kill ")); found {
				return strconv.Atoi(string(bytes.TrimSpace(number)))
			}
		}
	}
	return 0, fmt.Errorf("%s does not tell what the kernel has ended", g.folder)
}

// Remove removes the group, whose processes have ended. The kernel can take a moment to
// find that out.
func (g *Group) Remove() error {
	err := os.Remove(g.folder)
	for tries := 0; errors.Is(err, syscall.EBUSY) && tries < 100; tries++ {
		time.Sleep(PollInterval)
		err = os.Remove(g.folder)
	}
	return err
}
