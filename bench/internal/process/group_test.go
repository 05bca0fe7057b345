// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAGroupBoundsTheMemoryOfItsProcesses(t *testing.T) {
	g, err := NewGroup(20 << 20)
	if err != nil {
		t.Skip("this takes root and control groups: ", err)
	}
	t.Cleanup(func() { assert.NoError(t, g.Remove()) })

	path, args := g.Command("/bin/sh", "-c", `echo "$0 of $1"`, "one", "two words")
	output, err := exec.CommandContext(t.Context(), path, args...).Output() //nolint:gosec // G204: two commands of this test
	require.NoError(t, err)
	assert.Equal(t, "one of two words\n", string(output))
	killed, err := g.Killed()
	require.NoError(t, err)
	assert.Zero(t, killed)

	path, args = g.Command("tail", "/dev/zero")                             // it keeps the last lines, and there is no end of this one
	require.Error(t, exec.CommandContext(t.Context(), path, args...).Run()) //nolint:gosec // G204: the same
	killed, err = g.Killed()
	require.NoError(t, err)
	assert.Positive(t, killed)
}
