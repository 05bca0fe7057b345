// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package outbox holds what waits to be sent: one entry a visitor.
//
// Whatever an entry waits for, newer records of its visitor merge into it until its call is
// composed, so that a backlog costs one call a visitor.
//
//	Put ─► waiting ─► ready ─► called ─► End ─► gone
//	          ▲                   │
//	          └────── Retry ◄─────┘
//
// While a call is out the entry has two layers: what the call carries, and what came since.
// End drops the first and leaves the second; Retry merges them.
//
// Enlist puts what was taken into an upload instead. There it stays as it is, whatever comes for
// the visitor, until Unload says what became of it; and it may be remembered after that, as long
// as there is room, for uploads to come. Remembered visitors have nothing that waits.
//
// Entries stand in slots, and sixteen slots make a page. Of a slot an outbox keeps some
// seventy bytes in memory. With a storage the pages themselves are kept there, packed, under
// the numbers of the pages, and those that were used last in memory as well; without one
// all are in memory. Nothing is written here: Owed hands out what has changed since the last
// write, and who writes it says so. An entry that was added, ended or put off can be taken
// only after that write, so that what is stored is never older than what a call has carried.
//
// The package does not know calls, answers or the queue, or why an entry is put off.
package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
