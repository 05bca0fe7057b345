// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package contest compares contestants that do the same work in turn: their medians over the
// rounds, the ratios of each round, and whether these are what they should be. It refuses numbers
// that mean nothing, of calls that were lost or repeated and of contestants that did not do the
// same. It does not know who the contestants are.
package contest // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
