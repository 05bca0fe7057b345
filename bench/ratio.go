// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// ratio is the quotient of two contestants' numbers, by round: what disturbs the machine in a round disturbs both.
type ratio struct {
	of     string // the name of the row that was divided by
	rounds []float64
}

// speed returns calls a second over those of the fastest row compared with.
func (c *contestant) speed() ratio {
	return c.over(c.fastest(), result.callsPerSecond)
}

// cpu returns CPU a call over that of the cheapest row compared with.
func (c *contestant) cpu() ratio {
	return c.over(c.cheapest(), result.cpuPerCall)
}

// fastest returns the row compared with that makes the most calls a second, nil without any.
func (c *contestant) fastest() *contestant {
	return best(c.against, func(m medians) float64 { return -m.callsPerSecond })
}

// cheapest returns the row compared with whose calls take the least CPU, nil without any.
func (c *contestant) cheapest() *contestant {
	return best(c.against, func(m medians) float64 { return m.cpuPerCall })
}

func best(rows []*contestant, cost func(medians) float64) *contestant {
	if len(rows) == 0 {
		return nil
	}
	return slices.MinFunc(rows, func(a, b *contestant) int { return cmp.Compare(cost(a.medians()), cost(b.medians())) })
}

func (c *contestant) over(other *contestant, number func(result) float64) ratio {
	if other == nil {
		return ratio{}
	}
	r := ratio{of: other.name}
	for round := range min(len(c.results), len(other.results)) {
		r.rounds = append(r.rounds, number(c.results[round])/number(other.results[round]))
	}
	return r
}

func (r ratio) median() float64 { return report.Median(r.rounds) }

// String returns the median with the least and the greatest of the rounds, and nothing when nothing was compared.
func (r ratio) String() string {
	switch len(r.rounds) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%.2f", r.median())
	default:
		return fmt.Sprintf("%.2f (%.2f-%.2f)", r.median(), slices.Min(r.rounds), slices.Max(r.rounds))
	}
}

// goal is the least speed and the most CPU that a contestant should have, as ratios to the rows it is compared with.
type goal struct{ speed, cpu float64 }

// judge says of the contestants of whom anything is asked whether they reach it. unit is what they make, a call or a record.
func judge(verdicts *report.Verdicts, unit string, contestants []*contestant) {
	for _, c := range contestants {
		speed, cpu := c.speed(), c.cpu()
		if c.target == nil || len(speed.rounds) == 0 {
			continue
		}
		verdicts.AtLeast(fmt.Sprintf("%s: %ss/s over those of %s", c.name, unit, speed.of), speed.median(), c.target.speed)
		verdicts.AtMost(fmt.Sprintf("%s: CPU of a %s over that of %s", c.name, unit, cpu.of), cpu.median(), c.target.cpu)
		if c.stretch != nil {
			verdicts.Note("%s: stretch %s of the speed %s, stretch %s of the CPU %s", c.name,
				report.Short(c.stretch.speed), met(speed.median() >= c.stretch.speed), report.Short(c.stretch.cpu), met(cpu.median() <= c.stretch.cpu))
		}
	}
}

func met(reached bool) string {
	if reached {
		return "met"
	}
	return "not met"
}
