// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package delivery takes a batch of log records from the sending queue to the
// outcome of each of them: it maps the records, merges the updates of a visitor,
// makes the calls in parallel as the account lets them, and says of every record
// whether it was delivered, skipped, rejected, or is held to be sent again. What is
// held goes back to the queue, or is deferred where visitors fail while others get
// through; deferred records are tried again beside the batches. When a queue in memory
// comes to its end, what is held is tried again here, for as long as there is time.
//
// It is the only place that knows all the others, and the only one that counts
// records. Order of a visitor's values holds because a visitor stands in a batch
// once, batches come one after another, and whatever comes for a deferred visitor
// waits for what is deferred; what keeps batches in their order is the sending
// queue's business.
package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"
