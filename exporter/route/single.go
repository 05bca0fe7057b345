// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Single is the Single Profile Update API.
type Single struct {
	method  string
	inQuery bool
	url     url.URL
}

var _ API = Single{}

// NewSingle returns the API of a client code at an endpoint, such as
// https://acme.tt.omtrdc.net. A path in the endpoint stands before the API's own.
func NewSingle(cfg Config, endpoint, clientCode string) (Single, error) {
	path := strings.ReplaceAll(cfg.Path, clientCodePlaceholder, clientCode)
	u, err := url.Parse(strings.TrimRight(endpoint, "/") + path)
	if err != nil {
		return Single{}, errors.New("endpoint and api::path make no URL")
	}
	s := Single{
		method:  cfg.Method,
		inQuery: cfg.Method == http.MethodGet || cfg.Parameters == Query,
		url:     *u,
	}
	if s.Limits().Bytes <= 0 {
		return Single{}, errors.New("endpoint and api::path are so long that no parameter fits beside them")
	}
	return s, nil
}

// Limits returns as many bytes as the whole body may have, or as the request target leaves for
// the query.
func (s Single) Limits() Limits {
	if s.inQuery {
		return Limits{Bytes: profile.MaxRequestTarget - len(s.url.EscapedPath()) - len("?")}
	}
	return Limits{Bytes: profile.MaxBody}
}

var formContentType = []string{"application/x-www-form-urlencoded"}

// compose returns a call with the form of the visitor and the parameters.
func (s Single) compose(v profile.Visitor, parameters []profile.Parameter) (c call, carried int) {
	size, limit := len(v.Parameter)+len("=")+len(v.ID), s.Limits().Bytes
	for i := range parameters {
		if size >= limit {
			break
		}
		size += len("&profile.=") + len(parameters[i].Name) + len(parameters[i].Value)
	}
	size += size / 4 // a guess at what escaping adds
	form, carried := profile.AppendForm(make([]byte, 0, max(0, min(size, limit))), v, parameters, limit)
	if carried == 0 {
		return call{}, 0
	}
	u := s.url
	c = call{method: s.method, url: &u}
	if s.inQuery {
		u.RawQuery = string(form)
	} else {
		c.contentType, c.body = formContentType, form
	}
	return c, carried
}

// read believes the body.
func (s Single) read(_ *call, status int, body []byte) Answer {
	a := Answer{StatusCode: status}
	if a.Verdict, a.Reason = read(body); a.Reason == ReasonForeign {
		a.Detail = "the answer is " + kindOf(body)
	}
	return a
}

// suspects names none: a form has nothing that is the same in all calls.
func (s Single) suspects() string { return "" }

// needsHTTP1 reports that a POST without a body must not be repeated.
func (s Single) needsHTTP1() bool { return s.inQuery && s.method == http.MethodPost }
