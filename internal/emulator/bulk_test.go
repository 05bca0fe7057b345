// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"crypto/tls"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	v1URL = "http://127.0.0.1/m2/acme/profile/batchUpdate"
	v2URL = "http://127.0.0.1/m2/acme/v2/profile/batchUpdate"

	batchStatusURL = "http://127.0.0.1/m2/acme/profile/batchStatus"

	goldBatch = "batch=thirdPartyId,tier\ncrm-1,gold"
)

func postBatch(t *testing.T, address, body string) *http.Request {
	t.Helper()
	return newRequest(t, http.MethodPost, address, "", body)
}

// submission is the answer to an upload, read as leniently as one has to.
type submission struct {
	Success     bool   `xml:"success"`
	BatchStatus string `xml:"batchStatus"`
	Message     string `xml:"message"`
}

func readSubmission(t *testing.T, body string) submission {
	t.Helper()
	lenient := xml.NewDecoder(strings.NewReader(body))
	lenient.Strict, lenient.Entity = false, xml.HTMLEntity
	var s submission
	require.NoError(t, lenient.Decode(&s), body)
	return s
}

// submit uploads a batch that is taken, and returns the address of its status.
func submit(t *testing.T, e *Emulator, address, body string) string {
	t.Helper()
	status, answer := serve(t, e, postBatch(t, address, body))
	require.Equal(t, http.StatusOK, status)
	s := readSubmission(t, answer)
	require.True(t, s.Success, answer)
	return s.BatchStatus
}

func TestBulk_AnswersAsAdobeDoes(t *testing.T) {
	const path = "/m2/acme/profile/batchStatus?batchId=acme-1772366400000-10000001"
	for name, tt := range map[string]struct {
		bulk    Bulk
		tls     bool
		address string
	}{
		"an address where the call went": {Bulk{}, false, "http://127.0.0.1" + path + "&m2Node=00"},
		"over TLS":                       {Bulk{}, true, "https://127.0.0.1" + path + "&m2Node=00"},
		"Adobe's scheme and host": {
			Bulk{StatusScheme: "http", StatusHost: "mboxedge45.tt.omtrdc.net"}, true, "http://mboxedge45.tt.omtrdc.net" + path + "&m2Node=00",
		},
		"as XML wants it": {Bulk{Escaped: true}, false, "http://127.0.0.1" + path + "&amp;m2Node=00"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Bulk: tt.bulk, Now: newClock().now})
			r := postBatch(t, v2URL, goldBatch)
			if tt.tls {
				r.TLS = &tls.ConnectionState{}
			}
			status, body := serve(t, e, r)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, "<response><success>true</success><batchStatus>"+tt.address+
				"</batchStatus><message>Batch submitted for processing</message></response>", body)
		})
	}
}

func TestBulk_RefusesACall(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		body    string
		change  func(*http.Request)
		status  int
		says    string
	}{
		"no POST":                   {v2URL, goldBatch, func(r *http.Request) { r.Method = http.MethodPut }, 405, "use POST"},
		"another content type":      {v2URL, goldBatch, func(r *http.Request) { r.Header.Set("Content-Type", "text/csv") }, 415, "form-urlencoded"},
		"no content type":           {v2URL, goldBatch, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "form-urlencoded"},
		"a content encoding":        {v2URL, goldBatch, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415, "Content-Encoding"},
		"a query":                   {v2URL, goldBatch, func(r *http.Request) { r.URL.RawQuery = "a=b" }, 400, "no query"},
		"no token":                  {v2URL, goldBatch, func(r *http.Request) { r.Header.Del("Authorization") }, 403, "token"},
		"what is no batch":          {v2URL, goldUpdate, nil, 200, "does not begin"},
		"an empty batch":            {v2URL, "batch=", nil, 200, "Batch is empty"},
		"a pcId in v2":              {v2URL, "batch=pcId,a\nb,c", nil, 200, "v2 takes no pcId"},
		"a thirdPartyId in v1":      {v1URL, goldBatch, nil, 200, "v1 takes no thirdPartyId"},
		"a body that breaks off":    {v2URL, goldBatch, func(r *http.Request) { r.Body = io.NopCloser(brokenOff{}) }, 400, "to its end"},
		"a size that is too large":  {v2URL, goldBatch, func(r *http.Request) { r.ContentLength = maxBatchBytes }, 413, "50,000,000"},
		"a row that cannot be read": {v2URL, goldBatch + "\nsecret,a b", nil, 200, "line 3"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Token: "s3cret"})
			r := postBatch(t, tt.address, tt.body)
			r.Header.Set("Authorization", "Bearer s3cret")
			if tt.change != nil {
				tt.change(r)
			}
			status, body := serve(t, e, r)
			assert.Equal(t, tt.status, status)
			assert.Contains(t, body, tt.says)
			assert.NotContains(t, body, "secret")
			if tt.status != 403 {
				assert.Contains(t, body, "<success>false</success><batchStatus></batchStatus>")
			}
			stats := e.Stats()
			assert.Equal(t, []int{1, 0, 0, 0}, []int{stats.Uploads, stats.Rows, stats.Accepted, stats.Attempts})
			assert.Equal(t, 1, stats.Refused+stats.Unauthorized+len(stats.Malformed))
			assert.Empty(t, e.Uploads())
			assert.Empty(t, e.Profiles())
		})
	}
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBulk_TakesABodyOfAnyFormBelowFiftyMegabytes(t *testing.T) {
	body := func(size int) []byte {
		b := []byte(goldBatch)
		return append(b, bytes.Repeat([]byte("a"), size-len(b))...)
	}
	for name, tt := range map[string]struct {
		size    int
		chunked bool
		status  int
	}{
		"almost fifty megabytes in chunks":     {maxBatchBytes - 1, true, 200},
		"fifty megabytes":                      {maxBatchBytes, false, 413},
		"fifty megabytes of an unknown length": {maxBatchBytes, true, 413},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			var from io.Reader = bytes.NewReader(body(tt.size))
			if tt.chunked {
				from = io.MultiReader(from)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, v2URL, from)
			r.Header.Set("Content-Type", formType)
			status, answer := serve(t, e, r)
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.status == 200, readSubmission(t, answer).Success)
			assert.Len(t, e.Uploads(), map[int]int{200: 1}[tt.status])
		})
	}
}

// The server would close the connection of a caller whose body it leaves unread.
func TestBulk_ACallerThatIsRefusedInTheMiddleSeesTheAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		token  string
		status int
		says   string
	}{
		"for what it sent":  {"", 200, "line 2"},
		"for want of token": {"s3cret", 403, "token"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{Token: tt.token})
			server := startServer(t, e)
			body := strings.NewReader("batch=thirdPartyId,a\n,\n" + strings.Repeat("a", 4_000_000))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/m2/acme/v2/profile/batchUpdate", body)
			require.NoError(t, err)
			r.Header.Set("Content-Type", formType)
			response, err := server.Client().Do(r)
			require.NoError(t, err)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Contains(t, readAll(t, response), tt.says)
		})
	}
}

func TestBulk_AllowsFiftyCallsInAnyMinute(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now, Bulk: Bulk{V1ThirdParty: true}, Token: "s3cret"})
	call := func(client string, n int) (int, http.Header) {
		r := postBatch(t, []string{v1URL, v2URL}[n%2], goldBatch)
		if n%3 == 0 {
			r = newRequest(t, http.MethodGet, "http://127.0.0.1/m2/acme/profile/batchStatus", "batchId=none", "")
		}
		r.URL.Path = strings.Replace(r.URL.Path, "acme", client, 1)
		if n != 1 {
			r.Header.Set("Authorization", "Bearer s3cret")
		}
		recorded := httptest.NewRecorder()
		e.ServeHTTP(recorded, r)
		return recorded.Code, recorded.Header()
	}
	for n := range 50 {
		status, _ := call("acme", n)
		assert.NotEqual(t, http.StatusServiceUnavailable, status)
		c.advance(time.Second)
	}
	for n := range 4 {
		status, header := call("acme", n)
		assert.Equal(t, map[bool]int{true: 403, false: 503}[n == 1], status)
		assert.Empty(t, header.Get("Retry-After"))
	}
	status, _ := call("umbrella", 2)
	assert.Equal(t, http.StatusOK, status, "another client code")
	assert.Equal(t, 3, e.Stats().OverRate)
	assert.Equal(t, 54, e.Stats().MaxInMinute)
	c.advance(time.Minute)
	status, _ = call("acme", 2)
	assert.Equal(t, http.StatusOK, status)
}

func TestBulk_IsRecordedAsItCame(t *testing.T) {
	e := newEmulator(t, Settings{RecordCalls: 2})
	address, err := url.Parse(submit(t, e, v2URL, goldBatch))
	require.NoError(t, err)
	serve(t, e, newRequest(t, http.MethodGet, batchStatusURL, address.RawQuery, ""))
	submit(t, e, v2URL, goldBatch)
	calls := e.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, goldBatch, string(calls[0].Body))
	assert.Equal(t, "/m2/acme/v2/profile/batchUpdate", calls[0].Path)
	assert.Equal(t, address.RawQuery, calls[1].RawQuery)
}
