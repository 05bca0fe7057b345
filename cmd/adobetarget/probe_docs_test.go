// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
)

func TestProbe_TheDocumentationHasItsQuestions(t *testing.T) {
	text, err := os.ReadFile("../../docs/companion.md")
	require.NoError(t, err)
	assert.Contains(t, string(text), fmt.Sprintf("and %d altogether", probe.MaxCalls))
	var help bytes.Buffer
	require.Equal(t, exitOK, run(t.Context(), []string{"probe", "--help"}, nil, &help, &help))
	assert.Contains(t, help.String(), fmt.Sprintf("no more than %d altogether", probe.MaxCalls))
	for _, q := range probe.Questions() {
		changes := q.Changes
		if changes == "" {
			changes = "nothing"
		}
		row := fmt.Sprintf("| %#q | %d | %s | %s |\n", q.Name, q.Calls, q.Asks, changes)
		assert.True(t, bytes.Contains(text, []byte(row)), row)
		assert.Contains(t, help.String(), "  "+q.Name+" ")
	}
}
