// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"
)

// parsed returns the options of a command line, with a collector that is there.
func parsed(t *testing.T, args ...string) (section.Options, error) {
	t.Helper()
	return parseOptions(append([]string{"-collector", written(t, "collector", "")}, args...))
}

// written returns the path of a file with that text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const recordMarkers = "<!-- bench: record begin -->\n<!-- bench: record end -->\n"

func TestWithoutFlagsEverySectionIsMeasuredAtFullSize(t *testing.T) {
	o, err := parsed(t, "-page", "")
	require.NoError(t, err)
	assert.Equal(t, section.Names(), o.Only)
	assert.Equal(t, []int{5, 200_000, 200_000}, []int{o.Rounds, o.Calls, o.Lines})
	assert.Equal(t, []int{10_000, 100_000, 1_000_000}, o.Backlogs)
}

func TestQuickIsSmallButForWhatIsAskedFor(t *testing.T) {
	o, err := parsed(t, "-quick", "-lines", "7", "-only", "start,record")
	require.NoError(t, err)
	assert.Equal(t, []string{"start", "record"}, o.Only)
	assert.Equal(t, []int{1, 30_000, 7}, []int{o.Rounds, o.Calls, o.Lines})
	assert.Equal(t, []int{10_000, 50_000}, o.Backlogs)
}

func TestResultsAreWrittenDownUnlessItIsQuickOrThePageIsEmpty(t *testing.T) {
	page := written(t, "page.md", recordMarkers)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a page":                    {[]string{"-page", page}, page},
		"no page":                   {[]string{"-page", ""}, ""},
		"quick":                     {[]string{"-quick"}, ""},
		"quick, but with a page":    {[]string{"-quick", "-page", page}, page},
		"quick, and without a page": {[]string{"-quick", "-page="}, ""},
	} {
		o, err := parsed(t, append(c.args, "-only", "record")...)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, o.Page, name)
	}
}

func TestThePageOfTheDocumentationIsTheDefaultAndHasAPlaceForEverySection(t *testing.T) {
	t.Chdir("..")
	o, err := parsed(t)
	require.NoError(t, err)
	assert.Equal(t, "docs/performance.md", o.Page)
}

func TestWhatWouldFailAfterTheMeasuringIsRefusedBefore(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	half := written(t, "page.md", recordMarkers+"<!-- bench: start begin -->\n")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a page that is not there": {
			[]string{"-page", missing},
			"missing: no such file or directory; name a page that is there",
		},
		"a page without a marker": {
			[]string{"-page", half},
			`"<!-- bench: start end -->" 0 times`,
		},
		"a folder that is not there": {
			[]string{"-quick", "-profiles", missing},
			"-profiles: no file can be made in the folder",
		},
		"a profile of too little": {[]string{
			"-quick", "-profiles", t.TempDir(), "-lines",
			"39999",
		}, "give it -lines 40000 or more"},
		"an unknown section": {
			[]string{"-quick", "-only", "record,disk"},
			`there is no section "disk", only exporter, `,
		},
		"less than one round": {
			[]string{"-quick", "-rounds", "-1"},
			"-rounds, -calls and -lines must be at least 1",
		},
		"a word that is no flag": {[]string{"-quick", "record"}, `"record" is no flag`},
		"too few rounds for a page": {
			[]string{
				"-rounds", "2", "-page",
				written(t, "page.md", recordMarkers), "-only", "record",
			},
			"-rounds 2: the median of fewer than 3 rounds is not written on",
		},
		"a collector that is not there": {
			[]string{"-quick", "-collector", missing},
			"make build makes it",
		},
	} {
		_, err := parsed(t, c.args...)
		assert.ErrorContains(t, err, c.want, name)
	}
}

func TestOnlyTheSectionsThatAreMeasuredNeedAPlaceOnThePage(t *testing.T) {
	_, err := parsed(t, "-page", written(t, "page.md", recordMarkers), "-only", "record")
	assert.NoError(t, err)
}

func TestAProfileOfTheExporterAloneTakesNoNumberOfLines(t *testing.T) {
	_, err := parsed(t, "-quick", "-profiles", t.TempDir(), "-lines", "7", "-only", "exporter")
	assert.NoError(t, err, "the exporter alone is not in a hurry")
}

func TestFewRoundsAreWrittenDownWhenThePageSaysSo(t *testing.T) {
	page := written(t, "page.md", recordMarkers)
	for _, args := range [][]string{{"-quick", "-page", page}, {"-rounds", "3", "-page", page}, {"-rounds", "2", "-page", ""}} {
		_, err := parsed(t, append(args, "-only", "record")...)
		assert.NoError(t, err, args)
	}
}

func TestTheCommandCanBeTypedAgain(t *testing.T) {
	for want, args := range map[string][]string{
		"make bench-compare":                           nil,
		"make bench-compare ARGS='-quick -lines 7'":    {"-quick", "-lines", "7"},
		`make bench-compare ARGS="-page '' -rounds 2"`: {"-page", "", "-rounds", "2"},
	} {
		o, _ := parseOptions(args) // whatever else is wrong with them
		assert.Equal(t, want, o.Command)
	}
}
