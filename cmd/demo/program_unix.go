// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"os"
	"syscall"
)

func terminate(p *os.Process) error {
	return p.Signal(syscall.SIGTERM)
}
