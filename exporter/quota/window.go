// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"slices"
	"time"
)

// buckets is into how many parts a window is divided. A call is counted for the
// window and at most one part more.
const buckets = 1440

// window counts the calls of a rolling window. A call is in flight from the
// moment it is reserved until it is over, and only then enters a bucket: it
// reached Target at some time in between, and so no window that Target may look
// at holds more calls than this one has counted.
//
// Times are durations since an origin that the caller chooses.
type window struct {
	limit    int
	width    time.Duration
	counts   [buckets + 1]int // by bucket number modulo len(counts)
	newest   int64            // number of the newest bucket
	used     int              // sum of counts
	inFlight int
}

func newWindow(cfg WindowConfig) *window {
	// Rounded up, so that the buckets together are never shorter than the window.
	return &window{limit: cfg.Calls, width: (cfg.Window + buckets - 1) / buckets}
}

// advance forgets the buckets that no window at that time reaches. A time that
// goes back changes nothing.
func (w *window) advance(at time.Duration) {
	if at < time.Duration(w.newest+1)*w.width {
		return
	}
	number := int64(at / w.width)
	if number-w.newest >= int64(len(w.counts)) {
		w.counts = [buckets + 1]int{}
		w.used = 0
		w.newest = number
		return
	}
	for w.newest < number {
		w.newest++
		slot := w.slot(w.newest)
		w.used -= *slot
		*slot = 0
	}
}

func (w *window) slot(number int64) *int {
	return &w.counts[number%int64(len(w.counts))]
}

// reserve takes one call, if the window has room for it.
func (w *window) reserve(at time.Duration) bool {
	w.advance(at)
	if w.used+w.inFlight >= w.limit {
		return false
	}
	w.inFlight++
	return true
}

// giveBack returns a reserved call that never left.
func (w *window) giveBack() { w.inFlight-- }

// complete counts reserved calls as made, at the time the last of them was over.
func (w *window) complete(at time.Duration, calls int) {
	w.inFlight -= calls
	w.add(at, calls)
}

func (w *window) add(at time.Duration, calls int) {
	w.advance(at)
	*w.slot(w.newest) += calls
	w.used += calls
}

// untilFree returns how long it takes at least until a call can be reserved, 0
// when there is room now.
func (w *window) untilFree(at time.Duration) time.Duration {
	w.advance(at)
	// After a lower limit or a crash the window may hold more than it lets through.
	tooMany := w.used + w.inFlight - w.limit + 1
	if tooMany <= 0 {
		return 0
	}
	for number := max(0, w.newest-buckets); number <= w.newest; number++ {
		tooMany -= *w.slot(number)
		if tooMany <= 0 {
			return time.Duration(number+int64(len(w.counts)))*w.width - at
		}
	}
	// The room is in flight, and none of it can be over before now.
	return time.Duration(len(w.counts)) * w.width
}

// history returns the calls that are over.
func (w *window) history(at time.Duration) history {
	w.advance(at)
	h := history{Age: int64(max(0, at-time.Duration(w.newest)*w.width)), Width: int64(w.width)}
	for number := w.newest; number >= max(0, w.newest-buckets); number-- {
		h.Calls = append(h.Calls, *w.slot(number))
	}
	for len(h.Calls) > 0 && h.Calls[len(h.Calls)-1] == 0 {
		h.Calls = h.Calls[:len(h.Calls)-1]
	}
	return h
}

// restore adds the calls of a history that was written before that time. Each is
// counted from the end of its bucket on, so that none is forgotten early.
func (w *window) restore(h history, written time.Duration) {
	for ago, calls := range slices.Backward(h.Calls) {
		ended := written
		if ago > 0 {
			ended -= time.Duration(h.Age) + time.Duration(ago-1)*time.Duration(h.Width)
		}
		if ended > 0 && calls > 0 {
			w.insert(ended, calls)
		}
	}
}

// insert counts calls that were over at that time, though others may be later.
func (w *window) insert(at time.Duration, calls int) {
	w.advance(at)
	if number := int64(at / w.width); number > w.newest-int64(len(w.counts)) {
		*w.slot(number) += calls
		w.used += calls
	}
}

// rebuilt returns a window of other limits with this one's calls in it. Each call
// is counted from the last moment of its bucket on, so that none is forgotten early.
func (w *window) rebuilt(cfg WindowConfig, at time.Duration) *window {
	w.advance(at)
	next := newWindow(cfg)
	for number := max(0, w.newest-buckets); number <= w.newest; number++ {
		if calls := *w.slot(number); calls > 0 {
			next.add(min(at, time.Duration(number+1)*w.width-1), calls)
		}
	}
	next.inFlight = w.inFlight
	return next
}
