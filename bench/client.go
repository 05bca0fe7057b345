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

// measured is what a client says of itself: the calls after the warm-up, and what they cost.
type measured struct {
	Calls int           `json:"calls"`
	Took  time.Duration `json:"took"`
	CPU   time.Duration `json:"cpu"`
	// Allocations are those on the heap. They tell what noise hides.
	Allocations uint64 `json:"allocations"`
	// PeakRSS is the memory that was held at most, in bytes.
	PeakRSS int64 `json:"peak_rss"`
}

// measure makes the calls and tells what they cost. What was made ahead costs nothing here.
func (o clientOptions) measure(run func(calls int) error) (err error) {
	err = run(min(warmCalls, o.calls))
	if err != nil {
		return err
	}
	if o.cpuProfile != "" {
		file, createErr := os.Create(o.cpuProfile)
		if createErr != nil {
			return createErr
		}
		err = pprof.StartCPUProfile(file)
		if err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, file.Close())
		}()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	cpu, err := ownCPU()
	if err != nil {
		return err
	}
	err = run(o.calls)
	if err != nil {
		return err
	}
	m := measured{Calls: o.calls, Took: time.Since(began)}
	if m.CPU, err = ownCPU(); err != nil {
		return err
	}
	m.CPU -= cpu
	runtime.ReadMemStats(&after)
	m.Allocations = after.Mallocs - before.Mallocs
	held, err := memoryNow(os.Getpid())
	if err != nil {
		return err
	}
	m.PeakRSS = held.Peak
	return say(m)
}
