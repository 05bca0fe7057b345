// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// made returns a row that made so many calls of its records, and of which the server saw so many.
func made(name string, calls, seen int) *contest.Contestant {
	return &contest.Contestant{Name: name, Results: []contest.Result{
		{
			Measured: contest.Measured{Records: 10, Made: calls, Took: 1},
			Server:   server.Stats{Calls: int64(seen)},
		},
	}}
}

func TestItIsSaidWhatMergedAndWhoRepeatedCalls(t *testing.T) {
	var notes report.Verdicts
	f := recordsFile{visitors: records.Visitors{1, 2, 1, 2, 1}}
	noteMerged(&notes, made("distribution, Zipf", 3, 3), f)
	noteRepeated(&notes, []*contest.Contestant{
		made("distribution", 10, 10),
		made("Benthos", 10, 12),
	})
	assert.Equal(t, `- distribution, Zipf: 3 calls for 5 records of 2 visitors
- Benthos made 2 calls more than there were records, in all rounds together
`, notes.String())
}

func TestWithoutBenthosItsRowsAreLeftOut(t *testing.T) {
	var notes report.Verdicts
	s := &suite{Options: Options{Benthos: "nowhere/benthos"}}
	assert.Empty(t, s.benthosAtBest(t.Context(), recordsFile{}, &notes))
	assert.Empty(t, s.benthosChanged(t.Context(), recordsFile{}, nil))
	noteBest(&notes, nil)
	assert.Contains(t, notes.String(),
		"- Benthos is left out, for nowhere/benthos is not there: `make nowhere/benthos` builds it")
}

func TestAFileHasALineForEachOfItsVisitors(t *testing.T) {
	s := &suite{folder: t.TempDir()}
	f, err := s.fileOf("zipf.jsonl", records.Zipf(100, 10, 1.2))
	require.NoError(t, err)
	assert.FileExists(t, f.path)
	assert.Len(t, f.visitors, 100)
}
