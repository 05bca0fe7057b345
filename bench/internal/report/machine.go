// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine is what the numbers depend on.
type Machine struct {
	Cores int
	CPU   string
	OS    string
	Go    string
	Date  time.Time
}

// ThisMachine returns what can be told of the machine that this runs on.
func ThisMachine() Machine {
	return machineOf(os.DirFS("/proc"), time.Now())
}

// machineOf returns what a folder such as Linux's /proc tells, and what Go tells where there is
// none.
func machineOf(proc fs.FS, date time.Time) Machine {
	m := Machine{
		Cores: runtime.NumCPU(), CPU: runtime.GOARCH, OS: runtime.GOOS,
		Go: runtime.Version(), Date: date,
	}
	if info, err := fs.ReadFile(proc, "cpuinfo"); err == nil {
		m.CPU = cmp.Or(cpuModel(string(info)), m.CPU)
	}
	if release, err := fs.ReadFile(proc, "sys/kernel/osrelease"); err == nil {
		// What follows the number names whoever built the kernel.
		number, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
		m.OS += " " + number
	}
	return m
}

// cpuModel returns the first name of a model, "" when there is none.
func cpuModel(info string) string {
	for line := range strings.Lines(info) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Line says on which machine, when and by which command the numbers came about.
func (m Machine) Line(command string) string {
	return fmt.Sprintf("%d cores (%s), %s, %s, %s: %#q.", m.Cores, m.CPU, m.OS, m.Go,
		m.Date.Format(time.DateOnly), command)
}
