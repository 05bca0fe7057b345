// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// TestMain lets the program of the tests have the roles that the harness has.
func TestMain(m *testing.M) {
	roles := map[string]func(context.Context, []string) error{
		server.Role: server.Serve,
		FloorRole:   Floor, ExporterRole: Exporter,
	}
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			if role(context.Background(), os.Args[2:]) != nil {
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

func TestTheFloorMakesItsCallsAndTellsWhatTheyCost(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, server.WriteCertificate(folder))
	for name, options := range map[string]server.Options{
		"in the clear":       {},
		"over TLS":           {Certificate: folder},
		"over TLS and HTTP2": {Certificate: folder, HTTP2: true},
	} {
		t.Run(name, func(t *testing.T) {
			profile := filepath.Join(t.TempDir(), "floor.pb.gz")
			r, err := Client{
				Role: FloorRole, Calls: 300, AtOnce: 4, Server: options,
				CPUProfile: profile,
			}.Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 300, r.Records)
			assert.Equal(t, 600, r.Made, "as many to warm up")
			assert.EqualValues(t, 600, r.Server.Calls)
			for _, what := range []int64{int64(r.Took), int64(r.CPU), int64(r.Allocations), r.PeakRSS, int64(r.ServerCPU)} { //nolint:gosec // G115: small
				assert.Positive(t, what)
			}
			assert.FileExists(t, profile)
		})
	}
}

func TestTheTimeOfAClientEndsWithItsLastCall(t *testing.T) {
	const latency = 50 * time.Millisecond
	r, err := Client{
		Role: FloorRole, Calls: 4, AtOnce: 1,
		Server: server.Options{Latency: latency},
	}.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 4*latency, r.Took, float64(latency)/2)
}

func TestAClientThatFailsIsAnError(t *testing.T) {
	_, err := Client{
		Role: FloorRole, Calls: 10, AtOnce: 1,
		Server: server.Options{Down: true},
	}.Run(t.Context())
	assert.ErrorContains(t, err, "floor has ended with exit status 1")
}

func TestAClientIsReadAsItWasGiven(t *testing.T) {
	want := Client{
		Role: ExporterRole, Calls: 7, AtOnce: 3, Server: server.Options{
			Certificate: "/a folder/a b",
			HTTP2:       true,
		},
		Storage: "/queue", CPUProfile: "/p", url: "http://127.0.0.1:1",
	}
	got, err := parseClient(ExporterRole, want.args())
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestWhatIsMadeBeforeTheClockRunsCostsNothing(t *testing.T) {
	var order []string
	m, err := Client{Calls: 5_000}.measure(
		func() error { order = append(order, "warm up"); return nil },
		func() error { order = append(order, "run"); return nil },
	)
	require.NoError(t, err)
	assert.Equal(t, []string{"warm up", "run"}, order)
	assert.Equal(t, contest.Measured{
		Records: 5_000, Made: 7_000, PeakRSS: m.PeakRSS, Took: m.Took,
		CPU: m.CPU, Allocations: m.Allocations,
	}, m.Measured)
	assert.Less(t, m.Took, time.Second)
}
