// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ran(calls uint32, took, cpu time.Duration) result {
	return result{
		measured:  measured{Calls: int(calls), Made: int(calls), Took: took, CPU: cpu, Allocations: 50 * uint64(calls), PeakRSS: 30e6},
		ServerCPU: cpu / 2,
		Server:    serverStats{Calls: int64(calls), Bytes: int64(calls) * 100, Opened: 64, MostOpen: 64},
	}
}

func TestATableHasMediansAndRatiosToTheRowComparedWith(t *testing.T) {
	floor := &contestant{name: "floor", results: []result{
		ran(1_000, time.Second, 20*time.Millisecond), ran(1_000, 500*time.Millisecond, 10*time.Millisecond), ran(1_000, 2*time.Second, 40*time.Millisecond),
	}}
	got := table("call", []*contestant{floor, {name: "exporter", against: []*contestant{floor}, results: []result{
		ran(1_000, 2*time.Second, 30*time.Millisecond), ran(1_000, time.Second, 20*time.Millisecond), ran(1_000, 2500*time.Millisecond, 60*time.Millisecond),
	}}})
	rows := strings.Split(got, "\n")
	assert.Equal(t, []string{"floor", "1000", "20.0", "50", "30", "64", "64", "10.0", "", "", "150 %"}, cells(rows[2]))
	assert.Equal(t, []string{"exporter", "500", "30.0", "50", "30", "64", "64", "15.0", "0.50 (0.50-0.80)", "1.50 (1.50-2.00)", "120 %"}, cells(rows[3]))
}

func cells(row string) []string {
	var texts []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		texts = append(texts, strings.TrimSpace(cell))
	}
	return texts
}

func TestCallsThatTheServerDidNotSeeAreAnErrorWithBothNumbers(t *testing.T) {
	r := ran(1_000, time.Second, 1)
	require.NoError(t, r.exact())

	r.Made = 1_001 // one of the warm-up's, say
	require.ErrorContains(t, r.noneLost(), "1001 calls were made and the server saw 1000: some were lost")
	require.NoError(t, r.noneRepeated())
	assert.Error(t, r.exact())
}

func TestCallsThatTheServerSawTwiceAreAnErrorWithBothNumbers(t *testing.T) {
	r := ran(1_000, time.Second, 1)
	r.Made = 999
	require.ErrorContains(t, r.noneRepeated(), "999 calls were made and the server saw 1000: some were repeated")
	require.NoError(t, r.noneLost())
	assert.Error(t, r.exact())
}
