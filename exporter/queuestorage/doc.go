// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package queuestorage stands between the helper's persistent queue and the storage
// extension, and keeps the queue from losing records when the storage fails or the
// process ends.
//
// Left alone, the queue goes wrong in four places, all of them silent but for a line
// in the log:
//
//   - An item that can not be read is skipped and deleted. Guarded, the read is tried
//     again until it succeeds. Often it is only the note that fails, that the item is
//     now with a consumer, on a full disk for one. Then the item is handed out
//     without it: should the process end, it comes again where it stood.
//   - At start, what was being sent when the last run ended is deleted before it is
//     queued again. Guarded, the deletion is put off until the first item is read,
//     and goes with that read. A crash in between brings records twice.
//   - What fails at start is passed over, and a queue whose index can not be read is
//     begun anew on top of the old one. Guarded, the exporter does not start, and the
//     storage keeps what it held.
//   - An item that was delivered and can not be deleted is forgotten. Guarded, the
//     deletion is made good with the next change, and until then nothing more is
//     sent: should the process end, the item comes again, and its values would follow
//     those of the items after it.
//
// The queue calls its storage with its own lock held. So while a read is tried again,
// everything that asks the queue waits: receivers that offer records, whatever their
// timeouts, batches that are done, and the metrics page, which shows the queue's size.
// A shutdown would wait too, so Stop has to come first. A read that it ends is one
// that the queue then skips, so from then on every change is refused: the storage
// stays as it was, and all comes again at the next start.
//
// An offer that fails is the sender's to repeat, and is left alone. The queue counts
// its records as held all the same until it has once been empty: it can seem fuller
// than it is, but not for ever, since a queue that takes nothing more runs empty.
//
// Items are stored compressed, behind a checksum. How much shorter that makes them is a
// matter of how many records a request has and how alike they are; one alone is left as it
// is. With the file shrinks the memory that it is mapped into. A damaged item is said
// when it is read, and set aside under a key of its own; the queue would skip it in
// silence, or read something else.
//
// The package knows neither what the items hold nor what becomes of them. It knows of
// the queue which operations it makes of its storage, and the keys of its index and of its
// items.
package queuestorage // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queuestorage"
