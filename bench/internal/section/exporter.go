// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// manyAtOnce is how many calls are under way when it should not be those that hold anything up.
const manyAtOnce = 64

// What the exporter alone has to reach beside the floor.
var (
	inMemoryGoal  = contest.Goal{Speed: 0.9, CPU: 1.2}
	inStorageGoal = contest.Goal{Speed: 0.75, CPU: 1.45}
)

// exporter compares the exporter alone with the floor: in the clear, over TLS, and over TLS with
// HTTP/2, and with a persistent queue.
func (s *suite) exporter(ctx context.Context) (string, error) {
	var contestants []*contest.Contestant
	for _, way := range []struct {
		name   string
		server server.Options
		goal   contest.Goal
	}{
		{"", server.Options{}, inMemoryGoal},
		{", TLS", server.Options{Certificate: s.folder}, inMemoryGoal},
		{", TLS and HTTP/2", server.Options{Certificate: s.folder, HTTP2: true}, contest.Goal{}},
	} {
		floor := s.client(ctx, "floor"+way.name, contender.Client{
			Role:   contender.FloorRole,
			Server: way.server,
		})
		alone := s.client(ctx, "exporter alone"+way.name,
			contender.Client{Role: contender.ExporterRole, Server: way.server})
		alone.Against, alone.Goal = []*contest.Contestant{floor}, way.goal
		contestants = append(contestants, floor, alone)
	}
	persistent := s.client(ctx, "exporter alone, persistent queue",
		contender.Client{Role: contender.ExporterRole, Storage: s.folder})
	persistent.Against, persistent.Goal = contestants[:1], inStorageGoal
	contestants = slices.Insert(contestants, 2, persistent)
	if err := contest.Run(s.Rounds, contestants, s.progress); err != nil {
		return "", err
	}
	if path := s.profile("exporter.pb.gz"); path != "" {
		if _, err := s.client(ctx, "", contender.Client{Role: contender.ExporterRole, CPUProfile: path}).Run(); err != nil {
			return "", err
		}
	}
	var verdicts report.Verdicts
	contest.Judge(&verdicts, "call", contestants)
	return contest.Table("call", contestants) + "\n" + verdicts.String(), nil
}

// client returns a row of one of this program's clients.
func (s *suite) client(ctx context.Context, name string, c contender.Client) *contest.Contestant {
	c.Calls, c.AtOnce = s.Calls, manyAtOnce
	return &contest.Contestant{
		Name: name,
		Run:  func() (contest.Result, error) { return c.Run(ctx) },
	}
}
