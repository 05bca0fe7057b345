// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

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

// group is a control group whose processes have so much memory together, the pages of
// files that they map or read among it, as in a container.
type group struct{ folder string }

// newGroup makes a group. It returns an error where this process may not: that takes root,
// and a system that lets root.
func newGroup(limit int64) (*group, error) {
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
		g := &group{folder}
		if err = os.WriteFile(filepath.Join(folder, file), strconv.AppendInt(nil, limit, 10), 0); err == nil {
			return g, nil
		}
		errs = append(errs, err, g.remove())
	}
	return nil, fmt.Errorf("no control group can be made that limits memory: %w", errors.Join(errs...))
}

// command returns the command that runs a program in the group from its first moment on.
func (g *group) command(program string, args ...string) (path string, all []string) {
	const script = `echo $$ > "$0" && exec "$@"`
	return "/bin/sh", append([]string{"-c", script, filepath.Join(g.folder, "cgroup.procs"), program}, args...)
}

// uncached has the kernel let go of its pages of a folder's files, which it counts for the
// group that reads them first.
func uncached(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		file, err := os.OpenFile(filepath.Join(folder, entry.Name()), os.O_RDWR, 0) //nolint:gosec // G304: a folder of the harness
		if err != nil {
			return err
		}
		err = errors.Join(file.Sync(), unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED), file.Close())
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return nil
}

// killed returns how often the kernel ended a process of the group for want of memory.
func (g *group) killed() (int, error) {
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

// remove removes the group, whose processes have ended. The kernel can take a moment to
// find that out.
func (g *group) remove() error {
	err := os.Remove(g.folder)
	for tries := 0; errors.Is(err, syscall.EBUSY) && tries < 100; tries++ {
		time.Sleep(pollInterval)
		err = os.Remove(g.folder)
	}
	return err
}
