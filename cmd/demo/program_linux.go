// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import "syscall"

// ownGroup keeps a terminal's Ctrl-C from the programs: the demo ends them, in
// order. Should the demo itself be killed, they end with the thread that started
// them.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
