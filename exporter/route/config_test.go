// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
		"the path of uploads":                   {func(c *Config) { c.Path = "/m2/{client_code}/v2/profile/batchUpdate" }, `path: "/m2/{client_code}/v2/profile/batchUpdate" is not that of single updates, the exporter adds it with route bulk: remove it`},
		"the path of their status":              {func(c *Config) { c.Path = "/m2/acme/profile/batchStatus/" }, `path: "/m2/acme/profile/batchStatus/" is not that of single updates, the exporter adds it with route bulk: remove it`},
		"the path of Delivery behind a gateway": {func(c *Config) { c.Path = "/edge/rest/v1/delivery" }, `path: "/edge/rest/v1/delivery" is not that of single updates, the exporter adds it with route delivery: remove it`},
		"a path in which such a word stands":    {func(c *Config) { c.Path = "/batchUpdate/profile/update" }, ""},
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
