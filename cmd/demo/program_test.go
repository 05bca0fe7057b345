// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProgramEndsInOrderWhenItIsTold(t *testing.T) {
	p := played(t, "obedient")
	line, err := p.firstLine(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "ready", line)

	require.NoError(t, p.stop(nil))
	assert.Equal(t, "    ready\n    ended in order", p.tail())
	assert.NoError(t, p.stop(nil), "stopping twice does nothing")
}

func TestAProgramThatDoesNotEndIsKilledWhenTheUserIsInAHurry(t *testing.T) {
	p := played(t, "stubborn")
	_, err := p.firstLine(t.Context())
	require.NoError(t, err)

	hurry := make(chan struct{})
	close(hurry)
	require.EqualError(t, p.stop(hurry), "the program did not end by itself and was killed")
}

func TestTheLastLinesOfAProgramThatHasEndedAreShown(t *testing.T) {
	p := played(t, "broken")
	<-p.ended
	require.EqualError(t, p.endedBadly(), "the program ended with exit status 3")

	err := p.until(t.Context(), func() bool { return false })
	var want strings.Builder
	want.WriteString("the program has ended; the end of its log:")
	for i := range lastLines {
		fmt.Fprintf(&want, "\n    line %d", 20-lastLines+i+1)
	}
	assert.EqualError(t, err, want.String())
}

func TestAProgramThatIsMissingDoesNotStart(t *testing.T) {
	_, err := start(t.TempDir(), "program", "no/such/program", nil, nil)
	assert.ErrorContains(t, err, "the program does not start: ")
}

func played(t *testing.T, what ...string) *program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p, err := start(t.TempDir(), "program", self, append([]string{"-play"}, what...), nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}
