// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

func TestContestantsThatSendOtherBodiesAreNotCompared(t *testing.T) {
	sends := func(name string, bytes int64) *contestant {
		return &contestant{name: name, run: func() (result, error) {
			r := ran(10, time.Second, 1)
			r.Server.Bytes = bytes
			return r, nil
		}}
	}
	require.NoError(t, quiet().contest(1, []*contestant{sends("floor", 1_000), sends("exporter", 1_005)}))
	err := quiet().contest(1, []*contestant{sends("floor", 1_000), sends("exporter", 1_006)})
	assert.EqualError(t, err, "exporter sent 100.6 bytes a call and floor 100.0: they do not do the same work and can not be compared")
}

func TestFewRoundsAreNotWrittenDownUnlessThePageSaysSo(t *testing.T) {
	ran := 0
	counting := []*contestant{{name: "floor", run: func() (result, error) {
		ran++
		return result{measured: measured{Calls: 1, Took: 1}}, nil
	}}}
	s := quiet()
	s.page, s.command = "docs/performance.md", "make bench-compare ARGS='-rounds 2'"
	require.ErrorContains(t, s.contest(2, counting), "-rounds 2: the median of fewer than 3 rounds is not written on docs/performance.md")
	assert.Zero(t, ran, "before anything is measured")

	require.NoError(t, s.contest(3, counting))
	s.command = "make bench-compare ARGS='-quick -page docs/performance.md'"
	require.NoError(t, s.contest(1, counting))
	s.page, s.command = "", "make bench-compare ARGS='-rounds 2'"
	assert.NoError(t, s.contest(2, counting))
}
