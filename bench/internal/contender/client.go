// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"errors"
	"flag"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// warmCalls are made before the clock runs, so that connections are open and memory has its size.
const warmCalls = 2_000

// Client is one of the clients that this program itself is, in another role: the floor or the
// exporter alone.
type Client struct {
	Role   string
	Calls  int
	AtOnce int
	// Server is how the server answers, and by its certificate how the client calls.
	Server server.Options
	// Storage is a folder in which the exporter alone has a persistent queue while it runs; without
	// it the queue is in memory.
	Storage string
	// CPUProfile is a file for a profile of the measured part, "" for none.
	CPUProfile string

	url string
}

// said is what a client says of itself.
type said struct {
	contest.Measured
	Began time.Time `json:"began"`
}

// Run runs the client against a server of its own, which has to see just the calls that were made.
func (c Client) Run(ctx context.Context) (r contest.Result, err error) {
	s, err := server.Start(ctx, c.Server)
	if err != nil {
		return r, err
	}
	defer s.Kill()
	c.url = s.URL
	if c.Storage != "" {
		if c.Storage, err = os.MkdirTemp(c.Storage, "queue-"); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.Storage)) }()
	}
	p, err := process.StartRole(ctx, c.Role, c.args()...)
	if err != nil {
		return r, err
	}
	defer p.Kill()
	var of said
	err = p.Hear(ctx, &of, func() (int64, error) {
		stats, statsErr := s.Stats(ctx)
		return stats.Calls, statsErr
	})
	if err != nil {
		return r, err
	}
	if _, err = p.Wait(); err != nil {
		return r, err
	}
	r.Measured = of.Measured
	if r, err = closing(ctx, s, r); err != nil {
		return r, err
	}
	// Who waits for all calls sees the end of the last one a little late; the server saw when it
	// came.
	r.Took = time.Unix(0, r.Server.Last).Add(c.Server.Latency).Sub(of.Began)
	return r, r.Exact()
}

// closing adds what the server has seen and used, and ends it.
func closing(ctx context.Context, s *server.Server, r contest.Result) (contest.Result, error) {
	stats, statsErr := s.Stats(ctx)
	used, err := s.End()
	r.Server, r.ServerCPU = stats, used.CPU
	return r, errors.Join(statsErr, err)
}

// args returns the client as parseClient reads it.
func (c Client) args() []string {
	return []string{
		"-url", c.url, "-calls", strconv.Itoa(c.Calls), "-at-once", strconv.Itoa(c.AtOnce),
		"-tls", c.Server.Certificate, "-http2=" + strconv.FormatBool(c.Server.HTTP2), "-storage",
		c.Storage, "-cpuprofile", c.CPUProfile,
	}
}

func parseClient(role string, args []string) (Client, error) {
	c := Client{Role: role}
	flags := flag.NewFlagSet(role, flag.ContinueOnError)
	flags.StringVar(&c.url, "url", "", "`address` of the server")
	flags.IntVar(&c.Calls, "calls", 100_000, "`number` of calls")
	flags.IntVar(&c.AtOnce, "at-once", 64, "`number` of calls at once")
	flags.StringVar(&c.Server.Certificate, "tls", "", "`folder` of the certificate to trust")
	flags.BoolVar(&c.Server.HTTP2, "http2", false, "allow HTTP/2")
	flags.StringVar(&c.Storage, "storage", "", "`folder` of a persistent queue")
	flags.StringVar(&c.CPUProfile, "cpuprofile", "",
		"`file` for a CPU profile of the measured part")
	return c, flags.Parse(args)
}

// warmUp is how many calls are made before the measured ones.
func (c Client) warmUp() int { return min(warmCalls, c.Calls) }

// measure makes the calls, the warm-up's first, and tells what those after it cost. What was made
// ahead costs nothing here.
func (c Client) measure(warmUp, run func() error) (m said, err error) {
	err = warmUp()
	if err != nil {
		return m, err
	}
	stop, err := startProfile(c.CPUProfile)
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
	held, err := process.MemoryOf(os.Getpid())
	return said{Began: before.time, Measured: contest.Measured{
		Records: c.Calls, Made: c.warmUp() + c.Calls, Took: after.time.Sub(before.time),
		CPU:         after.cpu - before.cpu,
		Allocations: after.allocations - before.allocations, PeakRSS: held.Peak,
	}}, err
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
	cpu, err := process.OwnCPU()
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
