// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// Memory is what a process holds, in bytes.
type Memory struct {
	// Peak is the most that was resident at any time since the program began. The kernel's
	// ru_maxrss is not that: it begins with what the process held that started the program.
	Peak int64
	// Resident counts the pages of files that are mapped, such as those of a persistent queue,
	// which the kernel can take back at any time. Own does not.
	Resident, Own int64
}

// More returns the greater of both, each by itself.
func (m Memory) More(other Memory) Memory {
	return Memory{max(m.Peak, other.Peak), max(m.Resident, other.Resident), max(m.Own, other.Own)}
}

// Megabytes are 1e6 bytes, in all tables.
func Megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// MemoryOf reads what a running process holds.
func MemoryOf(pid int) (Memory, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return Memory{}, fmt.Errorf("the memory of a process over time is read from /proc, as Linux has it: %w", err)
	}
	status, err := proc.NewStatus()
	if err != nil {
		return Memory{}, err
	}
	if status.VmHWM == 0 || status.VmRSS == 0 {
		return Memory{}, errors.New("/proc tells no resident memory or no peak of it: the process has ended")
	}
	return Memory{Peak: int64(status.VmHWM), Resident: int64(status.VmRSS), Own: int64(status.RssAnon)}, nil //nolint:gosec // G115: bytes of memory
}

// CPUOf reads the processor time that a running process has used, in steps of 10 ms.
func CPUOf(pid int) (time.Duration, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0, fmt.Errorf("the CPU of a process over time is read from /proc, as Linux has it: %w", err)
	}
	stat, err := proc.Stat()
	if err != nil {
		return 0, err
	}
	return time.Duration(stat.CPUTime() * float64(time.Second)), nil
}

// OwnCPU returns the processor time that this process has used.
func OwnCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("getrusage tells no processor time of this process: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
