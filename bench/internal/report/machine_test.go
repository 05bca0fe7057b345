// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheMachineIsSaidInOneLine(t *testing.T) {
	m := Machine{
		Cores: 2, CPU: "Some CPU @ 2 GHz", OS: "linux 6.1", Go: "go1.26.8",
		Date: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC),
	}
	assert.Equal(t,
		"2 cores (Some CPU @ 2 GHz), linux 6.1, go1.26.8, 2026-01-05: `make bench-compare`.", m.Line("make bench-compare"))
}

func TestLinuxTellsTheModelOfTheCPUAndTheNumberOfTheKernel(t *testing.T) {
	m := machineOf(fstest.MapFS{
		"cpuinfo":              {Data: []byte("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: other\n")},
		"sys/kernel/osrelease": {Data: []byte("6.1.44-acme-build+\n")},
	}, time.Time{})
	assert.Equal(t, "Some CPU @ 2 GHz", m.CPU)
	assert.Equal(t, runtime.GOOS+" 6.1.44", m.OS)
}

func TestWithoutThemTheArchitectureAndTheSystemAreTold(t *testing.T) {
	for name, proc := range map[string]fstest.MapFS{
		"nothing to read":            {},
		"a processor without a name": {"cpuinfo": {Data: []byte("processor\t: 0\n")}},
	} {
		m := machineOf(proc, time.Time{})
		assert.Equal(t, runtime.GOARCH, m.CPU, name)
		assert.Equal(t, runtime.GOOS, m.OS, name)
	}
}
