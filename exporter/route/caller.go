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
	resp, answer := roundTrip(r.transport, c.request(ctx, r.userAgent), r.maxRetryAfter)
	if resp == nil {
		return answer
	}
	defer resp.Body.Close()
	body := r.buffer()
	defer r.answers.Put(body)
	if err := readAnswer(body, resp); err != nil {
		return failure(err)
	}
	return r.read(c, resp.StatusCode, body.Bytes())
}

// roundTrip makes a request, once. It returns a response that is 2xx, or what else came of it.
func roundTrip(transport http.RoundTripper, req *http.Request, maxRetryAfter time.Duration) (*http.Response, Answer) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, failure(err)
	}
	if resp == nil || resp.Body == nil { // of an extension that stands around the transport
		return nil, Answer{Verdict: NotNow, Reason: ReasonNetwork}
	}
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close()
		discard(resp)
		return nil, statusAnswer(resp.StatusCode, retryAfter(resp.Header, time.Now(), maxRetryAfter))
	}
	return resp, Answer{}
}

// readAnswer reads the body of an answer, as far as it can be of meaning.
func readAnswer(body *bytes.Buffer, resp *http.Response) error {
	if _, err := body.ReadFrom(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return err
	}
	if body.Len() == maxAnswer {
		discard(resp)
	}
	return nil
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
