// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func quiet(string, ...any) {}

func TestContestantsRunInTurn(t *testing.T) {
	var order []string
	named := func(name string) *Contestant {
		return &Contestant{Name: name, Run: func() (Result, error) {
			order = append(order, name)
			return ran(1, time.Second, 1), nil
		}}
	}
	require.NoError(t, Run(2, []*Contestant{named("a"), named("b")}, quiet))
	assert.Equal(t, []string{"a", "b", "a", "b"}, order)
}

func TestAContestantThatFailsIsNamed(t *testing.T) {
	failing := &Contestant{Name: "floor", Run: func() (Result, error) {
		return Result{},
			errors.New("no")
	}}
	assert.EqualError(t, Run(1, []*Contestant{failing}, quiet), "floor: no")
}

func TestContestantsThatDoOtherWorkAreNotCompared(t *testing.T) {
	sends := func(name string, records, bytes int64) *Contestant {
		return &Contestant{Name: name, Run: func() (Result, error) {
			r := ran(10, time.Second, 1)
			r.Records, r.Server.Bytes = int(records), bytes
			return r, nil
		}}
	}
	require.NoError(t, Run(1, []*Contestant{
		sends("floor", 10, 1_000),
		sends("exporter", 10, 1_005),
	}, quiet))
	err := Run(1, []*Contestant{sends("floor", 10, 1_000), sends("exporter", 10, 1_006)}, quiet)
	require.EqualError(t, err,
		"exporter sent 100.6 bytes a call and floor 100.0: they do not do the same work and can not be compared")
	err = Run(1, []*Contestant{sends("floor", 10, 1_000), sends("exporter", 9, 1_000)}, quiet)
	assert.EqualError(t, err,
		"exporter sent 9 records and floor 10: they do not do the same work and can not be compared")
}

func TestATableHasMediansAndRatiosToTheRowComparedWith(t *testing.T) {
	floor := &Contestant{Name: "floor", Results: []Result{
		ran(1_000, time.Second, 20*time.Millisecond), ran(1_000, 500*time.Millisecond,
			10*time.Millisecond), ran(1_000, 2*time.Second, 40*time.Millisecond),
	}}
	got := Table("call", []*Contestant{floor, {
		Name: "exporter", Against: []*Contestant{floor},
		Results: []Result{
			ran(1_000, 2*time.Second, 30*time.Millisecond),
			ran(1_000, time.Second, 20*time.Millisecond), ran(1_000, 2500*time.Millisecond,
				60*time.Millisecond),
		},
	}})
	rows := strings.Split(got, "\n")
	assert.Equal(t, []string{
		"floor", "1000", "20.0", "50", "30", "64", "64", "10.0", "", "",
		"150 %",
	}, cells(rows[2]))
	assert.Equal(t, []string{
		"exporter", "500", "30.0", "50", "30", "64", "64", "15.0",
		"0.50 (0.50-0.80)", "1.50 (1.50-2.00)", "120 %",
	}, cells(rows[3]))
}

func cells(row string) []string {
	var texts []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		texts = append(texts, strings.TrimSpace(cell))
	}
	return texts
}
