// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"math"
	"sort"
)

// source is a stream of numbers that depends on its seed alone. It is SplitMix64,
// written out here because the numbers of math/rand may differ between versions
// of Go and the committed sample must not.
type source uint64

func (s *source) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

// below returns a number from 0 to n-1, for an n of up to 31 bits.
func (s *source) below(n int) int {
	return int(s.next()>>33) % n
}

// fraction returns a number of at least 0 and less than 1.
func (s *source) fraction() float64 {
	return float64(s.next()>>11) / (1 << 53)
}

// one returns one of the choices.
func one[T any](s *source, choices []T) T {
	return choices[s.below(len(choices))]
}

// skew chooses visitors by Zipf's law.
type skew []float64

func newSkew(visitors int, exponent float64) skew {
	cumulative := make(skew, visitors)
	total := 0.0
	for i := range cumulative {
		total += math.Pow(float64(i+1), -exponent)
		cumulative[i] = total
	}
	return cumulative
}

func (c skew) choose(s *source) int {
	at := s.fraction() * c[len(c)-1]
	return min(sort.SearchFloat64s(c, at), len(c)-1)
}
