// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ran(calls uint32, took, cpu time.Duration) result {
	return result{
		measured: measured{Calls: int(calls), Took: took, CPU: cpu, Allocations: 50 * uint64(calls), PeakRSS: 30e6}, ServerCPU: cpu / 2,
		Server: serverStats{Calls: int64(calls), Bytes: int64(calls) * 100, Opened: 64, MostOpen: 64},
	}
}

func TestATableHasMediansAndRatiosToTheRowComparedWith(t *testing.T) {
	got := table("call", []*contestant{
		{name: "floor", results: []result{
			ran(1_000, time.Second, 20*time.Millisecond), ran(1_000, 500*time.Millisecond, 10*time.Millisecond), ran(1_000, 2*time.Second, 40*time.Millisecond),
		}},
		{name: "exporter", against: "floor", results: []result{ran(1_000, 2*time.Second, 30*time.Millisecond)}},
	})
	rows := strings.Split(got, "\n")
	assert.Equal(t, []string{"floor", "1000", "20.0", "50", "30", "64", "64", "10.0", "", "", "150 %"}, cells(rows[2]))
	assert.Equal(t, []string{"exporter", "500", "30.0", "50", "30", "64", "64", "15.0", "0.50", "1.50", "0 %"}, cells(rows[3]))
}

func cells(row string) []string {
	var texts []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		texts = append(texts, strings.TrimSpace(cell))
	}
	return texts
}

func quiet() *suite { return &suite{log: io.Discard} }

func TestContestantsRunInTurn(t *testing.T) {
	var order []string
	named := func(name string) *contestant {
		return &contestant{name: name, run: func() (result, error) {
			order = append(order, name)
			return ran(1, time.Second, 1), nil
		}}
	}
	require.NoError(t, quiet().contest(2, []*contestant{named("a"), named("b")}))
	assert.Equal(t, []string{"a", "b", "a", "b"}, order)
}

func TestAContestantThatFailsIsNamed(t *testing.T) {
	failing := &contestant{name: "floor", run: func() (result, error) { return result{}, errors.New("no") }}
	assert.EqualError(t, quiet().contest(1, []*contestant{failing}), "floor: no")
}
