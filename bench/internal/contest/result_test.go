// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

func ran(calls uint32, took, cpu time.Duration) Result {
	return Result{
		Measured: Measured{
			Records: int(calls), Made: int(calls), Took: took, CPU: cpu,
			Allocations: 50 * uint64(calls), PeakRSS: 30e6,
		},
		ServerCPU: cpu / 2,
		Server: server.Stats{
			Calls: int64(calls), Bytes: int64(calls) * 100, Opened: 64,
			MostOpen: 64,
		},
	}
}

func TestCallsThatTheServerDidNotSeeAreAnErrorWithBothNumbers(t *testing.T) {
	r := ran(1_000, time.Second, 1)
	require.NoError(t, r.Exact())

	r.Made = 1_001 // one of the warm-up's, say
	require.ErrorContains(t, r.NoneLost(),
		"1001 calls were made and the server saw 1000: some were lost")
	require.NoError(t, r.NoneRepeated())
	assert.Error(t, r.Exact())
}

func TestCallsThatTheServerSawTwiceAreAnErrorWithBothNumbers(t *testing.T) {
	r := ran(1_000, time.Second, 1)
	r.Made = 999
	require.ErrorContains(t, r.NoneRepeated(),
		"999 calls were made and the server saw 1000: some were repeated")
	require.NoError(t, r.NoneLost())
	assert.Error(t, r.Exact())
}
