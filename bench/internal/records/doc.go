// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package records makes the log records that are measured with: actions that all become calls of
// one length, and varied ones that compress as real records do. It writes them as lines of a file
// or as logs, of visitors who each come once or who come back as Zipf's law has it. The same
// records are made at each run. It does not know who reads them.
package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
