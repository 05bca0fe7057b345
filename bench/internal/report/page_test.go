// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = `# Performance

Prose before.

<!-- bench: merging begin -->
old
<!-- bench: merging end -->

Prose after.
`

func TestOnlyTheTextBetweenTheMarkersIsReplaced(t *testing.T) {
	want := `# Performance

Prose before.

<!-- bench: merging begin -->

new

<!-- bench: merging end -->

Prose after.
`
	got, err := Replace(page, "merging", "new\n")
	require.NoError(t, err)
	assert.Equal(t, want, got)

	again, err := Replace(got, "merging", "new\n")
	require.NoError(t, err)
	assert.Equal(t, want, again, "writing twice is writing once")
}

func TestAPageWithoutTheMarkersIsLeftAlone(t *testing.T) {
	_, err := Replace(page, "memory", "new")
	assert.EqualError(t, err,
		`the page has the line "<!-- bench: memory begin -->" 0 times: write it once, where the results of memory belong`)
}

func TestMarkersInTheWrongOrderAreRefused(t *testing.T) {
	_, err := Replace("<!-- bench: a end -->\n<!-- bench: a begin -->\n", "a", "new")
	assert.ErrorContains(t, err, "change their places")
}
