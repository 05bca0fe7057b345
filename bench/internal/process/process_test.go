// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// count is what the roles of these tests say.
type count struct {
	Calls int `json:"calls"`
}

// says starts a shell in the place of a role.
func says(t *testing.T, script string) *Process {
	t.Helper()
	p := &Process{Name: "role"}
	require.NoError(t, p.launch(t.Context(), &p.said, "sh", "-c", script))
	t.Cleanup(p.Kill)
	return p
}

func TestARoleIsHeardLineByLine(t *testing.T) {
	p := says(t, `echo '{"calls":1}'; echo '{"calls":2}'; exec sleep 60`)
	for _, want := range []int{1, 2} {
		var heard count
		require.NoError(t, p.Hear(t.Context(), &heard, nil))
		assert.Equal(t, want, heard.Calls)
	}
}

func TestARoleThatEndsIsHeardToTheEnd(t *testing.T) {
	p := says(t, `echo '{"calls":1}'`)
	<-p.ended
	var heard count
	require.NoError(t, p.Hear(t.Context(), &heard, nil))
	assert.Equal(t, 1, heard.Calls)
}

func TestARoleThatSaysNothingIsAnErrorWithItsLog(t *testing.T) {
	p := says(t, `echo no certificate >&2; exit 3`)
	err := p.Hear(t.Context(), new(count), nil)
	assert.EqualError(t, err,
		"role said nothing: role has ended with exit status 3; the end of its log:\nno certificate\n")
}

func TestARoleThatSaysSomethingElseIsQuoted(t *testing.T) {
	p := says(t, `echo hello`)
	assert.ErrorContains(t, p.Hear(t.Context(), new(count), nil), `role said "hello": `)
}

func TestProgressThatCanNotBeSeenEndsTheWait(t *testing.T) {
	p := says(t, `exec sleep 60`)
	err := p.Hear(t.Context(), new(count), func() (int64, error) {
		return 0,
			errors.New("no server")
	})
	assert.EqualError(t, err, "role said nothing: no server")
}

func TestBothOutputsOfAProgramAreItsLog(t *testing.T) {
	// More than a pipe holds, which would block it if nobody read.
	p, err := Start(t.Context(), "sh", "-c",
		"head -c 1000000 /dev/zero; echo one; echo two >&2; exit 1")
	require.NoError(t, err)
	_, err = p.Wait()
	assert.ErrorContains(t, err, "one\ntwo\n")
}

func TestWhatEndsOnRequestTellsItsPeak(t *testing.T) {
	p := says(t, "trap 'exit 0' INT; echo '{}'; read line; exit 0")
	require.NoError(t, p.Hear(t.Context(), new(count), nil))
	used, err := p.End()
	require.NoError(t, err)
	assert.Positive(t, used.PeakRSS)
}

func TestAProcessLeavesNoFileOpen(t *testing.T) {
	openFiles := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(entries)
	}
	runOne := func() {
		p, err := Start(t.Context(), "true")
		require.NoError(t, err)
		_, err = p.Wait()
		require.NoError(t, err)
	}
	runOne() // what the runtime opens once
	before := openFiles()
	for range 5 {
		runOne()
	}
	assert.Equal(t, before, openFiles())
}

func TestATailKeepsTheEnd(t *testing.T) {
	var log tail
	assert.Empty(t, log.String())
	for range 3 {
		_, err := log.Write(make([]byte, tailLength))
		require.NoError(t, err)
	}
	_, err := log.Write([]byte("the end"))
	require.NoError(t, err)
	assert.Len(t, log.text, tailLength)
	assert.Contains(t, log.String(), "the end")
}
