// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func newBulk(tb testing.TB, endpoint string) *Bulk {
	tb.Helper()
	b, err := NewBulk(NewDefaultBulkConfig(), endpoint, "acme")
	require.NoError(tb, err)
	return b
}

func TestBulk_HasAVersionForEachKindOfIDs(t *testing.T) {
	const v1, v2 = "https://acme.tt.omtrdc.net/base/m2/acme/profile/batchUpdate", "https://acme.tt.omtrdc.net/base/m2/acme/v2/profile/batchUpdate"
	for version, want := range map[BulkVersion]map[profile.VisitorParameter]string{
		BulkAuto: {profile.MboxPC: v1, profile.Mbox3rdPartyID: v2},
		BulkV1:   {profile.MboxPC: v1, profile.Mbox3rdPartyID: v1},
		BulkV2:   {profile.MboxPC: v2, profile.Mbox3rdPartyID: v2},
	} {
		cfg := NewDefaultBulkConfig()
		cfg.Version = version
		b, err := NewBulk(cfg, "https://acme.tt.omtrdc.net/base/", "acme")
		require.NoError(t, err)
		for of, address := range want {
			sheet := NewSheet(of)
			sheet.Creates = b.Creates(of)
			assert.Equal(t, address, b.url(sheet).String(), "%s %s", version, of)
			assert.Equal(t, address == v2, b.Creates(of), "%s %s", version, of)
		}
	}
}

func TestNewBulk_NeedsAnEndpointThatIsAURL(t *testing.T) {
	for _, endpoint := range []string{"", "acme", "https://acme:port", "https://"} {
		_, err := NewBulk(NewDefaultBulkConfig(), endpoint, "acme")
		require.EqualError(t, err, "endpoint makes no URL", endpoint)
	}
}

const notFollowed = "-"

var statusURLs = map[string]map[string]struct{ status, want string }{
	"https://acme.tt.omtrdc.net": {
		"an edge of Target's":                {"http://mboxedge45.tt.omtrdc.net/m2/acme/profile/batchStatus?batchId=acme-1-2", "https://mboxedge45.tt.omtrdc.net/m2/acme/profile/batchStatus?batchId=acme-1-2"},
		"by https already":                   {"https://mboxedge45.tt.omtrdc.net/s?b=1", "https://mboxedge45.tt.omtrdc.net/s?b=1"},
		"the endpoint":                       {"http://acme.tt.omtrdc.net/s?b=1", "https://acme.tt.omtrdc.net/s?b=1"},
		"below the endpoint":                 {"http://e1.acme.tt.omtrdc.net/s", "https://e1.acme.tt.omtrdc.net/s"},
		"white space around it":              {"\n  http://e.tt.omtrdc.net/s?b=1\t", "https://e.tt.omtrdc.net/s?b=1"},
		"the port of http":                   {"http://e.tt.omtrdc.net:80/s", "https://e.tt.omtrdc.net/s"},
		"the port of https":                  {"http://e.tt.omtrdc.net:443/s", "https://e.tt.omtrdc.net/s"},
		"no port behind the colon":           {"http://e.tt.omtrdc.net:/s", "https://e.tt.omtrdc.net/s"},
		"another port":                       {"http://e.tt.omtrdc.net:8443/s", notFollowed},
		"another port of the endpoint":       {"http://acme.tt.omtrdc.net:8443/s", notFollowed},
		"capital letters":                    {"HTTP://MBoxEdge45.TT.Omtrdc.NET/S?B=1", "https://mboxedge45.tt.omtrdc.net/S?B=1"},
		"a dot at the end":                   {"http://e.tt.omtrdc.net./s", "https://e.tt.omtrdc.net/s"},
		"two dots at the end":                {"http://e.tt.omtrdc.net../s", notFollowed},
		"no path":                            {"http://e.tt.omtrdc.net", "https://e.tt.omtrdc.net"},
		"a query that is odd":                {"http://e.tt.omtrdc.net/s?b=%41;x&&m2Node=00&y=a+b", "https://e.tt.omtrdc.net/s?b=%41;x&&m2Node=00&y=a+b"},
		"a path that is escaped":             {"http://e.tt.omtrdc.net/a%2Fb", "https://e.tt.omtrdc.net/a%2Fb"},
		"a fragment is dropped":              {"http://e.tt.omtrdc.net/s?b=1#f", "https://e.tt.omtrdc.net/s?b=1"},
		"another host":                       {"http://example.com/s", notFollowed},
		"a host that ends alike":             {"http://evil-tt.omtrdc.net/s", notFollowed},
		"a host that ends alike with a dot":  {"http://x.evil-tt.omtrdc.net/s", notFollowed},
		"a host that begins alike":           {"http://e.tt.omtrdc.net.evil.com/s", notFollowed},
		"the domain alone":                   {"http://tt.omtrdc.net/s", notFollowed},
		"the domain with its dot":            {"http://.tt.omtrdc.net/s", notFollowed},
		"an empty label":                     {"http://a..tt.omtrdc.net/s", notFollowed},
		"the domain above":                   {"http://e.omtrdc.net/s", notFollowed},
		"a user":                             {"http://user@e.tt.omtrdc.net/s", notFollowed},
		"the host as a user":                 {"http://e.tt.omtrdc.net@evil.com/s", notFollowed},
		"the host as a user with a password": {"http://e.tt.omtrdc.net:80@evil.com/s", notFollowed},
		"the host in a path":                 {"http://evil.com/.tt.omtrdc.net", notFollowed},
		"the host in a query":                {"http://evil.com?.tt.omtrdc.net", notFollowed},
		"the host in a fragment":             {"http://evil.com#.tt.omtrdc.net", notFollowed},
		"the host behind a backslash":        {`http://evil.com\.tt.omtrdc.net/s`, notFollowed},
		"a slash of another script":          {"http://evil.com／.tt.omtrdc.net/s", notFollowed},
		"a slash of another script, escaped": {"http://evil.com%EF%BC%8F.tt.omtrdc.net/s", notFollowed},
		"a slash, escaped":                   {"http://evil.com%2f.tt.omtrdc.net/s", notFollowed},
		"dots of another script":             {"http://e。tt。omtrdc。net/s", notFollowed},
		"letters of another script":          {"http://e.tt.ömtrdc.net/s", notFollowed},
		"a K of another script":              {"http://\u212A.tt.omtrdc.net/s", "https://k.tt.omtrdc.net/s"}, // as lower case has it, and no other host
		"a zero in the host":                 {"http://evil.com%00.tt.omtrdc.net/s", notFollowed},
		"an address":                         {"http://127.0.0.1/s", notFollowed},
		"an address of IPv6":                 {"http://[::1]/s", notFollowed},
		"an address of IPv6 that ends alike": {"http://[fe80::1%25.tt.omtrdc.net]/s", notFollowed},
		"the endpoint by IPv6 with its zone": {"http://[::ffff:1.2.3.4]:443/s", notFollowed},
		"another scheme":                     {"ftp://e.tt.omtrdc.net/s", notFollowed},
		"no scheme":                          {"//e.tt.omtrdc.net/s", notFollowed},
		"a scheme without a host":            {"http:e.tt.omtrdc.net", notFollowed},
		"a path alone":                       {"/m2/acme/profile/batchStatus?batchId=1", notFollowed},
		"nothing":                            {"", notFollowed},
		"no URL":                             {"http://e.tt.omtrdc.net:port/s", notFollowed},
		"a line feed":                        {"http://e.tt.omtrdc.net/s?b=1\nX: y", notFollowed},
		"a space in the query":               {"http://e.tt.omtrdc.net/s?b=1 HTTP/1.1", notFollowed},
		"other letters in the query":         {"http://e.tt.omtrdc.net/s?b=ä", notFollowed},
		"as many letters as one likes":       {"http://e.tt.omtrdc.net/" + strings.Repeat("s", 9_000), notFollowed},
	},
	"https://Proxy.Example:8443/base": {
		"the endpoint with its port":   {"http://proxy.example:8443/s", "https://proxy.example:8443/s"},
		"the endpoint without":         {"http://proxy.example/s", "https://proxy.example/s"},
		"below the endpoint":           {"http://a.proxy.example/s", "https://a.proxy.example/s"},
		"its port elsewhere":           {"http://a.proxy.example:8443/s", notFollowed},
		"its port at Target":           {"http://e.tt.omtrdc.net:8443/s", notFollowed},
		"Target":                       {"http://e.tt.omtrdc.net/s", "https://e.tt.omtrdc.net/s"},
		"a host that ends alike":       {"http://evilproxy.example/s", notFollowed},
		"the domain above":             {"http://example/s", notFollowed},
		"a port that is written other": {"http://proxy.example:08443/s", notFollowed},
	},
	"http://127.0.0.1:8080": {
		"the endpoint":                  {"http://127.0.0.1:8080/s", "http://127.0.0.1:8080/s"},
		"the endpoint by https":         {"https://127.0.0.1:8080/s", "http://127.0.0.1:8080/s"},
		"the port of http":              {"http://127.0.0.1:80/s", "http://127.0.0.1/s"},
		"the port of https":             {"http://127.0.0.1:443/s", notFollowed},
		"another port":                  {"http://127.0.0.1:9090/s", notFollowed},
		"the address behind something":  {"http://1.127.0.0.1/s", notFollowed},
		"Target, by https all the same": {"http://e.tt.omtrdc.net/s", "https://e.tt.omtrdc.net/s"},
		"Target with a port":            {"http://e.tt.omtrdc.net:8080/s", notFollowed},
	},
	"http://acme.tt.omtrdc.net:8080": {
		"an endpoint at Target is not http":       {"http://acme.tt.omtrdc.net/s", "https://acme.tt.omtrdc.net/s"},
		"and its port is not one of https":        {"http://acme.tt.omtrdc.net:8080/s", notFollowed},
		"a port of https is dropped all the same": {"http://acme.tt.omtrdc.net:443/s", "https://acme.tt.omtrdc.net/s"},
	},
	"http://[::1]:8080": {
		"the endpoint":    {"http://[::1]:8080/s", "http://[::1]:8080/s"},
		"without a port":  {"http://[::1]/s", "http://[::1]/s"},
		"another address": {"http://[::2]:8080/s", notFollowed},
	},
	"http://[fe80::1%25eth0]:8080": {
		"the endpoint with its zone": {"http://[fe80::1%25eth0]:8080/s", "http://[fe80::1%25eth0]:8080/s"},
		"another zone":               {"http://[fe80::1%25eth1]:8080/s", notFollowed},
	},
}

func TestBulk_FollowsAStatusToTheEndpointAndToTargetOnly(t *testing.T) {
	for endpoint, tests := range statusURLs {
		b := newBulk(t, endpoint)
		for name, tt := range tests {
			t.Run(endpoint+" "+name, func(t *testing.T) {
				u, why := b.statusURL(tt.status)
				if tt.want == notFollowed {
					assert.NotEmpty(t, why)
					return
				}
				require.Empty(t, why)
				assert.Equal(t, tt.want, u.String())
				again, why := b.statusURL(u.String())
				assert.Empty(t, why, "what was kept is followed again")
				assert.Equal(t, u, again)
			})
		}
	}
}

func TestBulk_SaysWhyAStatusIsNotFollowed(t *testing.T) {
	b := newBulk(t, "https://acme.tt.omtrdc.net")
	_, why := b.statusURL("http://user:" + secretToken + "@evil.com/s")
	assert.Equal(t, "the status is on another host, it is not followed", why)
	_, why = b.statusURL(secretToken)
	assert.Equal(t, "the status is no URL, it is not followed", why)
}

func TestAskForDetails(t *testing.T) {
	b := newBulk(t, "https://acme.tt.omtrdc.net")
	for query, want := range map[string]string{
		"":                     "showDetails=true",
		"b=1":                  "b=1&showDetails=true",
		"b=%41;&&c":            "b=%41;&&c&showDetails=true",
		"b=1&showDetails=true": "b=1&showDetails=true",
		"showDetails=true&b=1": "showDetails=true&b=1",
		"showDetails=false":    "showDetails=false&showDetails=true",
		"xshowDetails=true":    "xshowDetails=true&showDetails=true",
	} {
		u, why := b.statusURL("https://acme.tt.omtrdc.net/s?" + query)
		require.Empty(t, why)
		askForDetails(u)
		assert.Equal(t, want, u.RawQuery)
	}
}

// FuzzStatusURL holds what is followed against what net/http makes of it.
func FuzzStatusURL(f *testing.F) {
	for _, tests := range statusURLs {
		for _, tt := range tests {
			f.Add(tt.status)
		}
	}
	f.Fuzz(func(t *testing.T, status string) {
		u, why := newBulk(t, "https://acme.example:8443").statusURL(status)
		if why != "" {
			return
		}
		require.Equal(t, "https", u.Scheme)
		require.Nil(t, u.User)
		require.Empty(t, u.Fragment)
		require.Regexp(t, `^([a-z0-9_-]+\.)+tt\.omtrdc\.net$|^([a-z0-9_-]+\.)*acme\.example$|^acme\.example:8443$`, u.Host)
		askForDetails(u)
		req, err := http.NewRequest(http.MethodGet, u.String(), http.NoBody)
		require.NoError(t, err)
		require.Equal(t, u.Host, req.URL.Host)
		require.Equal(t, u.RequestURI(), req.URL.RequestURI())
		require.NotContains(t, u.RequestURI(), " ")
	})
}
