// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"time"

	"golang.org/x/sys/windows"
)

// readUptime returns the time since the machine started. Windows gives its starts
// no names.
func readUptime() (boot string, uptime time.Duration) {
	return "", windows.DurationSinceBoot()
}
