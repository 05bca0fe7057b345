// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package quota says when the next call may leave. It keeps one account for each
// client code and endpoint of a process, with three rules: a pace (token bucket),
// a quota over a rolling window, and a pause until a time that Target named.
//
// It does not know what a call is or how it ended; it only counts that one left
// and that it is over.
package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
