// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"fmt"
	"math"
)

// Axis is one side of a chart.
type Axis struct {
	Label string
	// Log puts equal ratios at equal distances. All values have to be over 0 then.
	Log bool
	// Ticks are the values written beside the axis; without any they are chosen.
	Ticks []float64
}

// scale tells where between from and to values lie; what draws it knows how long it is.
type scale struct {
	axis     Axis
	from, to float64
}

// newScale returns a scale on which all values have room.
func newScale(axis Axis, values []float64) scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range append(values, axis.Ticks...) {
		low, high = min(low, v), max(high, v)
	}
	if math.IsInf(low, 0) {
		low, high = 0, 1
	}
	s := scale{axis: axis, from: low, to: high}
	if !axis.Log {
		s.from, s.to = min(0, low), max(high, 0)
	}
	if s.from == s.to {
		s.to = s.from + 1
	}
	if len(axis.Ticks) == 0 {
		s.choose()
	}
	return s
}

// choose chooses round ticks, and ends the scale on the outer ones.
func (s *scale) choose() {
	if s.axis.Log {
		s.from, s.to = math.Pow(10, math.Floor(math.Log10(s.from))), math.Pow(10, math.Ceil(math.Log10(s.to)))
		for v := s.from; v <= s.to*1.001; v *= 10 {
			s.axis.Ticks = append(s.axis.Ticks, v)
		}
		return
	}
	step := roundStep((s.to - s.from) / 5)
	s.from, s.to = math.Floor(s.from/step)*step, math.Ceil(s.to/step)*step
	for i := range int(math.Round((s.to-s.from)/step)) + 1 {
		s.axis.Ticks = append(s.axis.Ticks, s.from+float64(i)*step)
	}
}

// roundStep returns the next 1, 2 or 5 times a power of ten.
func roundStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 5} {
		if rough <= factor*power {
			return factor * power
		}
	}
	return 10 * power
}

// at returns where a value lies, 0 at the beginning and 1 at the end.
func (s scale) at(value float64) float64 {
	if s.axis.Log {
		return math.Log(value/s.from) / math.Log(s.to/s.from)
	}
	return (value - s.from) / (s.to - s.from)
}

// tickText writes thousands and millions short.
func tickText(value float64) string {
	switch {
	case value >= 1e6:
		return fmt.Sprintf("%gM", value/1e6)
	case value >= 1e4:
		return fmt.Sprintf("%gk", value/1e3)
	default:
		return fmt.Sprintf("%g", value)
	}
}
