// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inFlight is when a call is over that is not over yet.
const inFlight = time.Duration(math.MaxInt64)

// call is a call of the model: it reached the server at some time from left to over.
type call struct{ left, over time.Duration }

// model keeps every call there ever was, and holds a window to its promises.
type model struct {
	t      *testing.T
	cfg    WindowConfig
	window *window
	calls  []call
	now    time.Duration // the latest time the window was told of
	at     time.Duration // the time it is told of next
}

func newModel(t *testing.T, cfg WindowConfig) *model {
	t.Helper()
	return &model{t: t, cfg: cfg, window: newWindow(cfg)}
}

// read sets the time of the next steps: not always a later one, as a caller may be
// held up between reading the clock and taking the lock.
func (m *model) read(at time.Duration) { m.at = max(at, 0) }

// tell is done before the window is told of the time.
func (m *model) tell() { m.now = max(m.now, m.at) }

// counted returns how many calls any window of that length that ends after the
// time may hold.
func (m *model) counted(at, length time.Duration) int {
	n := 0
	for _, c := range m.calls {
		if c.over == inFlight || c.over > at-length {
			n++
		}
	}
	return n
}

func (m *model) reserve() {
	m.tell()
	free := m.window.untilFree(m.at)
	if m.window.reserve(m.at) {
		require.Zero(m.t, free, "there was room")
		m.calls = append(m.calls, call{left: m.now, over: inFlight})
		require.LessOrEqual(m.t, m.counted(m.now, m.cfg.Window), m.cfg.Calls, "the quota is exceeded at %s", m.now)
		return
	}
	// Counted for the window and one part more, and not for longer.
	longest := time.Duration(buckets+1) * m.window.width
	require.GreaterOrEqual(m.t, m.counted(m.now, longest), m.cfg.Calls, "a call was held back without need at %s", m.now)
	m.checkWait(free)
}

// checkWait checks how long the window asks to wait: until it forgets its oldest
// call, and not longer.
func (m *model) checkWait(wait time.Duration) {
	require.Positive(m.t, wait)
	if m.window.used == 0 {
		require.Equal(m.t, time.Duration(buckets+1)*m.window.width, wait)
		return
	}
	before, then := *m.window, *m.window
	before.advance(m.at + wait - 1)
	require.Equal(m.t, m.window.used, before.used, "the wait is too long")
	then.advance(m.at + wait)
	require.Less(m.t, then.used, m.window.used, "the wait is too short")
}

// pick returns the position of one of the calls in flight, -1 when there is none.
func (m *model) pick(n int) int {
	var under []int
	for i, c := range m.calls {
		if c.over == inFlight {
			under = append(under, i)
		}
	}
	if len(under) == 0 {
		return -1
	}
	return under[n%len(under)]
}

func (m *model) complete(n int) {
	if i := m.pick(n); i >= 0 {
		// A call is over after it left, whatever others have told the window since.
		m.read(max(m.at, m.calls[i].left))
		m.tell()
		m.window.complete(m.at, 1)
		// Others may have told a later time already, and then it is counted from there on.
		m.calls[i].over = m.now
	}
}

func (m *model) giveBack(n int) {
	if i := m.pick(n); i >= 0 {
		m.calls = append(m.calls[:i], m.calls[i+1:]...)
		m.window.giveBack()
	}
}

// checkAll looks at every window that begins when a call was over: there it holds
// the most calls.
func (m *model) checkAll() {
	for _, c := range m.calls {
		begin, n := c.over, 0
		for _, other := range m.calls {
			if other.over >= begin && other.left-m.cfg.Window < begin {
				n++
			}
		}
		require.LessOrEqual(m.t, n, m.cfg.Calls, "in the window from %s on", begin)
	}
}

// step does one of the things that an Account does.
func (m *model) step(what, how byte) {
	width := m.window.width
	forward := [...]time.Duration{
		0, 1, width / 3, width - 1, width, width + 1, 7 * width,
		m.cfg.Window / 5, m.cfg.Window - 1, m.cfg.Window, m.cfg.Window + width,
	}
	switch what % 16 {
	case 0, 1, 2, 3, 4:
		m.reserve()
	case 5, 6, 7, 8:
		m.complete(int(how))
	case 9:
		m.giveBack(int(how))
	case 10:
		m.read(m.at - time.Duration(how)*width/64)
	case 11:
		m.read(max(m.now, m.at) + forward[int(how)%len(forward)])
	default:
		m.read(max(m.now, m.at) + forward[int(how)%7])
	}
}

var modelWindows = [...]time.Duration{time.Minute, 24 * time.Hour, buckets, buckets + 1, 5*buckets - 1, MaxWindow}

func runModel(t *testing.T, calls, window byte, steps []byte) {
	t.Helper()
	m := newModel(t, WindowConfig{Calls: 1 + int(calls)%20, Window: modelWindows[int(window)%len(modelWindows)]})
	for i := 0; i+1 < len(steps); i += 2 {
		m.step(steps[i], steps[i+1])
	}
	m.checkAll()
}

func TestWindowKeepsItsPromisesInAnyOrderOfEvents(t *testing.T) {
	const runs, length = 120, 1200
	for seed := range uint64(runs) {
		random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
		steps := make([]byte, length+1)
		_, _ = random.Read(steps) // never fails
		runModel(t, steps[length], byte(seed), steps[:length])
	}
}

func FuzzWindow(f *testing.F) {
	f.Add(byte(0), byte(0), []byte{0, 0, 5, 0, 11, 9, 0, 0})
	f.Add(byte(3), byte(1), []byte{0, 0, 0, 0, 9, 1, 5, 0, 10, 200, 5, 0, 11, 10, 0, 0})
	f.Add(byte(1), byte(4), []byte{0, 0, 11, 8, 5, 0, 0, 0, 11, 9, 0, 0, 12, 4, 0, 0})
	f.Fuzz(func(t *testing.T, calls, window byte, steps []byte) {
		runModel(t, calls, window, steps[:min(len(steps), 2000)])
	})
}
