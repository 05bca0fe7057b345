// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package overflow keeps the log records of callers that can not wait any longer for
// room in a full queue and will not offer them again.
//
// A receiver that reads, a file for one, waits in its call while the queue is full.
// When the Collector ends the receiver's context ends, and most receivers have moved
// on by then: what they were handing on is lost. So it is written down instead, and
// goes into the queue when there is room, in this run or the next. Until then all that
// arrives waits behind it: a later record of a visitor may not come before an earlier
// one.
//
// What stands in line is in memory too, and bounded: a receiver whose context has ended
// has one call under way for each of its files or connections.
//
// The package knows the queue as a function that takes log records or fails.
package overflow // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/overflow"
