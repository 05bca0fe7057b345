// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// ratio is the quotient of two contestants' numbers, by round: what disturbs the machine in a round
// disturbs both.
type ratio struct {
	of     string // the name of the row that was divided by
	rounds []float64
}

// speed returns records a second over those of the fastest row compared with.
func (c *Contestant) speed() ratio { return c.over(Fastest(c.Against), Result.PerSecond) }

// cpu returns CPU a record over that of the cheapest row compared with.
func (c *Contestant) cpu() ratio { return c.over(Cheapest(c.Against), Result.cpu) }

// Fastest returns the row with the most records a second, nil without any.
func Fastest(rows []*Contestant) *Contestant {
	return best(rows, func(m medians) float64 { return -m.perSecond })
}

// Cheapest returns the row whose records take the least CPU, nil without any.
func Cheapest(rows []*Contestant) *Contestant {
	return best(rows, func(m medians) float64 { return m.cpu })
}

func best(rows []*Contestant, cost func(medians) float64) *Contestant {
	if len(rows) == 0 {
		return nil
	}
	return slices.MinFunc(rows, func(a, b *Contestant) int {
		return cmp.Compare(cost(a.medians()),
			cost(b.medians()))
	})
}

func (c *Contestant) over(other *Contestant, number func(Result) float64) ratio {
	if other == nil {
		return ratio{}
	}
	r := ratio{of: other.Name}
	for round := range min(len(c.Results), len(other.Results)) {
		r.rounds = append(r.rounds, number(c.Results[round])/number(other.Results[round]))
	}
	return r
}

func (r ratio) median() float64 { return report.Median(r.rounds) }

// String returns the median with the least and the greatest of the rounds, and nothing when nothing
// was compared.
func (r ratio) String() string {
	switch len(r.rounds) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%.2f", r.median())
	default:
		return fmt.Sprintf("%.2f (%.2f-%.2f)", r.median(), slices.Min(r.rounds),
			slices.Max(r.rounds))
	}
}

// Goal is the least speed and the most CPU that a contestant should have, as ratios to the rows it
// is compared with. 0 asks for nothing.
type Goal struct{ Speed, CPU float64 }

// Judge says of the contestants of whom anything is asked whether they reach it. unit is what they
// send, a call or a record.
func Judge(verdicts *report.Verdicts, unit string, contestants []*Contestant) {
	for _, c := range contestants {
		speed, cpu := c.speed(), c.cpu()
		if c.Goal.Speed > 0 && len(speed.rounds) > 0 {
			verdicts.AtLeast(fmt.Sprintf("%s: %ss/s over those of %s", c.Name, unit, speed.of),
				speed.median(), c.Goal.Speed)
		}
		if c.Goal.CPU > 0 && len(cpu.rounds) > 0 {
			verdicts.AtMost(fmt.Sprintf("%s: CPU of a %s over that of %s", c.Name, unit, cpu.of),
				cpu.median(), c.Goal.CPU)
		}
	}
}
