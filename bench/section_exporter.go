// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"strconv"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

const concurrency = 64

// exporterSection compares the exporter alone with the floor: plain, over TLS, and over TLS with HTTP/2.
func (s *suite) exporterSection(ctx context.Context) (string, error) {
	var contestants []*contestant
	for _, way := range []struct {
		name           string
		server, client []string
	}{
		{"", nil, nil},
		{", TLS", []string{"-tls", s.folder}, []string{"-tls", s.folder}},
		{", TLS and HTTP/2", []string{"-tls", s.folder, "-http2"}, []string{"-tls", s.folder, "-http2"}},
	} {
		floorName := "floor" + way.name
		contestants = append(contestants,
			&contestant{name: floorName, run: func() (result, error) {
				return s.client(ctx, "floor", s.calls, concurrency, way.server, way.client)
			}},
			&contestant{name: "exporter alone" + way.name, against: floorName, run: func() (result, error) {
				return s.client(ctx, "exporter", s.calls, concurrency, way.server, way.client)
			}},
		)
	}
	if err := s.contest(s.rounds, contestants); err != nil {
		return "", err
	}
	if err := s.profileExporter(ctx); err != nil {
		return "", err
	}
	var verdicts report.Verdicts
	for _, c := range contestants[:4] {
		if c.against == "" {
			continue
		}
		speed, cpu := ratios(contestants, c)
		verdicts.AtLeast(c.name+": calls/s over the floor's (stretch 0.95)", speed, 0.85)
		verdicts.AtMost(c.name+": CPU of a call over the floor's (stretch 1.15)", cpu, 1.3)
	}
	return table("call", contestants) + "\n" + verdicts.String(), nil
}

// client runs one of this program's own clients against a server of its own.
func (s *suite) client(ctx context.Context, role string, calls, concurrency int, serverArgs, clientArgs []string) (r result, err error) {
	server, err := startTarget(ctx, serverArgs...)
	if err != nil {
		return r, err
	}
	defer server.kill()
	args := append([]string{"-url", server.URL, "-calls", strconv.Itoa(calls), "-concurrency", strconv.Itoa(concurrency)}, clientArgs...)
	client, err := startRole(ctx, role, args...)
	if err != nil {
		return r, err
	}
	defer client.kill()
	err = client.hear(ctx, &r.measured, func() (int64, error) {
		stats, statsErr := server.stats(ctx)
		return stats.Calls, statsErr
	})
	if err != nil {
		return r, err
	}
	_, err = client.wait()
	if err != nil {
		return r, err
	}
	return s.closing(ctx, server, r)
}

// closing adds what the server has seen and used, and ends it.
func (*suite) closing(ctx context.Context, server *target, r result) (result, error) {
	var err error
	if r.Server, err = server.stats(ctx); err != nil {
		return r, err
	}
	used, err := server.end()
	r.ServerCPU = used.CPU
	if r.Server.Calls < int64(r.Calls) {
		err = errors.Join(err, errors.New("the server saw fewer calls than were made: the numbers mean nothing"))
	}
	return r, err
}
