// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package target // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/target"

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

const formContentType = "application/x-www-form-urlencoded"

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
func (a API) request(ctx context.Context, form []byte) (*http.Request, error) {
	var body io.Reader
	switch {
	case !a.inQuery:
		body = bytes.NewReader(form)
	case a.method == http.MethodGet:
		body = io.NopCloser(strings.NewReader(""))
	}
	req, err := http.NewRequestWithContext(ctx, a.method, "/", body)
	if err != nil {
		return nil, err
	}
	u := a.url
	if a.inQuery {
		u.RawQuery = string(form)
	} else {
		req.Header.Set("Content-Type", formContentType)
	}
	req.GetBody = nil
	req.URL = &u
	req.Host = u.Host
	return req, nil
}
