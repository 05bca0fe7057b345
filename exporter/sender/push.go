// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

var errStopped = errors.New("the exporter stops, and what it was handed stays where it was")

const (
	// keptBatches is how many batches are kept for further requests: those of a pool would not
	// outlive the collections of garbage between two requests.
	keptBatches = 4
	// usualRecords is the most records of a request whose batch is kept.
	usualRecords = 10_000
)

// mapped is what a request says: the updates of its records, and what was left out of them.
type mapped struct {
	batch   *profile.Batch
	records int
	skipped map[skip]int // records
	dropped mapping.Drops
}

// skip is why records gave no update.
type skip struct {
	reason mapping.Skip
	failed string // the place in the YAML of what could not be evaluated
}

// mapRecords maps the records of a request and merges those of one visitor.
func (s *Sender) mapRecords(ctx context.Context, ld plog.Logs) *mapped {
	m := &mapped{records: ld.LogRecordCount(), skipped: make(map[skip]int)}
	select {
	case m.batch = <-s.batches:
	default:
		m.batch = profile.NewBatch(m.records)
	}
	for record, update := range s.set.Mapper.Updates(ctx, ld) {
		m.dropped.Add(&update.Dropped)
		if update.Skip != mapping.NotSkipped {
			m.skipped[skip{update.Skip, update.Failed}]++
			continue
		}
		m.batch.Add(record, update.Visitor, update.Parameters)
	}
	return m
}

// release keeps a batch for the next request, unless it is so large that few are.
func (s *Sender) release(m *mapped) {
	if m.records > usualRecords {
		return
	}
	m.batch.Reset()
	select {
	case s.batches <- m.batch:
	default:
	}
}

// count counts what came to its end when the records were mapped.
func (s *Sender) count(m *mapped) {
	for why, n := range m.skipped {
		log := s.set.Logger
		if why.failed != "" {
			log = log.With(zap.String("failed", why.failed))
		}
		s.outcomes.records(skipped, why.reason.String(), n)
		s.sayRecords(log.Info, "Log records skipped", why.reason.String(), n)
	}
	for reason, n := range m.dropped {
		s.outcomes.dropped(mapping.Drop(reason).String(), n)
	}
}

// Push maps a request and waits until the outbox has room for it. The function that it
// returns puts it there, and does so once or fails without a change. An error of either is
// not of the records: they are to be pushed again, and nothing was counted of them.
func (s *Sender) Push(ctx context.Context, ld plog.Logs) (put func(context.Context) error, err error) {
	m := s.mapRecords(ctx, ld)
	if err := s.awaitRoom(ctx, m.batch); err != nil {
		s.release(m)
		return nil, err
	}
	return s.putter(m), nil
}

// TakeOver is Push for what an earlier run had in hand, which needs no room.
func (s *Sender) TakeOver(ctx context.Context, ld plog.Logs) (put func(context.Context) error, err error) {
	return s.putter(s.mapRecords(ctx, ld)), nil
}

func (s *Sender) putter(m *mapped) func(context.Context) error {
	return func(ctx context.Context) error {
		defer s.release(m)
		if err := s.set.Outbox.Put(ctx, m.batch, time.Now()); err != nil {
			return err
		}
		s.count(m)
		return nil
	}
}

// awaitRoom waits until there is room for the visitors of a batch. For each of them one entry
// that fails alone makes way at most, and none in what may be an outage.
func (s *Sender) awaitRoom(ctx context.Context, batch *profile.Batch) error {
	ways := batch.Len()
	for !s.set.Outbox.Fits(batch) {
		if s.run.stopping.Err() != nil {
			return errStopped // there is no need to give an entry up for what stays where it was
		}
		if ways > 0 && !s.careful() {
			ways--
			e, err := s.set.Outbox.TakeFailing(ctx)
			if err != nil {
				return err
			}
			if e != nil {
				s.reject(e, reasonAttemptsExhausted)
				continue
			}
		}
		select {
		case <-s.set.Outbox.Room():
		case <-s.run.stopping.Done():
			return errStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// PushInMemory is Push for a queue that is lost with the process: when the exporter stops
// before there was room, the records are lost, and counted.
func (s *Sender) PushInMemory(ctx context.Context, ld plog.Logs) error {
	put, err := s.Push(ctx, ld)
	if err == nil {
		err = put(ctx)
	}
	if err != nil && s.run.stopping.Err() != nil {
		s.lose(ld.LogRecordCount(), reasonShutdown)
		return nil
	}
	return err
}
