// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

var latencies = []time.Duration{
	0, 5 * time.Millisecond, 50 * time.Millisecond,
	200 * time.Millisecond,
}

// concurrency measures the exporter's calls a second by concurrency, for servers that take their
// time.
func (s *suite) concurrency(ctx context.Context) (string, error) {
	head := []string{"concurrency"}
	rows := make([][]string, len(s.Concurrency))
	for i, atOnce := range s.Concurrency {
		rows[i] = []string{strconv.Itoa(atOnce)}
	}
	var notes report.Verdicts
	lines := make([]plot.Line, 0, len(latencies))
	for _, latency := range latencies {
		line, err := s.byConcurrency(ctx, latency)
		if err != nil {
			return "", err
		}
		head = append(head, line.Name)
		for i, p := range line.Points {
			rows[i] = append(rows[i], report.Short(p.Y))
		}
		if latency > 0 {
			note, err := s.shortOfAll(ctx, latency, line.Points)
			if err != nil {
				return "", err
			}
			notes.Note("%s", note)
		}
		lines = append(lines, line)
	}
	t := report.NewTable(head...)
	for _, row := range rows {
		t.Add(row...)
	}
	return t.String() + "\n" + notes.String(), s.draw("concurrency.svg", plot.Chart{
		Title: "Calls a second by concurrency and the server's latency",
		X:     plot.Axis{Label: "calls at once", Log: true, Ticks: floats(s.Concurrency)},
		Y:     plot.Axis{Label: "calls/s", Log: true},
		Lines: lines,
	})
}

// byConcurrency returns the exporter's calls a second against a server of that latency.
func (s *suite) byConcurrency(ctx context.Context, latency time.Duration) (plot.Line, error) {
	line := plot.Line{Name: fmt.Sprintf("%d ms", latency.Milliseconds())}
	for _, atOnce := range s.Concurrency {
		rate, err := s.point(ctx, contender.ExporterRole, latency, atOnce)
		if err != nil {
			return line, err
		}
		line.Points = append(line.Points, plot.Point{X: float64(atOnce), Y: rate})
	}
	s.progress("  %s: %.0f calls/s at most", line.Name, line.Points[len(line.Points)-1].Y)
	return line, nil
}

// point returns the calls a second of one of this program's clients.
func (s *suite) point(ctx context.Context, role string, latency time.Duration,
	atOnce int,
) (float64, error) {
	c := contender.Client{
		Role: role, Calls: s.callsOfPoint(latency, atOnce), AtOnce: atOnce,
		Server: server.Options{Latency: latency},
	}
	r, err := c.Run(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s, %s, %d at once: %w", role, latency, atOnce, err)
	}
	return r.PerSecond(), nil
}

// shortOfAll says how far the exporter stays below concurrency over latency, which nobody can pass,
// at the point where it stays farthest below. What net/http alone stays below there is not the
// exporter's.
func (s *suite) shortOfAll(ctx context.Context, latency time.Duration,
	points []plot.Point,
) (string, error) {
	lowest, atOnce := worstShare(latency, points)
	rate, err := s.point(ctx, contender.FloorRole, latency, atOnce)
	if err != nil {
		return "", err
	}
	floors := shareOfAll(latency, plot.Point{X: float64(atOnce), Y: rate})
	longer := time.Duration(float64(latency)/lowest) - latency
	return fmt.Sprintf("%d ms: at least %.0f %% of concurrency over latency; least with %d at once, where net/http alone makes %.0f %%. "+
		"The rest: a call takes %.1f ms there beside the server's wait",
		latency.Milliseconds(), 100*lowest, atOnce, 100*floors, longer.Seconds()*1e3), nil
}

// worstShare returns the lowest share of concurrency over latency, and the concurrency it was
// reached with.
func worstShare(latency time.Duration, points []plot.Point) (lowest float64, atOnce int) {
	worst := slices.MinFunc(points, func(a, b plot.Point) int {
		return cmp.Compare(shareOfAll(latency, a), shareOfAll(latency, b))
	})
	return shareOfAll(latency, worst), int(worst.X)
}

// shareOfAll returns a point's calls a second over those of calls that take as long as the server
// waits.
func shareOfAll(latency time.Duration, p plot.Point) float64 {
	return p.Y * latency.Seconds() / p.X
}

// callsOfPoint returns a number of calls that takes about as long as a point may take.
func (s *suite) callsOfPoint(latency time.Duration, atOnce int) int {
	const unhindered = 15_000 // calls a second that a small machine makes
	perSecond := float64(unhindered)
	if latency > 0 {
		perSecond = min(perSecond, float64(atOnce)/latency.Seconds())
	}
	rounds := int(perSecond * s.PerPoint.Seconds() / float64(atOnce))
	return max(rounds, 2) * atOnce
}

// floats is what the axis of a chart takes.
func floats(numbers []int) []float64 {
	values := make([]float64, len(numbers))
	for i, n := range numbers {
		values[i] = float64(n)
	}
	return values
}
