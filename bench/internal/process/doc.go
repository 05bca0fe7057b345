// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package process starts programs and tells what they cost: processor time from their start to
// their end, and the memory they held at most, as the kernel counts them. A program can also be
// this one in another role, which says what it has to tell line by line, in JSON. It does not know
// what the programs do.
package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
