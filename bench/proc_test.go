// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryIsReadWithAndWithoutMappedFiles(t *testing.T) {
	m, err := parseMemory(strings.NewReader("Name:\totelcol\nVmHWM:\t  900 kB\nVmRSS:\t  800 kB\nRssAnon:\t  300 kB\n"))
	require.NoError(t, err)
	assert.Equal(t, memory{Peak: 900 << 10, Resident: 800 << 10, Own: 300 << 10}, m)

	_, err = parseMemory(strings.NewReader("Name:\tzombie\n"))
	assert.Error(t, err)
}

func TestThePeaksOfMemoryAreTakenEachByItself(t *testing.T) {
	assert.Equal(t, memory{9, 3, 2}, memory{9, 3, 1}.more(memory{8, 2, 2}))
}

func TestThePeakOfAProgramIsNotThatOfTheOneThatStartedIt(t *testing.T) {
	const held = 64 << 20
	ballast := make([]byte, held)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	p, err := start(t.Context(), "sleep", "60")
	require.NoError(t, err)
	defer p.kill()
	m, err := memoryNow(p.cmd.Process.Pid)
	require.NoError(t, err)
	assert.Less(t, m.Peak, int64(held))
	runtime.KeepAlive(ballast)
}

func TestProcessorTimeIsUserAndSystemTime(t *testing.T) {
	cpu, err := parseCPU("42 (a ) name) S 1 42 42 0 -1 4194560 900 0 0 0 150 25 0 0 20 0 9 0 100 1000 200")
	require.NoError(t, err)
	assert.Equal(t, 1750*time.Millisecond, cpu)

	_, err = parseCPU("42 (short) S 1")
	assert.Error(t, err)
}
