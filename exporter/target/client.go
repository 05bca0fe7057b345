// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package target // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/target"

import (
	"context"
	"io"
	"net/http"
	"time"
)

// maxAnswer is the most bytes of an answer that are read.
const maxAnswer = 64 << 10

// Client makes calls. It is safe for concurrent use.
type Client struct {
	api       API
	http      *http.Client
	userAgent string
	// maxRetryAfter is the longest that an answer may ask for no further calls.
	maxRetryAfter time.Duration
}

// NewClient returns a Client that calls the API through c, which it keeps from
// following redirects: Go would turn the POST into a GET without its body, and
// take the page it lands on for an answer. A Retry-After beyond maxRetryAfter counts
// as that.
func NewClient(api API, c *http.Client, userAgent string, maxRetryAfter time.Duration) *Client {
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{api: api, http: c, userAgent: userAgent, maxRetryAfter: maxRetryAfter}
}

// Send makes one call with the form and returns what came of it. The form must
// not be changed afterwards.
func (c *Client) Send(ctx context.Context, form []byte) Answer {
	req, err := c.api.request(ctx, form)
	if err != nil {
		return failure(err)
	}
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		return failure(err)
	}
	defer discard(resp)
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		return statusAnswer(resp.StatusCode, retryAfter(resp.Header, time.Now(), c.maxRetryAfter))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return failure(err)
	}
	if !submitted(body) {
		return Answer{Verdict: Rejected, StatusCode: resp.StatusCode, Reason: ReasonRefused}
	}
	return Answer{Verdict: Delivered, StatusCode: resp.StatusCode}
}

// discard ends an answer. A connection is used again only when its answer was read
// to the end.
func discard(resp *http.Response) {
	// The body of this one is the connection itself, which has no end and heeds no
	// timeout.
	if resp.StatusCode != http.StatusSwitchingProtocols {
		_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	}
	_ = resp.Body.Close()
}
