// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"sync"
	"time"
)

// trust tells an upload that fails for what is in it from uploads that all fail. It is safe for
// concurrent use, and its zero value is ready.
type trust struct {
	mu     sync.Mutex
	failed int       // in a row
	last   time.Time // one that did not
}

// good notes an upload that did not fail.
func (t *trust) good(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed, t.last = 0, now
}

// bad notes one that failed, and reports whether it is worth finding out for which of its rows: some
// may fail in a row, and are not all.
func (t *trust) bad() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed++
	return t.failed < fewFailures
}

// alone reports whether what fails does so while others do not, and have not lately.
func (t *trust) alone(now time.Time) bool {
	t.mu.Lock()
	failed := t.failed
	t.mu.Unlock()
	return failed == 0 && t.others(now)
}

// failing reports whether the last one failed.
func (t *trust) failing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed > 0
}

// since reports whether one has not failed since then.
func (t *trust) since(then time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last.After(then)
}

// others reports whether others have not failed lately.
func (t *trust) others(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.last.IsZero() && now.Sub(t.last) <= lately
}
