// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"math"
	"sync"
	"time"
)

const (
	// retriesPerCall is how many calls of entries that fail alone go with one of a fresh entry.
	retriesPerCall = 0.04
	// retryEvery is how often one goes where there are no fresh entries.
	retryEvery = time.Minute
	// fewRetries is how many can be saved up.
	fewRetries = 10
	// retriesPerRefund is how many go for one that got through, while nothing else is to be
	// sent, and mostRefunds how many of these can be saved up.
	retriesPerRefund = 4
	mostRefunds      = 10_000
	// retryPart is the part of all parallel calls that may be retries: a call that fails for a
	// time-out takes a place for long.
	retryPart = 4
)

// share says how many calls the entries have that fail alone. A retry that gets through
// brings further ones: where a fault is mended, all who had failed soon go on. These take
// nothing from fresh entries.
type share struct {
	mu      sync.Mutex
	retries float64
	refunds int
	at      time.Time // when retryEvery was last reckoned
	calling int       // retries under way
	most    int       // of them at once
}

func newShare(concurrency int) *share {
	return &share{retries: fewRetries, most: max(1, concurrency/retryPart)}
}

// wait returns after what time there is a retry if no fresh entry is due, 0 when there is one
// now.
func (s *share) wait(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reckon(now)
	switch {
	case s.calling >= s.most:
		return time.Second
	case s.refunds > 0:
		return 0
	}
	// Rounded up: a wait of nothing would say that there is one.
	return time.Duration(math.Ceil((1 - min(s.retries, 1)) * float64(retryEvery)))
}

// spend takes a retry beside the fresh entries that are due, if there is one. It is under way
// until over.
func (s *share) spend(fresh int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reckon(now)
	switch {
	case s.calling >= s.most:
		return false
	case fresh == 0 && s.refunds > 0:
		s.refunds--
	case s.retries >= 1:
		s.retries--
	default:
		return false
	}
	s.calling++
	return true
}

// over ends a retry.
func (s *share) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calling--
}

func (s *share) reckon(now time.Time) {
	if !s.at.IsZero() && s.retries < 1 {
		s.retries = min(1, s.retries+float64(now.Sub(s.at))/float64(retryEvery))
	}
	s.at = now
}

// earn notes a call of a fresh entry.
func (s *share) earn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retries < fewRetries {
		s.retries += retriesPerCall
	}
}

// refund notes a retry that got through.
func (s *share) refund() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refunds = min(mostRefunds, s.refunds+retriesPerRefund)
}
