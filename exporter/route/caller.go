// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxAnswer is the most bytes of an answer that are read.
const maxAnswer = 64 << 10

// Caller makes calls of an API. It is safe for concurrent use.
type Caller struct {
	API
	transport http.RoundTripper
	timeout   time.Duration // 0 for none
	userAgent []string
	answers   sync.Pool // of *bytes.Buffer
	// maxRetryAfter is the longest that an answer may ask for no further calls.
	maxRetryAfter time.Duration
}

// NewCaller returns a Caller that calls the API through the transport and with the timeout of
// c. A call is one round trip and needs nothing of what net/http's client does beside: it has no
// cookies, and no redirect is followed, where a POST would become a GET without its body. A
// Retry-After beyond maxRetryAfter counts as that.
func NewCaller(api API, c *http.Client, userAgent string, maxRetryAfter time.Duration) *Caller {
	return &Caller{
		API: api, transport: c.Transport, timeout: c.Timeout, userAgent: []string{userAgent}, maxRetryAfter: maxRetryAfter,
	}
}

// call makes a call, once.
func (r *Caller) call(ctx context.Context, c *call) Answer {
	a := r.answer(ctx, c)
	if a.Verdict == Rejected {
		a.Detail = r.suspects()
	}
	return a
}

// answer makes a call and reads its answer.
func (r *Caller) answer(ctx context.Context, c *call) Answer {
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout)
		defer cancel()
	}
	resp, err := r.transport.RoundTrip(c.request(ctx, r.userAgent))
	if err != nil {
		return failure(err)
	}
	if resp == nil || resp.Body == nil { // of an extension that stands around the transport
		return Answer{Verdict: NotNow, Reason: ReasonNetwork}
	}
	defer resp.Body.Close()
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		discard(resp)
		return statusAnswer(resp.StatusCode, retryAfter(resp.Header, time.Now(), r.maxRetryAfter))
	}
	answer := r.buffer()
	defer r.answers.Put(answer)
	if _, err := answer.ReadFrom(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return failure(err)
	}
	if answer.Len() == maxAnswer {
		discard(resp)
	}
	return r.read(c, resp.StatusCode, answer.Bytes())
}

func (r *Caller) buffer() *bytes.Buffer {
	if b, ok := r.answers.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return new(bytes.Buffer)
}

// discard reads an answer to its end, or its connection could not be used again.
func discard(resp *http.Response) {
	// The body of this one is the connection itself, which has no end and heeds no
	// timeout.
	if resp.StatusCode != http.StatusSwitchingProtocols {
		_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	}
}
