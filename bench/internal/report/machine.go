// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"bufio"
	"fmt"
	"io"
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
	m := Machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH, OS: runtime.GOOS, Go: runtime.Version(), Date: time.Now()}
	if file, err := os.Open("/proc/cpuinfo"); err == nil {
		defer file.Close()
		if name := cpuModel(file); name != "" {
			m.CPU = name
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		// What follows the number names whoever built the kernel.
		number, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
		m.OS += " " + number
	}
	return m
}

func cpuModel(info io.Reader) string {
	for lines := bufio.NewScanner(info); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Line says on which machine, when and by which command the numbers came about.
func (m Machine) Line(command string) string {
	return fmt.Sprintf("%d cores (%s), %s, %s, %s: %#q.", m.Cores, m.CPU, m.OS, m.Go, m.Date.Format(time.DateOnly), command)
}
