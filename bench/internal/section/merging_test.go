// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// cells returns those of a row of a table.
func cells(row string) []string {
	var texts []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		texts = append(texts, strings.TrimSpace(cell))
	}
	return texts
}

func TestTheCallsOfABacklogAreJudgedByItsVisitors(t *testing.T) {
	visitors := records.Visitors{1, 2, 1, 2, 1, 2, 3, 4}
	text := mergedText([]merged{
		{wait{name: "an outage", visitors: visitors, most: 1.05}, server.Stats{Calls: 4}},
		{wait{name: "a pace", visitors: visitors, most: 1.1}, server.Stats{Calls: 5, Refused: 1}},
	})
	rows := strings.Split(text, "\n")
	assert.Equal(t, []string{"an outage", "8", "4", "4", "0", "1.000", "50 %"}, cells(rows[2]))
	assert.Equal(t, []string{"a pace", "8", "4", "5", "1", "1.250", "38 %"}, cells(rows[3]))
	assert.Contains(t, text, "- an outage: calls over distinct visitors at most 1.05: 1, met\n")
	assert.Contains(t, text, "- a pace: calls over distinct visitors at most 1.1: 1.25, missed\n",
		"calls that are refused count too")
}

func TestTheBacklogsAreThoseThatTheTargetsAreAbout(t *testing.T) {
	waits := (&suite{Options: Options{Sizes: Full()}}).waits()
	require.Len(t, waits, 3)
	assert.Len(t, waits[0].visitors, 60_000)
	assert.InDelta(t, 3_600, waits[0].visitors.Different(), 100)
	assert.Len(t, waits[1].visitors, 40_000)
	assert.Less(t, requests*requestInterval, longWindow,
		"all requests come within the window of the first one")
}

func TestRequestsHoldAllVisitorsInTheirOrder(t *testing.T) {
	w := wait{visitors: records.Distinct(0, 25), requests: 10}
	parts := slices.Collect(w.parts())
	assert.LessOrEqual(t, len(parts), 10)
	assert.Equal(t, w.visitors, slices.Concat(parts...))
	assert.Empty(t, slices.Collect(wait{visitors: w.visitors}.parts()), "they come from a file")
}
