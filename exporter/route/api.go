// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// API is where and how calls are made. It is only read, so all calls share one.
type API struct {
	method  string
	inQuery bool
	url     url.URL
}

// NewAPI returns the API of a client code at an endpoint, such as
// https://acme.tt.omtrdc.net. A path in the endpoint stands before the API's own.
func NewAPI(cfg Config, endpoint, clientCode string) (API, error) {
	path := strings.ReplaceAll(cfg.Path, clientCodePlaceholder, clientCode)
	u, err := url.Parse(strings.TrimRight(endpoint, "/") + path)
	if err != nil {
		return API{}, errors.New("endpoint and api::path make no URL")
	}
	return API{
		method:  cfg.Method,
		inQuery: cfg.Method == http.MethodGet || cfg.Parameters == Query,
		url:     *u,
	}, nil
}

// MaxForm returns the most bytes of a call's form: the whole body, or what the
// request target leaves for the query.
func (a API) MaxForm() int {
	if a.inQuery {
		return profile.MaxRequestTarget - len(a.url.EscapedPath()) - len("?")
	}
	return profile.MaxBody
}

// Fits reports whether a call can carry the parameter. One that does not fit alone
// cannot be sent: a parameter is never divided.
func (a API) Fits(v profile.Visitor, p profile.Parameter) bool {
	return profile.Fits(v, p.Name, p.Value, a.MaxForm())
}

// compose returns the form of one call: the visitor and as many of the leading
// parameters as fit, and how many these are. The form is the call's own: the
// transport may read it after the call is over.
func (a API) compose(v profile.Visitor, parameters []profile.Parameter) (form []byte, carried int) {
	size, limit := len(v.Parameter)+len("=")+len(v.ID), a.MaxForm()
	for i := range parameters {
		if size >= limit {
			break
		}
		size += len("&profile.=") + len(parameters[i].Name) + len(parameters[i].Value)
	}
	size += size / 4 // a guess at what escaping adds
	return profile.AppendForm(make([]byte, 0, max(0, min(size, limit))), v, parameters, limit)
}

// located returns the call's URL. Each call has one of its own.
func (a API) located(form []byte) *url.URL {
	u := a.url
	if a.inQuery {
		u.RawQuery = string(form)
	}
	return &u
}

var formContentType = []string{"application/x-www-form-urlencoded"}

const (
	// headersOfCall is how many headers a call has, with one that auth may add.
	headersOfCall = 3
	unknownLength = -1
)

// needsHTTP1 reports whether the calls must not go over HTTP/2, see request.
func (a API) needsHTTP1() bool { return a.inQuery && a.method == http.MethodPost }

// request returns the call that carries the form. The form must not be changed
// afterwards.
//
// The quota counts every attempt, so net/http must not repeat a call on its own.
// It repeats what has no body, or one that can be had twice: a GET after any broken
// connection, and over HTTP/2 a POST too, for as long as its time-out lets it. So
// each body here can be had once, an empty one for a GET. A POST with a query must
// say Content-Length: 0, which such a body cannot; it is never repeated over
// HTTP/1.1, and needsHTTP1 says that it needs that.
func (a API) request(ctx context.Context, form []byte, userAgent []string) *http.Request {
	req := http.Request{
		Method: a.method, URL: a.located(form), Host: a.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
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
	return req.WithContext(ctx)
}
