// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"cmp"
	"math"
	"slices"
)

// Number is what can be put in order and halved.
type Number interface {
	~int | ~int64 | ~float64
}

// Median returns the middle of the values, the mean of the two in the middle when their number is even, and 0 for none.
func Median[T Number](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare[T])
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// MedianOf returns the median of what of takes from each value.
func MedianOf[V any, T Number](values []V, of func(V) T) T {
	numbers := make([]T, len(values))
	for i, v := range values {
		numbers[i] = of(v)
	}
	return Median(numbers)
}

// Spread returns how far apart the values are, as a share of their median: a measure of how noisy the machine was.
func Spread(values []float64) float64 {
	median := Median(values)
	if len(values) == 0 || median == 0 {
		return 0
	}
	return math.Abs((slices.Max(values) - slices.Min(values)) / median)
}
