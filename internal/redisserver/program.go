// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package redisserver finds the Redis that tests run. It knows nothing of what they do with it.
package redisserver // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/redisserver"

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program returns where redis-server is: on the PATH, or in the .tools of a folder above the test's. Where there is
// none the test is skipped, and in CI it fails.
func Program(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("redis-server"); err == nil {
		return path
	}
	here, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for above := ""; here != above; above, here = here, filepath.Dir(here) {
		if path, err := exec.LookPath(filepath.Join(here, ".tools", "redis-server")); err == nil {
			return path
		}
	}
	const missing = "redis-server is missing: run scripts/debian.sh redis-server, or install it"
	if os.Getenv("CI") != "" {
		tb.Fatal(missing)
	}
	tb.Skip(missing)
	return ""
}
