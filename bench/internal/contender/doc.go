// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package contender holds what is measured, each in a process of its own: the floor, which is
// net/http alone, the exporter without a Collector around it, the distribution, and Benthos. It
// sets them up for the same work and tells when they have done it. It does not know what is asked
// of them, and says nothing of what it sees but errors.
package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
