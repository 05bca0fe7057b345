// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import "github.com/aclements/go-moremath/stats"

// Median returns the middle of the values, and 0 for none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// MedianOf returns the median of what of takes from each value.
func MedianOf[V any](values []V, of func(V) float64) float64 {
	numbers := make([]float64, len(values))
	for i, v := range values {
		numbers[i] = of(v)
	}
	return Median(numbers)
}

// Quantile returns the value that a share of the values does not pass, and 0 for none.
func Quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return stats.Sample{Xs: values}.Quantile(share)
}

// Spread returns how far apart the values are, as a share of their median: a measure of how noisy
// the machine was.
func Spread(values []float64) float64 {
	median := Median(values)
	if median == 0 {
		return 0
	}
	least, most := stats.Sample{Xs: values}.Bounds()
	return (most - least) / median
}
