// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"sync"
	"time"
)

// said keeps log lines from being repeated with each call: what happens again is said every
// five minutes at most, with how often it has happened since. Its zero value is ready.
type said struct {
	mu   sync.Mutex
	what map[string]*sum
}

type sum struct {
	since int
	last  time.Time
}

// add adds something that happened so many times. It returns how many times are to be said
// now, 0 when it was said not long ago.
func (s *said) add(what string, times int, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.what == nil {
		s.what = make(map[string]*sum)
	}
	of := s.what[what]
	if of == nil {
		of = &sum{}
		s.what[what] = of
	}
	of.since += times
	if now.Sub(of.last) < reminder {
		return 0
	}
	times, of.since, of.last = of.since, 0, now
	return times
}
