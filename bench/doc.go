// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command bench compares the exporter and its distribution with the least that the work can cost,
// and with the best general tool that can do it. It starts a server that only counts, and each
// contestant in turn in a process of its own, so that the kernel tells what each has used. Medians
// go to standard output and, between markers, into docs/performance.md.
//
//	make bench-compare                     everything, some 35 minutes
//	make bench-compare ARGS=-quick         everything in small, five minutes, not written down
//	make bench-compare ARGS='-only memory' one section
//	make bench-compare ARGS="-page ''"     everything, not written down
//
// The program is also its own server and two of the contestants: its first argument can be the name
// of a role. What it does stands below internal/, where arrows point one way: section to contest
// and contender, these to server, that to process and records. Report and plot know nothing of
// them.
//
// It does not know Target: its server takes each call at once or after a time that is always the
// same, or refuses all of them, and is on the same machine, whose cores it shares with what is
// measured. It does not know what else the machine does, but for the spread of the rounds, and says
// nothing of other machines. It fails for no target that is missed.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"
