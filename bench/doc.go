// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command bench compares the exporter and its distribution with the least that the work can cost, and with the best general
// tool that can do it. It starts a server that only counts, and each contestant in turn in a process of its own, so that
// the kernel tells what each has used. Medians go to standard output and, between markers, into docs/performance.md.
//
//	make bench-compare                     everything, some 20 minutes
//	make bench-compare ARGS=-quick         everything in small, two minutes, not written down
//	make bench-compare ARGS='-only memory' one section
//
// The program is also its own server and two of the contestants: its first argument can be the name of a role.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"
