// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Draft is a call as it would leave, for who looks at it instead of making it.
type Draft struct {
	Method string
	URL    *url.URL
	// Body is nil where the URL holds all, and for an upload, whose rows make it.
	Body []byte
	// Parameters are those that it carries, as Target reads them.
	Parameters []profile.Parameter
}

// NewDraft returns one call with as many of the leading parameters as fit, and how many these are:
// with 0 the call is of no meaning.
func NewDraft(api API, v profile.Visitor, parameters []profile.Parameter) (d Draft, carried int) {
	c, carried := api.compose(v, parameters)
	if carried == 0 {
		return Draft{}, 0
	}
	return Draft{Method: c.method, URL: c.url, Body: c.body, Parameters: asRead(parameters[:carried])}, carried
}

// Draft returns the call of an upload.
func (b *Bulk) Draft(sheet *Sheet) Draft {
	return Draft{Method: http.MethodPost, URL: b.url(sheet)}
}

// asRead returns the parameters with the text that is left of them when they were encoded: a run of
// invalid UTF-8 becomes one U+FFFD.
func asRead(parameters []profile.Parameter) []profile.Parameter {
	read := make([]profile.Parameter, len(parameters))
	for i, p := range parameters {
		read[i] = profile.Parameter{Name: profile.CleanName(p.Name), Value: strings.ToValidUTF8(p.Value, "\uFFFD")}
	}
	return read
}
