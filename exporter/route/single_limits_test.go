// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPIThatMakesNoURL(t *testing.T) {
	for name, tt := range map[string]struct{ endpoint, path string }{
		"an escape that is none":      {"https://acme.invalid", "/%zz"},
		"a control character":         {"https://acme.invalid", "/\x00"},
		"a line end":                  {"https://acme.invalid", "/a\r\nX-Injected: 1"},
		"an endpoint without an end":  {"http://[::1", "/u"},
		"an endpoint with a bad port": {"http://acme.invalid:port", "/u"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewSingle(Config{Method: "POST", Path: tt.path}, tt.endpoint, "acme")
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
		"a body is counted alone":      {postBody, "https://acme.tt.omtrdc.net", 60_000},
		"a body, whatever the path":    {postBody, "https://acme.tt.omtrdc.net/" + strings.Repeat("p", 9000), 60_000},
		"a query shares with its path": {postQuery, "https://acme.tt.omtrdc.net", 8_000 - len("/m2/acme/profile/update?")},
		"a GET shares with its path":   {get, "https://acme.tt.omtrdc.net", 8_000 - len("/m2/acme/profile/update?")},
		"the endpoint's path counts":   {get, "https://acme.tt.omtrdc.net/base/", 8_000 - len("/base/m2/acme/profile/update?")},
		"as it is escaped":             {Config{Method: "GET", Path: "/ü"}, "https://acme.tt.omtrdc.net", 8_000 - len("/%C3%BC?")},
		"a path can leave little":      {Config{Method: "GET", Path: "/" + strings.Repeat("p", 7997)}, "https://acme.tt.omtrdc.net", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api, err := NewSingle(tt.cfg, tt.endpoint, "acme")
			require.NoError(t, err)
			assert.Equal(t, tt.want, api.Limits().Bytes)
		})
	}
}

func TestNewSingle_RefusesAPathThatLeavesNoRoom(t *testing.T) {
	for _, length := range []int{7998, 8000} {
		_, err := NewSingle(Config{Method: "GET", Path: "/" + strings.Repeat("p", length)}, "https://acme.tt.omtrdc.net", "acme")
		assert.EqualError(t, err, "endpoint and api::path are so long that no parameter fits beside them")
	}
}
