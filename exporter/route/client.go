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

// Client makes calls. It is safe for concurrent use.
type Client struct {
	api       API
	http      *http.Client
	timeout   time.Duration // 0 for none
	userAgent []string
	answers   sync.Pool // of *bytes.Buffer
	// maxRetryAfter is the longest that an answer may ask for no further calls.
	maxRetryAfter time.Duration
}

// NewClient returns a Client that calls the API through c, which it keeps from
// following redirects: Go would turn the POST into a GET without its body, and
// take the page it lands on for an answer. A Retry-After beyond maxRetryAfter counts
// as that. The client's timeout is taken over: net/http keeps a goroutine for it in each
// call, where a context needs a timer only.
func NewClient(api API, c *http.Client, userAgent string, maxRetryAfter time.Duration) *Client {
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	timeout := c.Timeout
	c.Timeout = 0
	return &Client{api: api, http: c, timeout: timeout, userAgent: []string{userAgent}, maxRetryAfter: maxRetryAfter}
}

// Send makes one call with the form and returns what came of it. The form must
// not be changed afterwards.
func (c *Client) Send(ctx context.Context, form []byte) Answer {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	resp, err := c.http.Do(c.api.request(ctx, form, c.userAgent))
	if err != nil {
		return failure(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		discard(resp)
		return statusAnswer(resp.StatusCode, retryAfter(resp.Header, time.Now(), c.maxRetryAfter))
	}
	answer := c.buffer()
	defer c.answers.Put(answer)
	if _, err := answer.ReadFrom(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return failure(err)
	}
	if answer.Len() == maxAnswer {
		discard(resp)
	}
	if !submitted(answer.Bytes()) {
		return Answer{Verdict: Rejected, StatusCode: resp.StatusCode, Reason: ReasonRefused}
	}
	return Answer{Verdict: Delivered, StatusCode: resp.StatusCode}
}

func (c *Client) buffer() *bytes.Buffer {
	if b, ok := c.answers.Get().(*bytes.Buffer); ok {
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
