// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/procfs"
)

// memory is what a process holds, in bytes.
type memory struct {
	// Peak is the most that was resident at any time since the program began. The kernel's ru_maxrss is not that: it begins
	// with what the process held that started the program.
	Peak int64
	// Resident counts the pages of files that are mapped, such as those of a persistent queue, which the kernel can take
	// back at any time. Own does not.
	Resident, Own int64
}

// more returns the greater of both, each by itself.
func (m memory) more(other memory) memory {
	return memory{max(m.Peak, other.Peak), max(m.Resident, other.Resident), max(m.Own, other.Own)}
}

// megabytes are 1e6 bytes, in all tables.
func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// memoryNow reads what a running process holds.
func memoryNow(pid int) (memory, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return memory{}, fmt.Errorf("the memory of a process over time is read from /proc, as Linux has it: %w", err)
	}
	status, err := proc.NewStatus()
	if err != nil {
		return memory{}, err
	}
	if status.VmHWM == 0 || status.VmRSS == 0 {
		return memory{}, errors.New("/proc tells no resident memory or no peak of it: the process has ended")
	}
	return memory{Peak: int64(status.VmHWM), Resident: int64(status.VmRSS), Own: int64(status.RssAnon)}, nil //nolint:gosec // G115: bytes of memory
}

// cpuNow reads the processor time that a running process has used, in steps of 10 ms.
func cpuNow(pid int) (time.Duration, error) {
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
