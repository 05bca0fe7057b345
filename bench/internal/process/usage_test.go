// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryIsReadWithAndWithoutMappedFiles(t *testing.T) {
	m, err := MemoryOf(os.Getpid())
	require.NoError(t, err)
	assert.Positive(t, m.Own)
	assert.Greater(t, m.Resident, m.Own, "the pages of the program's file are resident")
	assert.GreaterOrEqual(t, m.Peak, m.Resident)
}

func TestAProcessThatHasEndedHoldsNothing(t *testing.T) {
	command := exec.CommandContext(t.Context(), "true")
	require.NoError(t, command.Run())
	_, err := MemoryOf(command.Process.Pid)
	require.Error(t, err)
	_, err = CPUOf(command.Process.Pid)
	assert.Error(t, err)
}

func TestThePeaksOfMemoryAreTakenEachByItself(t *testing.T) {
	assert.Equal(t, Memory{9, 3, 2}, Memory{9, 3, 1}.More(Memory{8, 2, 2}))
}

func TestThePeakOfAProgramIsNotThatOfTheOneThatStartedIt(t *testing.T) {
	const held = 64 << 20
	ballast := make([]byte, held)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	p, err := Start(t.Context(), "sleep", "60")
	require.NoError(t, err)
	defer p.Kill()
	m, err := MemoryOf(p.cmd.Process.Pid)
	require.NoError(t, err)
	assert.Less(t, m.Peak, int64(held))
	runtime.KeepAlive(ballast)
}

func TestProcessorTimeIsWhatTheKernelTellsOfItself(t *testing.T) {
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
		continue
	}
	seen, err := CPUOf(os.Getpid())
	require.NoError(t, err)
	own, err := OwnCPU()
	require.NoError(t, err)
	assert.InDelta(t, own, seen, float64(100*time.Millisecond))
}
