// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package queue stands around the helper's sending queue: a door before it, and a guard
// between a persistent queue and its storage extension.
//
//	receiver ─► Door ─► helper's queue ─► Guard.Push ─► what maps the records
//	                        │    ▲
//	                        ▼    │ placeholders, corrected index
//	                        Guard ─► storage
//
// The door admits by queue_size, in turn, and gives the helper some room more. A receiver that
// reads, a file for one, and cannot wait any longer at a shutdown uses that room: it has moved
// on, and what it was handing on would be lost.
//
// Left alone, a persistent queue goes wrong in these places, all of them silent but for a line
// in the log. The guard sees to each:
//
//   - What was in flight when the last run ended is put behind all that came later. The guard
//     takes it over inside the helper's first read of its index: the items are handed on in
//     their order, and one write stores what became of them, deletes them and corrects the
//     index.
//   - An item that was handed on is deleted after that, in a write of its own. What became of
//     it is written in the same one, so that both are never there, and never neither.
//   - An item that cannot be read is skipped and deleted, with the queue's lock held. The helper
//     gets an empty one in its place, and the item is read where nobody waits for a lock.
//   - What fails at start is passed over, and a queue whose index cannot be read is begun anew
//     on top of the old one. Guarded, the exporter does not start.
//   - An item that cannot be deleted is forgotten. The deletion goes with the next write, and
//     no further item is handed on before.
//   - A queue that was emptied since is a new one, and what it holds is sent to whatever account
//     is configured. A note in the queue's part of the storage says for whom its records are, and a
//     part of its own that they are to be there. Else the exporter does not start.
//   - A damaged item is skipped, or read as something else. Items are stored packed behind a
//     checksum; a damaged one is said and set aside.
//
// The package knows log records, and of the helper's queue which operations it makes of its
// storage. It does not know visitors, calls or outcomes.
package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"
