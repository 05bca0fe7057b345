// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package quota says when the next call may leave. It keeps one account for each
// client code and endpoint of a process, with three rules: a pace (token bucket),
// a quota over a rolling window, and a pause until a time that Target named.
//
// Where an account is kept is one of three places. In memory a restart forgets it. In a storage
// extension a ledger writes calls down before they leave. In Redis several processes share it:
//
//	calls ─► Account ─► lease: credits that were borrowed ◄── borrower ── ask ──► lender ─► lease.lua, in Redis
//	           │                                                                            the window of all processes
//	           └─ pace, pause, window of this process
//
// A call leaves with a credit, before its lease ends. Redis counts a credit from its grant on as if its call
// were made at the lease's end, so a process that is gone has nothing to clean up.
//
// It does not know what a call is or how it ended; it only counts that one left
// and that it is over.
package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
