// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
			errs = append(errs, fmt.Errorf("parameters: %q is for method POST only, "+
				"a GET carries them in the query; remove the setting", string(c.Parameters)))
		}
	case http.MethodPost:
		if c.Parameters != "" && c.Parameters != Body && c.Parameters != Query {
			errs = append(errs, fmt.Errorf(
				"parameters: %q is unknown, use body or query", string(c.Parameters)))
		}
	default:
		errs = append(errs, fmt.Errorf("method: %q is unknown, use POST or GET", c.Method))
	}
	path := strings.ReplaceAll(c.Path, clientCodePlaceholder, "")
	switch {
	case !strings.HasPrefix(c.Path, "/"):
		errs = append(errs, fmt.Errorf("path: %q must begin with /", c.Path))
	case badEscape(path):
		errs = append(errs, fmt.Errorf(
			"path: %q makes no URL, a %% must be followed by two hexadecimal digits", c.Path))
	case strings.ContainsAny(path, "?#{} "):
		errs = append(errs, fmt.Errorf("path: %q may hold no query, fragment, space "+
			"or placeholder other than %s", c.Path, clientCodePlaceholder))
	}
	if by, ok := NameOf(path); ok && by != ToSingle {
		errs = append(errs, fmt.Errorf("path: %q is not that of single updates, the exporter adds it with route %s: remove it", c.Path, by))
	}
	return errors.Join(errs...)
}

func badEscape(path string) bool {
	_, err := url.PathUnescape(path)
	return err != nil
}
