// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   string // "" when the configuration is good
	}{
		"the default":                           {func(*Config) {}, ""},
		"a POST with a body":                    {func(c *Config) { c.Parameters = Body }, ""},
		"a POST with a query":                   {func(c *Config) { c.Parameters = Query }, ""},
		"a GET":                                 {func(c *Config) { c.Method = "GET" }, ""},
		"a path without the client code":        {func(c *Config) { c.Path = "/m2/client/profile/update" }, ""},
		"the root for a path":                   {func(c *Config) { c.Path = "/" }, ""},
		"a path with escapes":                   {func(c *Config) { c.Path = "/a%2Fb" }, ""},
		"a GET with a query":                    {func(c *Config) { c.Method, c.Parameters = "GET", Query }, `parameters: "query" is for method POST only, a GET carries them in the query; remove the setting`},
		"a GET with a body":                     {func(c *Config) { c.Method, c.Parameters = "GET", Body }, `parameters: "body" is for method POST only, a GET carries them in the query; remove the setting`},
		"parameters at an unknown place":        {func(c *Config) { c.Parameters = "header" }, `parameters: "header" is unknown, use body or query`},
		"parameters in another letter case":     {func(c *Config) { c.Parameters = "Body" }, `parameters: "Body" is unknown, use body or query`},
		"another method":                        {func(c *Config) { c.Method = "PUT" }, `method: "PUT" is unknown, use POST or GET`},
		"a method in another letter case":       {func(c *Config) { c.Method = "post" }, `method: "post" is unknown, use POST or GET`},
		"no method":                             {func(c *Config) { c.Method = "" }, `method: "" is unknown, use POST or GET`},
		"no path":                               {func(c *Config) { c.Path = "" }, `path: "" must begin with /`},
		"a path that begins with the code":      {func(c *Config) { c.Path = "{client_code}/update" }, `path: "{client_code}/update" must begin with /`},
		"a path with a query":                   {func(c *Config) { c.Path = "/u?a=b" }, `path: "/u?a=b" may hold no query, fragment, space or placeholder other than {client_code}`},
		"a path with a fragment":                {func(c *Config) { c.Path = "/u#a" }, `path: "/u#a" may hold no query, fragment, space or placeholder other than {client_code}`},
		"a path with a space":                   {func(c *Config) { c.Path = "/a b" }, `path: "/a b" may hold no query, fragment, space or placeholder other than {client_code}`},
		"a path with another placeholder":       {func(c *Config) { c.Path = "/{mboxPC}" }, `path: "/{mboxPC}" may hold no query, fragment, space or placeholder other than {client_code}`},
		"a path with a placeholder of its rest": {func(c *Config) { c.Path = "/{{client_code}}" }, `path: "/{{client_code}}" may hold no query, fragment, space or placeholder other than {client_code}`},
		"two faults are both said":              {func(c *Config) { c.Method, c.Path = "PUT", "u" }, "method: \"PUT\" is unknown, use POST or GET\npath: \"u\" must begin with /"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := NewDefaultConfig()
			tt.change(&cfg)
			if err := cfg.Validate(); tt.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, tt.want)
			}
		})
	}
}

func TestAPIThatMakesNoURL(t *testing.T) {
	for name, tt := range map[string]struct{ endpoint, path string }{
		"an escape that is none":      {"https://acme.invalid", "/%zz"},
		"a control character":         {"https://acme.invalid", "/\x00"},
		"a line end":                  {"https://acme.invalid", "/a\r\nX-Injected: 1"},
		"an endpoint without an end":  {"http://[::1", "/u"},
		"an endpoint with a bad port": {"http://acme.invalid:port", "/u"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewAPI(Config{Method: "POST", Path: tt.path}, tt.endpoint, "acme")
			assert.EqualError(t, err, "endpoint and api::path make no URL")
		})
	}
}

func TestMaxForm(t *testing.T) {
	tests := map[string]struct {
		cfg      Config
		endpoint string
		want     int
	}{
		"a body is counted alone":          {postBody, "https://acme.tt.omtrdc.net", 60_000},
		"a body, whatever the path":        {postBody, "https://acme.tt.omtrdc.net/" + strings.Repeat("p", 9000), 60_000},
		"a query shares with its path":     {postQuery, "https://acme.tt.omtrdc.net", 8_000 - len("/m2/acme/profile/update?")},
		"a GET shares with its path":       {get, "https://acme.tt.omtrdc.net", 8_000 - len("/m2/acme/profile/update?")},
		"the endpoint's path counts":       {get, "https://acme.tt.omtrdc.net/base/", 8_000 - len("/base/m2/acme/profile/update?")},
		"as it is escaped":                 {Config{Method: "GET", Path: "/ü"}, "https://acme.tt.omtrdc.net", 8_000 - len("/%C3%BC?")},
		"a path can leave nothing":         {Config{Method: "GET", Path: "/" + strings.Repeat("p", 7998)}, "https://acme.tt.omtrdc.net", 0},
		"a path can be too long by itself": {Config{Method: "GET", Path: "/" + strings.Repeat("p", 8000)}, "https://acme.tt.omtrdc.net", -2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api, err := NewAPI(tt.cfg, tt.endpoint, "acme")
			require.NoError(t, err)
			assert.Equal(t, tt.want, api.MaxForm())
		})
	}
}
