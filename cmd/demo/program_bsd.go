// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import "syscall"

// ownGroup keeps a terminal's Ctrl-C from the programs: the demo ends them, in
// order.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
