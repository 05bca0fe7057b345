// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

// Server is a server in its own process.
type Server struct {
	*process.Process
	addresses
}

// Start starts a server. It has to be ended by End or Kill.
func Start(ctx context.Context, o Options) (*Server, error) {
	p, err := process.StartRole(ctx, Role, o.args()...)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p}
	if err := p.Hear(ctx, &s.addresses, nil); err != nil {
		p.Kill()
		return nil, err
	}
	return s, nil
}

// Stats returns what the server has seen so far.
func (s *Server) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	text, err := process.Get(ctx, s.Control)
	if err != nil {
		return stats, fmt.Errorf("the statistics of the server: %w%s", err, s.Log())
	}
	if err := json.Unmarshal(text, &stats); err != nil {
		return stats, fmt.Errorf("the statistics of the server: %q: %w", text, err)
	}
	return stats, nil
}

// Up has a server that is down take calls from now on.
func (s *Server) Up(ctx context.Context) error {
	_, err := process.Get(ctx, s.Control+upPath)
	return err
}

// Until waits until so many calls have come, while the program that makes them runs.
func (s *Server) Until(ctx context.Context, client *process.Process, calls int64) (Stats, error) {
	return s.Watch(ctx, client, func(stats Stats) bool { return stats.Calls >= calls })
}

// Watch waits until the statistics are as wanted. It gives up when nothing happens at the server
// for long.
func (s *Server) Watch(ctx context.Context, client *process.Process,
	wanted func(Stats) bool,
) (Stats, error) {
	stats, err := process.Await(ctx, process.PollInterval, func() (Stats, bool, error) {
		stopped := client.Running()
		stats, err := s.Stats(ctx)
		if err != nil || wanted(stats) {
			return stats, true, err
		}
		return stats, false, stopped
	})
	if err != nil {
		return stats, fmt.Errorf("after %d calls of %s: %w%s", stats.Calls, client.Name, err,
			client.Log())
	}
	return stats, nil
}

// LifeOf watches a program that ends by itself until it has, and returns what it did and held until
// then.
func (s *Server) LifeOf(ctx context.Context,
	client *process.Process,
) (Stats, process.Memory, error) {
	var held process.Memory
	stats, err := process.Await(ctx, process.PollInterval, func() (Stats, bool, error) {
		stopped := client.Running() != nil // asked first, so that all its calls are in the statistics
		if now, err := client.Memory(); err == nil {
			held = held.More(now)
		}
		stats, err := s.Stats(ctx)
		return stats, stopped, err
	})
	if err != nil {
		return stats, held, fmt.Errorf("after %d calls of %s: %w%s", stats.Calls, client.Name, err,
			client.Log())
	}
	if held.Peak == 0 {
		return stats, held, fmt.Errorf("%s ended before its memory could be read%s", client.Name,
			client.Log())
	}
	return stats, held, nil
}

// AddArrivals adds those whom the server has seen, and returns how many they are.
func (s *Server) AddArrivals(ctx context.Context, to *Arrivals) (int, error) {
	text, err := process.Get(ctx, s.Control+arrivalsPath)
	if err != nil {
		return 0, fmt.Errorf("the arrivals at the server: %w", err)
	}
	return to.add(text)
}
