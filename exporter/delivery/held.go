// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
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
	data    plog.Logs
	records int
	// writtenDown tells that its order of arrival is, see run.take.
	writtenDown bool
}

// begin notes that a batch has come, for the first time or again. It returns the
// records of batches that can not come again any more, and whether the order of
// this one was written down when it came before.
func (h *heldBatches) begin(ld plog.Logs) (gone int, writtenDown bool) {
	if h.consumers == 0 {
		return 0, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, b := range h.batches {
		if b.data == ld {
			writtenDown = b.writtenDown
			h.batches = append(h.batches[:i], h.batches[i+1:]...)
			break
		}
	}
	for len(h.batches) >= h.consumers {
		gone += h.batches[0].records
		h.batches = h.batches[1:]
	}
	return gone, writtenDown
}

// keep notes that a batch is to be sent again.
func (h *heldBatches) keep(data plog.Logs, records int, writtenDown bool) {
	if h.consumers == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = append(h.batches, heldBatch{data, records, writtenDown})
}

// end returns the records of all batches that were to be sent again.
func (h *heldBatches) end() (records int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.batches {
		records += b.records
	}
	h.batches = nil
	return records
}
