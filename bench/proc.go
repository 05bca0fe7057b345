// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
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
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, fmt.Errorf("the memory of a process over time is read from /proc, as Linux has it: %w", err)
	}
	defer file.Close()
	return parseMemory(file)
}

func parseMemory(status io.Reader) (memory, error) {
	var m memory
	for lines := bufio.NewScanner(status); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		number, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmHWM":
			m.Peak = number << 10
		case "VmRSS":
			m.Resident = number << 10
		case "RssAnon":
			m.Own = number << 10
		}
	}
	if m.Peak == 0 || m.Resident == 0 {
		return m, errors.New("/proc tells no resident memory or no peak of it: the process has ended")
	}
	return m, nil
}

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// cpuNow reads the processor time that a running process has used.
func cpuNow(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("the CPU of a process over time is read from /proc, as Linux has it: %w", err)
	}
	return parseCPU(string(text))
}

func parseCPU(stat string) (time.Duration, error) {
	// The name of the program comes second, in parentheses, and can hold anything.
	words := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	const user, system = 11, 12
	if len(words) <= system {
		return 0, errors.New("/proc tells no processor time")
	}
	ticks := int64(0)
	for _, word := range []string{words[user], words[system]} {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc tells a processor time of %q", word)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
