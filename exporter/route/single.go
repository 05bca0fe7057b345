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

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// maxAnswer is the most bytes of an answer that are read.
const maxAnswer = 64 << 10

// Single makes calls of the Single Profile Update API. It is safe for concurrent use.
type Single struct {
	api       API
	transport http.RoundTripper
	timeout   time.Duration // 0 for none
	userAgent []string
	answers   sync.Pool // of *bytes.Buffer
	// maxRetryAfter is the longest that an answer may ask for no further calls.
	maxRetryAfter time.Duration
}

// NewSingle returns a Single that calls the API through the transport and with the timeout of
// c. A call is one round trip and needs nothing of what net/http's client does beside: it has no
// cookies, and no redirect is followed, where a POST would become a GET without its body. A
// Retry-After beyond maxRetryAfter counts as that.
func NewSingle(api API, c *http.Client, userAgent string, maxRetryAfter time.Duration) *Single {
	return &Single{
		api: api, transport: c.Transport, timeout: c.Timeout, userAgent: []string{userAgent}, maxRetryAfter: maxRetryAfter,
	}
}

// Send makes one call for the visitor with as many of the leading parameters as fit.
// It returns how many the call carried and what came of it. Without a first parameter
// that fits, see API.Fits, Send makes no call and returns 0 and the zero Answer.
func (s *Single) Send(
	ctx context.Context, v profile.Visitor, parameters []profile.Parameter,
) (carried int, answer Answer) {
	form, carried := s.api.compose(v, parameters)
	if carried == 0 {
		return 0, Answer{}
	}
	return carried, s.call(ctx, form)
}

// call makes the call that carries the form.
func (s *Single) call(ctx context.Context, form []byte) Answer {
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.timeout)
		defer cancel()
	}
	resp, err := s.transport.RoundTrip(s.api.request(ctx, form, s.userAgent))
	if err != nil {
		return failure(err)
	}
	if resp == nil || resp.Body == nil { // of an extension that stands around the transport
		return Answer{Verdict: NotNow, Reason: ReasonNetwork}
	}
	defer resp.Body.Close()
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		discard(resp)
		return statusAnswer(resp.StatusCode, retryAfter(resp.Header, time.Now(), s.maxRetryAfter))
	}
	answer := s.buffer()
	defer s.answers.Put(answer)
	if _, err := answer.ReadFrom(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return failure(err)
	}
	if answer.Len() == maxAnswer {
		discard(resp)
	}
	a := Answer{StatusCode: resp.StatusCode}
	if a.Verdict, a.Reason = read(answer.Bytes()); a.Reason == ReasonForeign {
		a.Detail = "the answer is " + kindOf(answer.Bytes())
	}
	return a
}

func (s *Single) buffer() *bytes.Buffer {
	if b, ok := s.answers.Get().(*bytes.Buffer); ok {
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
