// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
)

// heldBatches knows what the helper has been asked to send again. The helper gives
// no sign when it does not: when its retries are at their end, or when it shuts
// down with a queue in memory. But it brings back the very batch it was given, and
// it has no more batches in hand than the queue has consumers.
type heldBatches struct {
	consumers int // 0 without a queue: the caller knows what was not taken

	mu      sync.Mutex
	batches []heldBatch
}

type heldBatch struct {
	is          plog.Logs // what the helper brings again
	data        plog.Logs
	records     int
	writtenDown writtenDown
}

// writtenDown is what the journal has of the order of a batch, since it came before.
type writtenDown struct {
	// merging is which of its values take the place of older ones.
	merging bool
	// sending is what it sends of visitors that are watched, all of them: what had to
	// wait behind a deferred visitor may be sent the next time.
	sending bool
}

// begin notes that a batch has come, for the first time or again. It returns the
// batches that can not come again any more, and whether the order of this one was
// written down when it came before.
func (h *heldBatches) begin(ld plog.Logs) (gone []heldBatch, before writtenDown) {
	if h.consumers == 0 {
		return nil, before
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, b := range h.batches {
		if b.is == ld {
			before = b.writtenDown
			h.batches = slices.Delete(h.batches, i, i+1)
			break
		}
	}
	for len(h.batches) >= h.consumers {
		gone = append(gone, h.batches[0])
		h.batches = slices.Delete(h.batches, 0, 1)
	}
	return gone, before
}

// keep notes that a batch is to be sent again.
func (h *heldBatches) keep(data plog.Logs, records int, order writtenDown) {
	if h.consumers == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = append(h.batches, heldBatch{is: data, data: data, records: records, writtenDown: order})
}

// forget forgets a batch that is sent again without the helper.
func (h *heldBatches) forget(ld plog.Logs) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = slices.DeleteFunc(h.batches, func(b heldBatch) bool { return b.is == ld })
}

// copy makes the batches independent of the helper, which is about to let go of them.
func (h *heldBatches) copy() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.batches {
		data := plog.NewLogs()
		h.batches[i].data.CopyTo(data)
		h.batches[i].data = data
	}
}

// end returns all batches that were to be sent again.
func (h *heldBatches) end() []heldBatch {
	h.mu.Lock()
	defer h.mu.Unlock()
	batches := h.batches
	h.batches = nil
	return batches
}
