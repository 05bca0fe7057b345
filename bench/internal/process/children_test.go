// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACancelledCommandEndsWithWhatItHasStarted(t *testing.T) {
	output, theirs, err := os.Pipe()
	require.NoError(t, err)
	defer output.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", "sleep 60 & echo started; wait")
	command.Stdout = theirs
	EndWithChildren(command)
	require.NoError(t, command.Start())
	require.NoError(t, theirs.Close())

	said := bufio.NewReader(output)
	line, err := said.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "started\n", line)
	cancel()
	require.Error(t, command.Wait())
	require.NoError(t, output.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = said.ReadByte()
	assert.Equal(t, io.EOF, err, "the output ends when nobody is left who could write to it")
}
