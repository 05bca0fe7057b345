// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

const concurrency = 64

// exporterSection compares the exporter alone with the floor: plain, over TLS, and over TLS with HTTP/2.
func (s *suite) exporterSection(ctx context.Context) (string, error) {
	tls := []string{"-tls", s.folder}
	http2 := []string{"-tls", s.folder, "-http2"}
	target, stretch := &goal{speed: 0.85, cpu: 1.3}, &goal{speed: 0.95, cpu: 1.15}
	contestants := slices.Concat(
		s.withAndWithout(ctx, "", nil, target, stretch),
		s.withAndWithout(ctx, ", TLS", tls, target, stretch),
		s.withAndWithout(ctx, ", TLS and HTTP/2", http2, nil, nil),
	)
	if err := s.contest(s.rounds, contestants); err != nil {
		return "", err
	}
	if err := s.profileExporter(ctx); err != nil {
		return "", err
	}
	var verdicts report.Verdicts
	judge(&verdicts, "call", contestants)
	return table("call", contestants) + "\n" + verdicts.String(), nil
}

// withAndWithout returns the floor and the exporter, over a connection that both ends get the same arguments for.
func (s *suite) withAndWithout(ctx context.Context, way string, args []string, target, stretch *goal) []*contestant {
	runs := func(role string) func() (result, error) {
		return func() (result, error) { return s.client(ctx, role, s.calls, concurrency, args, args) }
	}
	floor := &contestant{name: "floor" + way, run: runs("floor")}
	exporter := &contestant{name: "exporter alone" + way, run: runs("exporter"), against: []*contestant{floor}, target: target, stretch: stretch}
	return []*contestant{floor, exporter}
}

// client runs one of this program's own clients against a server of its own.
func (s *suite) client(ctx context.Context, role string, calls, atOnce int, serverArgs, clientArgs []string) (r result, err error) {
	server, err := startTarget(ctx, serverArgs...)
	if err != nil {
		return r, err
	}
	defer server.kill()
	args := append([]string{"-url", server.URL, "-calls", strconv.Itoa(calls), "-concurrency", strconv.Itoa(atOnce)}, clientArgs...)
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
	if _, err = client.wait(); err != nil {
		return r, err
	}
	if r, err = closing(ctx, server, r); err != nil {
		return r, err
	}
	return r, r.exact()
}

// closing adds what the server has seen and used, and ends it.
func closing(ctx context.Context, server *target, r result) (result, error) {
	stats, statsErr := server.stats(ctx)
	used, err := server.end()
	r.Server, r.ServerCPU = stats, used.CPU
	return r, errors.Join(statsErr, err)
}
