// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"os/exec"
	"syscall"
)

// EndWithChildren lets a command that is cancelled take along what it has started: go test starts a
// test binary, which would use a core to its end otherwise, beside what is measured next.
func EndWithChildren(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
