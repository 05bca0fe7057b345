// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"sync"
	"time"
)

const (
	// retriesPerCall is how many calls of entries that fail alone go with one of a fresh entry.
	retriesPerCall = 0.04
	// retryEvery is how often one goes where there are no fresh entries.
	retryEvery = time.Minute
	// fewRetries and mostRetries are how many can be saved up, from fresh calls and from
	// retries that got through.
	fewRetries  = 10
	mostRetries = 100
)

// share says how many calls the entries have that fail alone. A retry that gets through is
// paid back and brings one more: where a fault is mended, all who had failed soon go on.
type share struct {
	mu      sync.Mutex
	retries float64
	at      time.Time // when retryEvery was last reckoned
}

func newShare() *share { return &share{retries: fewRetries} }

// wait returns after what time there is a retry, 0 when there is one now.
func (s *share) wait(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reckon(now)
	return time.Duration((1 - min(s.retries, 1)) * float64(retryEvery))
}

// spend takes a retry, if there is one.
func (s *share) spend(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reckon(now)
	if s.retries < 1 {
		return false
	}
	s.retries--
	return true
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
	s.retries = min(mostRetries, s.retries+2)
}
