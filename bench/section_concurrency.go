// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

var latencies = []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond}

// concurrencySection measures the exporter's calls a second by concurrency, for servers that take their time.
func (s *suite) concurrencySection(ctx context.Context) (string, error) {
	head := []string{"concurrency"}
	rows := make([][]string, len(s.concurrency))
	lines := make([]plot.Line, 0, len(latencies))
	worst := 1.0
	for i, atOnce := range s.concurrency {
		rows[i] = []string{strconv.Itoa(atOnce)}
	}
	for _, latency := range latencies {
		name := fmt.Sprintf("%d ms", latency.Milliseconds())
		head = append(head, name)
		line := plot.Line{Name: name}
		for i, atOnce := range s.concurrency {
			r, err := s.client(ctx, "exporter", s.callsOfPoint(latency, atOnce), atOnce, []string{"-latency", latency.String()}, nil)
			if err != nil {
				return "", fmt.Errorf("%s, %d at once: %w", name, atOnce, err)
			}
			rows[i] = append(rows[i], report.Short(r.callsPerSecond()))
			line.Points = append(line.Points, plot.Point{X: float64(atOnce), Y: r.callsPerSecond()})
			if latency >= 50*time.Millisecond {
				worst = min(worst, r.callsPerSecond()*latency.Seconds()/float64(atOnce))
			}
		}
		s.progress("  %s: %.0f calls/s at most", name, line.Points[len(line.Points)-1].Y)
		lines = append(lines, line)
	}
	t := report.NewTable(head...)
	for _, row := range rows {
		t.Add(row...)
	}
	var verdicts report.Verdicts
	verdicts.Note("With answers that take 50 ms and more: at least %.0f %% of concurrency over latency, which nobody can pass", 100*worst)
	return t.String() + "\n" + verdicts.String(), s.draw("concurrency.svg", plot.Chart{
		Title: "Calls a second by concurrency and the server's latency",
		X:     plot.Axis{Label: "calls at once", Log: true, Ticks: floats(s.concurrency)},
		Y:     plot.Axis{Label: "calls/s", Log: true},
		Lines: lines,
	})
}

// callsOfPoint returns a number of calls that takes about as long as a point may take.
func (s *suite) callsOfPoint(latency time.Duration, atOnce int) int {
	const unhindered = 15_000 // calls a second that a small machine makes
	perSecond := float64(unhindered)
	if latency > 0 {
		perSecond = min(perSecond, float64(atOnce)/latency.Seconds())
	}
	rounds := int(perSecond * s.perPoint.Seconds() / float64(atOnce))
	return max(rounds, 2) * atOnce
}
