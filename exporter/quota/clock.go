// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import "time"

// instant is a point in time that can be compared with one of an earlier run.
type instant struct {
	wall time.Time
	// boot names the start of the machine, empty where the system does not tell.
	boot string
	// uptime is the time since then, 0 where the system does not tell. Nobody sets
	// it, as they set a clock.
	uptime time.Duration
}

// uptimeStep is how exactly systems tell the uptime: Linux in steps of 10 ms,
// Windows of up to 16.
const uptimeStep = 16 * time.Millisecond

// instants returns what tells the time of now by an uptime.
func instants(uptime func() (boot string, since time.Duration)) func() instant {
	return func() instant {
		now := instant{wall: time.Now()}
		now.boot, now.uptime = uptime()
		return now
	}
}

// since returns what has passed for certain since an earlier instant, never less
// than nothing. A clock that is set makes it no longer: while the machine runs on
// the uptime tells, and after a start at least the uptime has passed. It is more
// than the clocks tell only when the instants are of two machines, and so no more
// than that is certain.
func (i instant) since(earlier instant) time.Duration {
	if i.boot != "" && i.boot == earlier.boot {
		return max(0, i.uptime-earlier.uptime-uptimeStep)
	}
	passed := i.uptime
	if (i.boot == "" || earlier.boot == "") && i.uptime >= earlier.uptime {
		// It may be the same start, and earlier.uptime of it had passed before.
		passed = i.uptime - earlier.uptime - uptimeStep
	}
	return max(0, min(passed, i.wall.Sub(earlier.wall)))
}
