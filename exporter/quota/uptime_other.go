// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows && !darwin

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import "time"

// readUptime returns nothing: without an uptime no time passes over a restart.
func readUptime() (boot string, uptime time.Duration) { return "", 0 }
