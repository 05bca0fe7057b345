// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

import "math/rand/v2"

// Visitors are those of some records, in the order of these.
type Visitors []int

// Distinct returns so many visitors, each of whom comes once, from a first one on.
func Distinct(first, count int) Visitors {
	visitors := make(Visitors, count)
	for i := range visitors {
		visitors[i] = first + i
	}
	return visitors
}

// Zipf returns so many of a number of visitors, of whom few come often and many once, the same ones
// at each run.
func Zipf(count, of int, exponent float64) Visitors {
	z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), exponent, 1, uint64(of-1)) //nolint:gosec // G115: more than one visitor
	visitors := make(Visitors, count)
	for i := range visitors {
		visitors[i] = int(z.Uint64()) //nolint:gosec // G115: below the number of visitors
	}
	return visitors
}

// Different returns how many different visitors they are.
func (v Visitors) Different() int {
	seen := make(map[int]struct{})
	for _, visitor := range v {
		seen[visitor] = struct{}{}
	}
	return len(seen)
}
