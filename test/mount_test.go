// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withoutMounts is the environment variable that allows the tests of full and
// read-only disks to be skipped. It is no flag, as make test has the flags of all packages.
const withoutMounts = "TEST_WITHOUT_MOUNTS"

// tinyDisk mounts a file system of 16 MB for as long as the test runs. Root mounts it
// where it is; anybody else in a user namespace, where Linux allows that, and reaches it
// by a process in there.
func tinyDisk(t *testing.T) (disk string, remount func(mode string)) {
	t.Helper()
	dir := t.TempDir()
	mount := []string{"mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", dir}
	again := func(mode string) []string { // with the device, or mount repeats options that are for the first time only
		return []string{"mount", "-o", "remount," + mode, "tmpfs", dir}
	}
	asRoot := command(mount...)
	if asRoot == nil {
		t.Cleanup(func() { assert.NoError(t, command("umount", "-l", dir)) })
		return dir, func(mode string) { require.NoError(t, command(again(mode)...)) }
	}
	holder, err := userNamespace(t)
	enter := []string{"nsenter", "--preserve-credentials", "--user", "--mount", "--target", strconv.Itoa(holder)}
	if err == nil {
		err = command(append(enter, mount...)...)
	}
	if err != nil && os.Getenv(withoutMounts) != "" {
		t.Skipf("%s is set, and nothing can be mounted: %v; %v", withoutMounts, asRoot, err)
	}
	require.NoError(t, err, "this test mounts a small file system, as root (%v) or in a user namespace. Allow one of them, "+
		"or set %s=1 to leave full and read-only disks untested", asRoot, withoutMounts)
	return filepath.Join("/proc", strconv.Itoa(holder), "root", dir), func(mode string) {
		require.NoError(t, command(append(enter, again(mode)...)...))
	}
}

// userNamespace returns the id of a process in user and mount namespaces of its own,
// in which it is root.
func userNamespace(t *testing.T) (int, error) {
	t.Helper()
	const ready = "ready\n"
	holder := exec.CommandContext(context.WithoutCancel(t.Context()), "unshare", "--user", "--map-root-user", "--mount",
		"sh", "-c", "echo ready && exec cat")
	in, err := holder.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		return 0, err
	}
	said := &lockedBuffer{}
	holder.Stderr = said
	if err := holder.Start(); err != nil {
		return 0, err
	}
	t.Cleanup(func() {
		_ = in.Close() // which ends cat
		_ = holder.Wait()
	})
	if text, err := bufio.NewReader(out).ReadString('\n'); err != nil || text != ready {
		return 0, fmt.Errorf("unshare: %s", strings.TrimSpace(said.String()))
	}
	return holder.Process.Pid, nil
}

// command runs a program and says what it said when it fails.
func command(args ...string) error {
	//nolint:gosec,noctx // fixed commands; also used in cleanup, when the test's context has ended
	said, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}
