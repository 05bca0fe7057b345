// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"time"

	"golang.org/x/sys/unix"
)

// readUptime returns the name of the machine's start, and the time since by a clock
// that no setting of the time touches.
func readUptime() (boot string, uptime time.Duration) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &ts); err != nil {
		return "", 0
	}
	name, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		name = ""
	}
	return name, time.Duration(ts.Nano())
}
