// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// ownCPU returns the processor time that this process has used.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakRSS returns the most memory that a process held that has ended, in bytes.
func peakRSS(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin" || runtime.GOOS == "ios":
		return usage.Maxrss
	default:
		return usage.Maxrss << 10
	}
}
