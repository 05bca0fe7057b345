// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// instant is a point in time that can be compared with one of an earlier run.
type instant struct {
	wall time.Time
	// boot names the start of the machine, empty where the system does not tell.
	boot string
	// uptime is the time since then. Nobody sets it, as they set a clock.
	uptime time.Duration
}

// uptimeStep is how exactly Linux tells the uptime.
const uptimeStep = 10 * time.Millisecond

// readInstant returns the time of now.
func readInstant() instant {
	now := instant{wall: time.Now()}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return now
	}
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return now
	}
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return now
	}
	now.boot = strings.TrimSpace(string(boot))
	now.uptime = time.Duration(seconds * float64(time.Second))
	return now
}

// since returns the time that has passed at least since an earlier instant, never
// less than nothing. While the machine has not been started anew it goes by its uptime, so
// that a clock that is set does not matter.
func (i instant) since(earlier instant) time.Duration {
	if i.boot != "" && i.boot == earlier.boot {
		return max(0, i.uptime-earlier.uptime-uptimeStep)
	}
	return max(0, i.wall.Sub(earlier.wall))
}
