// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package overflow // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/overflow"

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

const (
	// pause is between two attempts when the queue or the storage fails.
	pause = time.Second
	// maxRecords and maxBytes bound what stands in line. Who comes then is told.
	maxRecords = 10_000
	maxBytes   = 64 << 20
)

var errTooMany = errors.New("the sending queue is full, and so is what waits for it: nothing was taken")

// Store is the line of requests that stands before a queue. It is safe for concurrent
// use.
type Store struct {
	journal journal
	logger  *zap.Logger

	mu      sync.Mutex
	line    []request
	records int
	bytes   int
	next    uint64        // number of the next request
	empty   chan struct{} // closed while nobody stands in line
	added   chan struct{} // has one when somebody came

	stop context.CancelFunc
	done chan struct{}
}

// request is what was offered to the queue at once.
type request struct {
	number uint64
	data   plog.Logs
	bytes  int
}

// Open returns a Store that holds what an earlier run left in the storage. It fails
// when that can not be read, or with the error of fits when one of the requests is more
// than the queue can ever take.
func Open(ctx context.Context, client storage.Client, fits func(plog.Logs) error, logger *zap.Logger) (*Store, error) {
	s := &Store{
		journal: journal{client: client}, logger: logger,
		empty: make(chan struct{}), added: make(chan struct{}, 1),
	}
	var err error
	if s.line, s.next, err = s.journal.read(ctx); err != nil {
		return nil, err
	}
	if len(s.line) == 0 {
		close(s.empty)
		return s, nil
	}
	for _, r := range s.line {
		if err := fits(r.data); err != nil {
			return nil, fmt.Errorf("what waited for the sending queue in an earlier run: %w", err)
		}
		s.count(r, 1)
	}
	s.added <- struct{}{}
	logger.Info("Log records that waited for room in the sending queue go into it first", zap.Int("records", s.Records()))
	return s, nil
}

// Start begins to hand the requests to the queue, which takes one whole or not at all
// and does not change it.
func (s *Store) Start(offer func(context.Context, plog.Logs) error) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	go s.run(ctx, offer)
}

// Stop ends what Start began. What stands in line stays in the storage.
func (s *Store) Stop() {
	if s.stop != nil {
		s.stop()
		<-s.done
	}
}

// Close lets go of the storage.
func (s *Store) Close(ctx context.Context) error { return s.journal.client.Close(ctx) }

// Line yields the requests that stand in line, the first one first, before Start.
func (s *Store) Line() iter.Seq[plog.Logs] {
	return func(yield func(plog.Logs) bool) {
		for _, r := range s.line {
			if !yield(r.data) {
				return
			}
		}
	}
}

// Records returns how many log records stand in line.
func (s *Store) Records() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records
}

func (s *Store) count(r request, sign int) {
	s.records += sign * r.data.LogRecordCount()
	s.bytes += sign * r.bytes
}

// Wait returns when nobody stands in line, or with an error when ctx ends before.
func (s *Store) Wait(ctx context.Context) error {
	s.mu.Lock()
	empty := s.empty
	s.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Add puts a request at the end of the line. It is written down when Add returns
// without an error; with one it was not added.
func (s *Store) Add(ctx context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := newRequest(s.next, ld)
	if s.records+ld.LogRecordCount() > maxRecords || s.bytes+added.bytes > maxBytes {
		return errTooMany
	}
	if err := s.journal.add(ctx, s.numbers(), added); err != nil {
		return err
	}
	if len(s.line) == 0 {
		s.empty = make(chan struct{})
	}
	s.line = append(s.line, added)
	s.count(added, 1)
	s.next++
	select {
	case s.added <- struct{}{}:
	default:
	}
	s.logger.Info("The sending queue is full and its caller can not wait: the log records are written down and go into the queue when there is room",
		zap.Int("records", ld.LogRecordCount()))
	return nil
}

// run hands the requests to the queue, the first one first, until ctx ends.
func (s *Store) run(ctx context.Context, offer func(context.Context, plog.Logs) error) {
	defer close(s.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.added:
		}
		for {
			first, some := s.first()
			if !some {
				break
			}
			if !s.insist(ctx, func() error { return offer(ctx, first.data) }) {
				return
			}
			if !s.insist(ctx, func() error { return s.leave(ctx) }) {
				return // it comes twice, once from the queue
			}
		}
	}
}

// insist tries until it succeeds. It returns false when ctx ends before.
func (s *Store) insist(ctx context.Context, try func() error) bool {
	said := false
	for {
		err := try()
		switch {
		case err == nil:
			return true
		case ctx.Err() != nil:
			return false
		case !said:
			said = true
			s.logger.Warn("Log records that wait for the sending queue can not go into it yet; they stay in the storage and are tried again",
				zap.Error(err))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

func (s *Store) first() (first request, some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.line) == 0 {
		return request{}, false
	}
	return s.line[0], true
}

// leave takes the first request out of the line, which the queue has taken.
func (s *Store) leave(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.journal.remove(ctx, s.numbers()[1:], s.line[0].number); err != nil {
		return err
	}
	s.count(s.line[0], -1)
	s.line = s.line[1:]
	if len(s.line) == 0 {
		close(s.empty)
	}
	return nil
}

func newRequest(number uint64, data plog.Logs) request {
	sizer := plog.ProtoMarshaler{}
	return request{number, data, sizer.LogsSize(data)}
}

func (s *Store) numbers() []uint64 {
	numbers := make([]uint64, len(s.line))
	for i, r := range s.line {
		numbers[i] = r.number
	}
	return numbers
}
