// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// API is one of Adobe's APIs: where and how its calls are made, and what its answers mean. Single
// and Delivery are. An API is only read, so all calls share one.
type API interface {
	// Limits are what its calls can carry.
	Limits() Limits
	// compose returns one call with as many of the leading parameters as fit, and how many these
	// are: with 0 the call is of no meaning. The call is nobody else's: the transport may read its
	// body after it is over.
	compose(v profile.Visitor, parameters []profile.Parameter) (c call, carried int)
	// read returns what the body of a 2xx answer to the call means.
	read(c *call, status int, body []byte) Answer
	// suspects names the settings for which it may refuse every call, "" for none.
	suspects() string
	// needsHTTP1 reports whether the calls must not go over HTTP/2, see call.request.
	needsHTTP1() bool
}

// Limits are what a call can carry.
type Limits struct {
	// Bytes is the most bytes of the form of a call.
	Bytes int
	// Parameters is the most parameters of a call, 0 for as many as its bytes hold.
	Parameters int
	// ValueLength is the most characters of a value, 0 for no limit.
	ValueLength int
	// UTF16 is that the lengths of names and values are in units of UTF-16.
	UTF16 bool
	// Refuses reports whether a name is none for this API, though it may be for others.
	Refuses func(name string) bool
}

// call is one call, composed and not yet made.
type call struct {
	method      string
	url         *url.URL // its own
	contentType []string // shared by all calls
	body        []byte   // nil where the URL holds all
	receipt     string   // what the answer has to name, "" for nothing
}

const (
	// headersOfCall is how many headers a call has, with one that auth may add.
	headersOfCall = 3
	unknownLength = -1
)

// request returns the request of the call. The call must not be changed afterwards.
//
// The quota counts every attempt, so net/http must not repeat a call on its own.
// It repeats what has no body, or one that can be had twice: a GET after any broken
// connection, and over HTTP/2 a POST too, for as long as its time-out lets it. So
// each body here can be had once, an empty one for a GET. A POST with a query must
// say Content-Length: 0, which such a body cannot; it is never repeated over
// HTTP/1.1, and needsHTTP1 says that it needs that.
func (c *call) request(ctx context.Context, userAgent []string) *http.Request {
	req := http.Request{
		Method: c.method, URL: c.url, Host: c.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, headersOfCall),
	}
	// The values are shared by all calls: who sets a header puts another slice there.
	req.Header["User-Agent"] = userAgent
	switch {
	case c.body != nil:
		req.Header["Content-Type"] = c.contentType
		req.Body = io.NopCloser(bytes.NewReader(c.body))
		req.ContentLength = int64(len(c.body))
	case c.method == http.MethodGet:
		req.Body = io.NopCloser(strings.NewReader(""))
		req.ContentLength = unknownLength
	}
	return req.WithContext(ctx)
}
