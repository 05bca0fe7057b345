// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAGroupBoundsTheMemoryOfItsProcesses(t *testing.T) {
	g, err := newGroup(20 << 20)
	if err != nil {
		t.Skip("this takes root and control groups: ", err)
	}
	t.Cleanup(func() { assert.NoError(t, g.remove()) })

	path, args := g.command("/bin/sh", "-c", `echo "$0 of $1"`, "one", "two words")
	output, err := exec.CommandContext(t.Context(), path, args...).Output() //nolint:gosec // G204: two commands of this test
	require.NoError(t, err)
	assert.Equal(t, "one of two words\n", string(output))
	killed, err := g.killed()
	require.NoError(t, err)
	assert.Zero(t, killed)

	path, args = g.command("tail", "/dev/zero")                             // it keeps the last lines, and there is no end of this one
	require.Error(t, exec.CommandContext(t.Context(), path, args...).Run()) //nolint:gosec // G204: the same
	killed, err = g.killed()
	require.NoError(t, err)
	assert.Positive(t, killed)
}
