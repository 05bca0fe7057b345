// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Call is one call as it came over the wire, for tests of the wire format. It holds ids, values and tokens.
type Call struct {
	Method string
	Host   string
	// Path and RawQuery are as encoded by the caller.
	Path     string
	RawQuery string
	Header   http.Header
	// Body is empty where it was not read: a fetch, or an update refused for its method, size or Content-Encoding.
	Body []byte
	At   time.Time
}

type recorder struct {
	limit int
	mu    sync.Mutex
	calls []Call
}

// wantsMore reports whether the next call is kept.
func (c *recorder) wantsMore() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls) < c.limit
}

func (c *recorder) add(r *http.Request, body []byte, at time.Time) {
	if c.limit == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) == c.limit {
		return
	}
	c.calls = append(c.calls, Call{
		Method:   r.Method,
		Host:     r.Host,
		Path:     r.URL.EscapedPath(),
		RawQuery: r.URL.RawQuery,
		Header:   r.Header.Clone(),
		Body:     body,
		At:       at,
	})
}

// Calls returns the first [Settings].RecordCalls calls that came, those of the control left out.
func (e *Emulator) Calls() []Call {
	c := e.world.Load().calls
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}
