// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// readUptime returns the name of the machine's start and the time since, or nothing
// where /proc is not to be read.
func readUptime() (boot string, uptime time.Duration) {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", 0
	}
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return "", 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return "", 0
	}
	return strings.TrimSpace(string(name)), time.Duration(seconds * float64(time.Second))
}
