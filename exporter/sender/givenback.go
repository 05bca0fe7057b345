// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"
)

// Back is why records are given back to their caller, as metrics name it. It is no outcome: they
// are not received.
type Back string

const (
	// QueueFull is for what the sending queue had no room for.
	QueueFull Back = "queue_full"
	// NotStored is for what could not be written to the storage of the queue.
	NotStored Back = "storage"
	// NotSent is for what has no outcome yet, of a caller who waits for it.
	NotSent Back = "not_sent"
)

// GivenBack counts the records of a request that its caller was told to send again, or what of it
// is held, and says so every five minutes at most. They are in the caller's hands, who may not
// send them again. Of requests that went as one batch each caller is told of all that is held.
func (s *Sender) GivenBack(records int, why Back, err error) {
	if held, ok := errors.AsType[consumererror.Logs](err); ok {
		records = min(records, held.Data().LogRecordCount())
	}
	s.outcomes.givenBack(why, records)
	if n := s.said.add("given back", records, time.Now()); n > 0 {
		s.set.Logger.Warn("Log records given back, their sender is told to send them again; said every five minutes at most",
			zap.Int("records", n), zap.Error(err))
	}
}

func (o *outcomes) givenBack(why Back, n int) {
	o.telemetry.AdobeTargetRecordsGivenBack.Add(context.Background(), int64(n), o.byReason.of(string(why), o.ofReason)...)
}
