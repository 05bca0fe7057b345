// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

var formContentType = []string{"application/x-www-form-urlencoded"}

const (
	// headersOfCall is how many headers a call has, with one that auth may add.
	headersOfCall = 3
	unknownLength = -1
)

// NeedsHTTP1 tells whether the calls must not go over HTTP/2, see request.
func (a API) NeedsHTTP1() bool { return a.inQuery && a.method == http.MethodPost }

// request returns the call that carries the form. The form must not be changed
// afterwards.
//
// The quota counts every attempt, so net/http must not repeat a call on its own.
// It repeats what has no body, or one that can be had twice: a GET after any broken
// connection, and over HTTP/2 a POST too, for as long as its time-out lets it. So
// each body here can be had once, an empty one for a GET. A POST with a query has to
// say Content-Length: 0, which such a body can not; it is never repeated over
// HTTP/1.1, and NeedsHTTP1 says that it needs that.
func (a API) request(ctx context.Context, form []byte, userAgent []string) *http.Request {
	req := http.Request{
		Method: a.method, URL: a.url, Host: a.url.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, headersOfCall),
	}
	// The values are shared by all calls: who sets a header puts another slice there.
	req.Header["User-Agent"] = userAgent
	switch {
	case !a.inQuery:
		req.Header["Content-Type"] = formContentType
		req.Body = io.NopCloser(bytes.NewReader(form))
		req.ContentLength = int64(len(form))
	case a.method == http.MethodGet:
		req.Body = io.NopCloser(strings.NewReader(""))
		req.ContentLength = unknownLength
	}
	if a.inQuery {
		u := *a.url
		u.RawQuery = string(form)
		req.URL = &u
	}
	return req.WithContext(ctx)
}
