// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package arrival keeps the order in which log records arrived, across restarts.
//
// A persistent queue puts the batch that was being sent when a run ended behind
// all that was queued after it, so the next run would send its older values last.
// What arrives is therefore numbered before the queue. A Watch is told whose records
// are displaced so, before they are. While records of an earlier run are about it
// remembers of these visitors which value of each profile parameter is the newest that
// was sent, and tells the ones that are older. It writes down what is about to be sent,
// because the next run may end before the older ones come. So it grows with what was
// being sent, and not with the backlog. The queue holds the records of earlier runs
// before those of this one, so the first batch without any ends the watch, unless some
// wait elsewhere, and from then on a number costs nothing but its place.
//
// Whose records are displaced is kept from run to run until the watch ends, with what
// was merged in the batches in flight. Visitors are written down as hashes, and those of
// another mapping of visitors can not be told from others: when that changed while some
// are displaced, all visitors are watched, and then it does grow with the backlog.
//
// The package does not know what is sent, or how.
package arrival // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
