// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestEachWayHasItsBytes(t *testing.T) {
	// Everything that is not unreserved is encoded, and nothing on the way may encode,
	// decode or reorder it.
	visitor := profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "a&b=%"}
	parameters := []profile.Parameter{{Name: "Tier", Value: " +ä~"}, {Name: "A", Value: "1"}}
	const form = "mbox3rdPartyId=a%26b%3D%25&profile.Tier=%20%2B%C3%A4~&profile.A=1"
	tests := map[string]struct {
		cfg     Config
		line    string
		headers []string
		body    string
	}{
		"a POST carries the form in its body": {
			postBody, "POST /m2/acme/profile/update HTTP/1.1",
			[]string{"Content-Length: 65", "Content-Type: application/x-www-form-urlencoded"},
			form,
		},
		"the body may be asked for by name": {
			Config{Method: "POST", Parameters: Body, Path: "/u"},
			"POST /u HTTP/1.1",
			[]string{"Content-Length: 65", "Content-Type: application/x-www-form-urlencoded"},
			form,
		},
		"a POST carries the form in its query and says that it has no body": {
			postQuery, "POST /m2/acme/profile/update?" + form + " HTTP/1.1", []string{"Content-Length: 0"}, "",
		},
		"a GET carries the form in its query and has no body to speak of": {
			get, "GET /m2/acme/profile/update?" + form + " HTTP/1.1", nil, "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := newWireServer(t, answering(okAnswer))
			client := newSingle(t, tt.cfg, server.url(), &http.Client{})
			carried, answer := client.Send(t.Context(), visitor, parameters)
			require.Equal(t, Answer{Verdict: Delivered, StatusCode: 200}, answer)
			require.Equal(t, 2, carried)

			require.Len(t, server.seen(), 1)
			head, body, found := strings.Cut(server.seen()[0], "\r\n\r\n")
			require.True(t, found)
			assert.Equal(t, tt.body, body)
			lines := strings.Split(head, "\r\n")
			assert.Equal(t, tt.line, lines[0])
			slices.Sort(lines[1:])
			assert.Equal(t, slices.Sorted(slices.Values(append([]string{
				"Accept-Encoding: gzip",
				"Host: " + strings.TrimPrefix(server.url(), "http://"),
				"User-Agent: otelcol-adobetarget/1.2.3",
			}, tt.headers...))), lines[1:])
		})
	}
}

func TestPathForms(t *testing.T) {
	tests := map[string]struct{ path, below, want string }{
		"the client code stands for its placeholder":    {"/m2/{client_code}/profile/update", "", "/m2/acme/profile/update"},
		"client may stand literally, as Adobe's page":   {"/m2/client/profile/update", "", "/m2/client/profile/update"},
		"the placeholder may stand more than once":      {"/{client_code}/{client_code}", "", "/acme/acme"},
		"a slash that ends the endpoint is not doubled": {"/u", "/", "/u"},
		"the endpoint's path stands before the API's":   {"/u", "/base/v1", "/base/v1/u"},
		"and is not divided from it twice":              {"/u", "/base/v1//", "/base/v1/u"},
		"escapes stay as they are written":              {"/a%2Fb%20c", "/d%2fe", "/d%2fe/a%2Fb%20c"},
		"other characters are escaped":                  {"/ü", "", "/%C3%BC"},
		"dots and double slashes stay":                  {"/../a//b/.", "", "/../a//b/."},
		"a slash that ends the path stays":              {"/u/", "", "/u/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := newWireServer(t, answering(okAnswer))
			for _, way := range []Config{{Method: "POST", Path: tt.path}, {Method: "GET", Path: tt.path}} {
				require.NoError(t, way.Validate())
				client := newSingle(t, way, server.url()+tt.below, &http.Client{})
				require.Equal(t, Delivered, send(t.Context(), t, client).Verdict)
			}
			require.Len(t, server.seen(), 2)
			assert.True(t, strings.HasPrefix(server.seen()[0], "POST "+tt.want+" HTTP/1.1\r\n"), server.seen()[0])
			assert.True(t, strings.HasPrefix(server.seen()[1], "GET "+tt.want+"?"+form+" HTTP/1.1\r\n"), server.seen()[1])
		})
	}
}

func TestCallsOfTheGreatestSizeLeaveWhole(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			server := newWireServer(t, answering(okAnswer))
			client := newSingle(t, way, server.url(), &http.Client{})
			// One byte of the value more, and the second parameter would not fit.
			first := profile.Parameter{Name: "a", Value: "1"}
			second := profile.Parameter{Name: "b", Value: strings.Repeat("x", client.api.Limits().Bytes-len("mboxPC="+secretID+"&profile.a=1&profile.b="))}
			form := "mboxPC=" + secretID + "&profile.a=1&profile.b=" + second.Value
			carried, answer := client.Send(t.Context(), secretVisitor, []profile.Parameter{first, second, first})
			require.Equal(t, Delivered, answer.Verdict)
			require.Equal(t, 2, carried)
			second.Value += "x"
			carried, answer = client.Send(t.Context(), secretVisitor, []profile.Parameter{first, second})
			require.Equal(t, Delivered, answer.Verdict)
			require.Equal(t, 1, carried)

			require.Len(t, server.seen(), 2)
			assert.NotContains(t, server.seen()[1], "profile.b")
			head, body, _ := strings.Cut(server.seen()[0], "\r\n\r\n")
			target := strings.Fields(head)[1]
			if client.api.(Single).inQuery {
				assert.Len(t, target, profile.MaxRequestTarget)
				assert.True(t, strings.HasSuffix(target, "?"+form))
				assert.Empty(t, body)
			} else {
				assert.Len(t, body, profile.MaxBody)
				assert.Equal(t, form, body)
			}
		})
	}
}
