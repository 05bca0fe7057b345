// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package sender takes log records into the outbox and entries out of it, and says of every
// record how it ended: delivered, skipped, rejected, or still held.
//
//	push:  records ─► mapping ─► outbox
//	run:   outbox ─► account ─► route ─► answer ─► settle
//
// Push never sends. Workers make the calls in parallel, one visitor at a time. One of them after
// another dispatches: it asks the account, and only then takes the entry that has been due for
// longest, so that whatever came meanwhile goes along (dispatch.go). It makes the entry's calls
// (send.go) and settles the answer (settle.go).
//
// The sender tells an outage from an update that fails alone (health.go, said by outage.go).
// While nothing gets through, one call at a time finds out whether it is over, and no entry is
// blamed. An entry that fails while others get through is put off, for up to an hour in the end; all such entries
// together have a small share of the calls; and one is given up only when it has failed for
// long enough of the time in which most others got through.
//
// A refusal may be said by a gateway, to everybody. It is believed only among calls that get
// through (refusals.go).
//
// There may be a second way out. While the quota of the first is used up updates overflow into
// calls of another route, which have an account and a health of their own (way.go, overflow.go).
// Or they go by uploads, always or as an overflow: these are gathered in the outbox, made one after
// another, and followed until their status tells what became of the rows (uploader.go draws it).
//
// A request whose caller waits for its outcome, because there is no queue to hold it, does
// not enter the outbox: what could not be sent goes back to the caller (direct.go).
//
// It is the only place that knows outbox, account and route together. It does not know the
// queue or the storage.
package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"
