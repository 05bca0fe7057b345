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

// request returns the call that carries the form. The form must not be changed
// afterwards.
//
// The quota counts every attempt, so net/http must not repeat a call on its own
// that may have reached Target. It repeats a POST only when nothing of it was
// written. It repeats a GET freely, unless it has a body that cannot be had
// twice, so a GET gets an empty one of that kind.
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
	req.URL = &u
	req.Host = u.Host
	return req, nil
}
