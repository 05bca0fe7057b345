// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"sync"
	"time"
)

// Cause is what a call waits for.
type Cause uint8

const (
	// Pace is the rate limit.
	Pace Cause = iota
	// Window is room in the quota's window.
	Window
	// Paused is the end of a pause that Target asked for.
	Paused
	// Lease is an answer of Redis, where the account is.
	Lease

	causes
)

var causeNames = [causes]string{Pace: "pace", Window: "quota", Paused: "pause", Lease: "redis"}

// String returns the cause as metrics name it.
func (c Cause) String() string { return causeNames[c] }

// Causes are all that a call may wait for.
func Causes() []Cause { return []Cause{Pace, Window, Paused, Lease} }

// Waits is for how long the calls of one exporter waited, of those that share an
// account. It is safe for concurrent use, and its zero value is ready.
type Waits struct {
	// Tell is told of a call that has to wait, before it does, and for how long at most; nil is
	// told nothing. Waiting for the pace is not told.
	Tell func(Cause, time.Duration)

	mu     sync.Mutex
	causes [causes]waited
}

// waited is the time during which at least one call waited for a cause.
type waited struct {
	calls int       // that wait now
	since time.Time // the first of them does
	total time.Duration
}

// Time returns the time during which at least one call waited for the cause, until
// now.
func (w *Waits) Time(c Cause) time.Duration {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	of := &w.causes[c]
	if of.calls == 0 {
		return of.total
	}
	return of.total + now.Sub(of.since)
}

// Calls returns how many calls wait for the cause now.
func (w *Waits) Calls(c Cause) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.causes[c].calls
}

func (w *Waits) begin(c Cause) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	of := &w.causes[c]
	if of.calls == 0 {
		of.since = now
	}
	of.calls++
}

func (w *Waits) end(c Cause) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	of := &w.causes[c]
	of.calls--
	if of.calls == 0 {
		of.total += now.Sub(of.since)
	}
}
