// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const (
	updateURL  = "http://127.0.0.1/m2/acme/profile/update"
	formType   = "application/x-www-form-urlencoded"
	goldUpdate = "mbox3rdPartyId=crm-1&profile.tier=gold"

	submittedXML = "<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>"
)

func newEmulator(t *testing.T, settings Settings) *Emulator {
	t.Helper()
	e, err := New(settings)
	require.NoError(t, err)
	return e
}

// request makes a request as it is on the wire: the query may be one that net/http would not send.
func newRequest(t *testing.T, method, address, query, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	r.URL.RawQuery = query
	if body != "" {
		r.Header.Set("Content-Type", formType)
	}
	return r
}

func postForm(t *testing.T, body string) *http.Request {
	t.Helper()
	return newRequest(t, http.MethodPost, updateURL, "", body)
}

func serve(t *testing.T, e *Emulator, r *http.Request) (status int, body string) {
	t.Helper()
	recorded := httptest.NewRecorder()
	e.ServeHTTP(recorded, r)
	return recorded.Code, recorded.Body.String()
}

func startServer(t *testing.T, e *Emulator) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(e)
	server.Config.ConnState = e.ConnState
	server.Start()
	t.Cleanup(func() {
		e.Close()
		server.Client().CloseIdleConnections()
		server.Close()
	})
	return server
}

func serverRequest(t *testing.T, server *httptest.Server) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/m2/acme/profile/update", strings.NewReader(goldUpdate))
	require.NoError(t, err)
	r.Header.Set("Content-Type", formType)
	return r
}

// callServer posts an update to a real server and follows no redirect.
func callServer(t *testing.T, server *httptest.Server) (*http.Response, error) {
	t.Helper()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client.Do(serverRequest(t, server))
}

func readAll(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return string(body)
}

// clock is a time that tests move.
type clock struct {
	t time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time           { return c.t }
func (c *clock) advance(by time.Duration) { c.t = c.t.Add(by) }

func TestThePathAndTheHostNameTheClientCode(t *testing.T) {
	for _, test := range []struct {
		name       string
		served     string
		host, path string
		client     string
	}{
		{"the path names the code", "", "127.0.0.1:8089", "/m2/acme/profile/update", "acme"},
		{"the path names the one code served", "acme", "127.0.0.1", "/m2/acme/profile/update", "acme"},
		{"the path and the host name the same code", "acme", "acme.tt.omtrdc.net", "/m2/acme/profile/update", "acme"},
		{"the literal path takes the code from the host", "", "acme.tt.omtrdc.net", "/m2/client/profile/update", "acme"},
		{"the literal path takes the code from a host with a port", "", "acme.tt.omtrdc.net:443", "/m2/client/profile/update", "acme"},
		{"a host is not case-sensitive", "", "ACME.tt.OMTRDC.net", "/m2/client/profile/update", "acme"},
		{"the literal path with another host takes the configured code", "acme", "localhost", "/m2/client/profile/update", "acme"},
		{"the literal path with nothing to go by is a code of its own", "", "localhost", "/m2/client/profile/update", "client"},
		{"a code that is not served does not exist", "acme", "127.0.0.1", "/m2/umbrella/profile/update", ""},
		{"a host of a code that is not served does not exist", "acme", "umbrella.tt.omtrdc.net", "/m2/client/profile/update", ""},
		{"the path and the host name different codes", "", "umbrella.tt.omtrdc.net", "/m2/acme/profile/update", ""},
		{"a code has no capitals", "", "127.0.0.1", "/m2/Acme/profile/update", ""},
		{"a code has no hyphen", "", "127.0.0.1", "/m2/ac-me/profile/update", ""},
		{"a code is not empty", "", "127.0.0.1", "/m2//profile/update", ""},
		{"a code is not escaped", "", "127.0.0.1", "/m2/acm%65/profile/update", ""},
		{"a trailing slash is another path", "", "127.0.0.1", "/m2/acme/profile/update/", ""},
		{"capitals make another path", "", "127.0.0.1", "/m2/acme/profile/Update", ""},
		{"a bulk API of another version", "", "127.0.0.1", "/m2/acme/v3/profile/batchUpdate", ""},
		{"the bulk API without a code of its own in the path", "acme", "127.0.0.1", "/m2/client/v2/profile/batchUpdate", ""},
		{"the bulk API of a code that is not served", "acme", "127.0.0.1", "/m2/umbrella/profile/batchUpdate", ""},
		{"the bulk API of another code than the host's", "", "umbrella.tt.omtrdc.net", "/m2/acme/v2/profile/batchUpdate", ""},
		{"a prefix makes another path", "", "127.0.0.1", "/proxy/m2/acme/profile/update", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{ClientCode: test.served})
			r := newRequest(t, http.MethodPost, "http://"+test.host+test.path, "", goldUpdate)
			status, body := serve(t, e, r)

			if test.client == "" {
				assert.Equal(t, http.StatusNotFound, status)
				assert.Equal(t, 1, e.Stats().NotFound)
				assert.Zero(t, e.Stats().Attempts)
				assert.Empty(t, e.Profiles())
				return
			}
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, submittedXML, body)
			require.Len(t, e.Profiles(), 1)
			assert.Equal(t, test.client, e.Profiles()[0].Client)
		})
	}
}

func TestUpdatesCannotReachTheControl(t *testing.T) {
	for _, path := range []string{
		"/m2/acme/profile/update/../../../../_emulator/reset",
		"/m2/../_emulator/reset",
		"/%5Femulator/reset",
		"//_emulator/reset",
		"/m2/acme/profile/update/_emulator/reset",
	} {
		t.Run(path, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			serve(t, e, postForm(t, goldUpdate))
			r := newRequest(t, http.MethodPost, "http://127.0.0.1/", "", "")
			var err error
			r.URL, err = url.ParseRequestURI(path)
			require.NoError(t, err)

			status, _ := serve(t, e, r)

			assert.Equal(t, http.StatusNotFound, status)
			assert.Len(t, e.Profiles(), 1)
		})
	}
}

func TestImpossibleSettingsAreNotTaken(t *testing.T) {
	for name, settings := range map[string]Settings{
		"a client code with capitals":                    {ClientCode: "Acme"},
		"a third-party id of 257 characters":             {ThirdPartyIDLength: 257},
		"a third-party id of no length":                  {ThirdPartyIDLength: -1},
		"a known visitor without an id":                  {Known: []Visitor{{Parameter: MboxPC}}},
		"a known visitor under another parameter":        {Known: []Visitor{{Parameter: "mboxMCGVID", ID: "1"}}},
		"a known visitor longer than third-party ids go": {Known: []Visitor{{Mbox3rdPartyID, strings.Repeat("a", 129)}}},
		"a negative quota":                               {Quota: Quota{Calls: -1}},
		"a negative window":                              {Quota: Quota{Window: -time.Second}},
		"a negative retry-after":                         {Quota: Quota{RetryAfter: -time.Second}},
		"a negative latency":                             {Latency: Latency{Fixed: -1}},
		"a negative jitter":                              {Latency: Latency{Jitter: -1}},
		"a fault without a kind":                         {Faults: []Fault{{}}},
		"a sequence without a name":                      {Sequences: []string{""}},
		"a sequence of a reserved name":                  {Sequences: []string{"user.seq"}},
		"a negative number of calls":                     {RecordCalls: -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(settings)
			assert.Error(t, err)
		})
	}
}

func TestAResetLeavesAnEmulatorAsItStarted(t *testing.T) {
	e := newEmulator(t, Settings{Token: "first", RecordCalls: 5, Faults: []Fault{{Kind: FaultRefuse, Count: 1}}})
	before := e.Stats()
	e.SetToken("")
	require.NoError(t, e.SetFaults(nil))
	require.NoError(t, e.SetLatency(Latency{Fixed: time.Nanosecond}))
	require.NoError(t, e.SetQuota(Quota{Calls: 1}))
	for range 3 {
		serve(t, e, postForm(t, goldUpdate))
	}
	require.Equal(t, 3, e.Stats().Attempts)

	e.Reset()

	assert.Equal(t, before, e.Stats())
	assert.Empty(t, e.Profiles())
	assert.Empty(t, e.Calls())
	assert.Equal(t, []Fault{{Kind: FaultRefuse, Count: 1}}, e.Faults())
	status, _ := serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, http.StatusForbidden, status, "the token is the first again")
}
