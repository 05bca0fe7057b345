// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"errors"
	"flag"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// warmCalls are made before the clock runs, so that connections are open and memory has its size.
const warmCalls = 2_000

// madeAhead is how many calls are prepared; they are made over and over.
const madeAhead = 10_000

// clientOptions are those of a role that makes calls.
type clientOptions struct {
	url, tls    string
	calls       int
	concurrency int
	http2       bool
	cpuProfile  string
}

func parseClient(role string, args []string) clientOptions {
	var o clientOptions
	flags := flag.NewFlagSet(role, flag.ExitOnError)
	flags.StringVar(&o.url, "url", "", "`address` of the server")
	flags.StringVar(&o.tls, "tls", "", "`folder` of the certificate to trust")
	flags.IntVar(&o.calls, "calls", 100_000, "`number` of calls")
	flags.IntVar(&o.concurrency, "concurrency", 64, "`number` of calls at once")
	flags.BoolVar(&o.http2, "http2", false, "allow HTTP/2")
	flags.StringVar(&o.cpuProfile, "cpuprofile", "", "`file` for a CPU profile of the measured part")
	_ = flags.Parse(args) // it exits
	return o
}

// warmUp is how many calls are made before the measured ones.
func (o clientOptions) warmUp() int { return min(warmCalls, o.calls) }

// measured is what a client says of itself: the calls after the warm-up, and what they cost.
type measured struct {
	Calls int `json:"calls"`
	// Made are all calls, the warm-up's too.
	Made int           `json:"made"`
	Took time.Duration `json:"took"`
	CPU  time.Duration `json:"cpu"`
	// Allocations are those on the heap. They tell what noise hides.
	Allocations uint64 `json:"allocations"`
	// PeakRSS is the memory that was held at most, in bytes.
	PeakRSS int64 `json:"peak_rss"`
}

// measure makes the calls, the warm-up's first, and tells what those after it cost. What was made ahead costs nothing here.
func (o clientOptions) measure(warmUp, run func() error) (m measured, err error) {
	err = warmUp()
	if err != nil {
		return m, err
	}
	stop, err := startProfile(o.cpuProfile)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	before, err := readClocks()
	if err != nil {
		return m, err
	}
	err = run()
	if err != nil {
		return m, err
	}
	after, err := readClocks()
	if err != nil {
		return m, err
	}
	held, err := memoryNow(os.Getpid())
	return measured{
		Calls: o.calls, Made: o.warmUp() + o.calls, Took: after.time.Sub(before.time), CPU: after.cpu - before.cpu,
		Allocations: after.allocations - before.allocations, PeakRSS: held.Peak,
	}, err
}

// clocks are what this process has used so far.
type clocks struct {
	time        time.Time
	cpu         time.Duration
	allocations uint64
}

func readClocks() (clocks, error) {
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	cpu, err := ownCPU()
	return clocks{time: time.Now(), cpu: cpu, allocations: heap.Mallocs}, err
}

// startProfile starts a CPU profile unless there is no path for it. stop ends it.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path) //nolint:gosec // G304: the user names the folder
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}
