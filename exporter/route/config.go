// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Placement is the part of a POST that carries the parameters.
type Placement string

const (
	// Body sends them as a form in the body, where no access log sees them.
	Body Placement = "body"
	// Query sends them in the URL with an empty body.
	Query Placement = "query"
)

const clientCodePlaceholder = "{client_code}"

// Config is the way a call is made.
type Config struct {
	// Method is POST or GET.
	Method string `mapstructure:"method"`
	// Parameters is where a POST carries the parameters: body (the default) or query.
	Parameters Placement `mapstructure:"parameters"`
	// Path is the path of the API; {client_code} stands for the client code.
	Path string `mapstructure:"path"`

	_ struct{}
}

// NewDefaultConfig returns a POST with the form in its body, so that ids and
// values stay out of URLs.
func NewDefaultConfig() Config {
	return Config{Method: http.MethodPost, Path: "/m2/" + clientCodePlaceholder + "/profile/update"}
}

// Validate returns an error unless calls can be made this way.
func (c Config) Validate() error {
	var errs []error
	switch c.Method {
	case http.MethodGet:
		if c.Parameters != "" {
			errs = append(errs, fmt.Errorf("parameters: %q is for method POST only, a GET carries them in the query; remove the setting", string(c.Parameters)))
		}
	case http.MethodPost:
		if c.Parameters != "" && c.Parameters != Body && c.Parameters != Query {
			errs = append(errs, fmt.Errorf("parameters: %q is unknown, use body or query", string(c.Parameters)))
		}
	default:
		errs = append(errs, fmt.Errorf("method: %q is unknown, use POST or GET", c.Method))
	}
	path := strings.ReplaceAll(c.Path, clientCodePlaceholder, "")
	switch {
	case !strings.HasPrefix(c.Path, "/"):
		errs = append(errs, fmt.Errorf("path: %q has to begin with /", c.Path))
	case badEscape(path):
		errs = append(errs, fmt.Errorf("path: %q makes no URL, a %% has to be followed by two hexadecimal digits", c.Path))
	case strings.ContainsAny(path, "?#{} "):
		errs = append(errs, fmt.Errorf("path: %q may hold no query, fragment, space or placeholder other than %s", c.Path, clientCodePlaceholder))
	}
	return errors.Join(errs...)
}

func badEscape(path string) bool {
	_, err := url.PathUnescape(path)
	return err != nil
}

// API is where and how calls are made.
type API struct {
	method  string
	inQuery bool
	url     *url.URL
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
		url:     u,
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
