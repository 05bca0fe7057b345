// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"os"
	"time"
)

// ownCPU and peakRSS are not to be had here; what depends on them reads 0.
func ownCPU() time.Duration { return 0 }

func peakRSS(*os.ProcessState) int64 { return 0 }
