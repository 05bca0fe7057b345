// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// Distribution is where the distribution is, and where its files may lie.
type Distribution struct{ Program, Folder string }

// Collector is the distribution in its own process.
type Collector struct {
	*process.Process
	MetricsURL, LogsURL, ProfilesURL string
}

// keepOrder makes file_log hand on what it read before it reads on, as the examples have it.
const keepOrder = "--feature-gates=stanza.synchronousLogEmitter"

// Start starts a collector. It has to be ended by End or Kill.
func (d Distribution) Start(ctx context.Context, s Setup) (*Collector, error) {
	var at ports
	for _, port := range []*int{&at.metrics, &at.otlp, &at.profiles} {
		var err error
		if *port, err = process.FreePort(ctx); err != nil {
			return nil, err
		}
	}
	text, err := yaml.Marshal(s.collector(at))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(d.Folder, "collector.yaml")
	err = os.WriteFile(path, text, 0o600)
	if err != nil {
		return nil, err
	}
	err = s.handOn()
	if err != nil {
		return nil, err
	}
	program, err := filepath.Abs(d.Program)
	if err != nil {
		return nil, err
	}
	args := []string{"--config", path, keepOrder}
	if s.Group != nil {
		program, args = s.Group.Command(program, args...)
	}
	p, err := process.Start(ctx, program, args...)
	if err != nil {
		return nil, err
	}
	p.Name = filepath.Base(d.Program)
	return &Collector{
		Process: p, MetricsURL: "http://" + local(at.metrics) + "/metrics",
		LogsURL:     "http://" + local(at.otlp) + "/v1/logs",
		ProfilesURL: "http://" + local(at.profiles),
	}, nil
}

// Run starts a collector and lets it deliver so many records, to a server of its own. All of its
// CPU counts, its start and end too. As many calls were made as the server saw; whoever knows
// better says so in the result.
func (d Distribution) Run(ctx context.Context, s Setup, records int) (r contest.Result, err error) {
	to, err := server.Start(ctx, server.Options{})
	if err != nil {
		return r, err
	}
	defer to.Kill()
	s.Endpoint = to.URL
	c, err := d.Start(ctx, s)
	if err != nil {
		return r, err
	}
	defer c.Kill()
	if s.Watch != nil {
		s.Watch(c)
	}
	err = c.Delivered(ctx, to, records)
	if err != nil {
		return r, err
	}
	used, err := c.End()
	if err != nil {
		return r, err
	}
	if r, err = closing(ctx, to, contest.Result{}); err != nil {
		return r, err
	}
	r.Measured = whole(c.Process, r.Server, records, used)
	return r, nil
}

// whole is what a process did that is measured from its start to its last call.
func whole(p *process.Process, seen server.Stats, records int, used process.Cost) contest.Measured {
	took := time.Unix(0, seen.Last).Sub(p.Began)
	return contest.Measured{
		Records: records, Made: int(seen.Calls), Took: took, CPU: used.CPU,
		PeakRSS: used.PeakRSS,
	}
}

// quietTime is how long no call may come before the collector is asked whether it has delivered
// all. Being asked costs it time.
const quietTime = 250 * time.Millisecond

// Delivered waits until a collector has delivered so many records, and returns an error when they
// come to another end.
func (c *Collector) Delivered(ctx context.Context, to *server.Server, records int) error {
	var ends Outcomes
	quiet := newQuiet(quietTime)
	_, err := to.Watch(ctx, c.Process, func(stats server.Stats) bool {
		if stats.Calls == 0 || !quiet.since(stats.Calls) {
			return false
		}
		if now, err := c.Metrics(ctx); err == nil {
			ends = now.Outcomes()
		}
		return ends.Records() >= records
	})
	if err != nil {
		return fmt.Errorf("%d records have to be delivered, but they came to %v: %w", records, ends,
			err)
	}
	if ends["delivered"] != records {
		return fmt.Errorf("%d records had to be delivered, but they came to %v", records, ends)
	}
	return nil
}

// Holds waits until so many visitors wait in the outbox, and nothing in the queue before it. None
// of their records may have come to an end.
func (c *Collector) Holds(ctx context.Context, visitors int) error {
	var unknown error
	held, err := process.Await(ctx, 5*process.PollInterval,
		func() (held float64, done bool, err error) {
			var now Metrics
			if now, unknown = c.Metrics(ctx); unknown == nil {
				held, done, unknown = now.holds(visitors)
			}
			if unknown != nil && !NotYet(unknown) {
				return held, false, unknown
			}
			return held, done, c.Running()
		})
	if err != nil {
		return fmt.Errorf("%.0f visitors wait in the outbox, and %d have to: %w%s", held, visitors,
			errors.Join(err, unknown), c.Log())
	}
	return nil
}

// quiet tells whether a number has stayed the same for a while.
type quiet struct {
	lasts time.Duration
	last  int64
	grew  time.Time
}

func newQuiet(lasts time.Duration) *quiet { return &quiet{lasts: lasts, last: -1} }

// since reports whether the number has been the same for as long as it has to be.
func (q *quiet) since(number int64) bool {
	if number != q.last {
		q.last, q.grew = number, time.Now()
	}
	return time.Since(q.grew) >= q.lasts
}
