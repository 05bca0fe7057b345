// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMethodsOtherThanGetAndPost(t *testing.T) {
	for _, method := range []string{
		http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions, http.MethodTrace, "get", "BREW",
	} {
		t.Run(method, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			recorded := httptest.NewRecorder()
			e.ServeHTTP(recorded, newRequest(t, method, updateURL, goldUpdate, ""))

			assert.Equal(t, http.StatusMethodNotAllowed, recorded.Code)
			assert.Equal(t, "GET, POST", recorded.Header().Get("Allow"))
			assert.Equal(t, map[int]int{405: 1}, e.Stats().Malformed)
			assert.Empty(t, e.Profiles())
		})
	}
}

// padded makes an update of exactly so many bytes.
func padded(t *testing.T, size int) string {
	t.Helper()
	update := goldUpdate + "&profile.pad="
	require.Greater(t, size, len(update))
	return update + strings.Repeat("x", size-len(update))
}

func TestSizes(t *testing.T) {
	room := maxTargetBytes - len("/m2/acme/profile/update?")
	for _, test := range []struct {
		name        string
		method      string
		query, body int
		status      int
	}{
		{"a GET of 8,000 bytes", http.MethodGet, room, 0, http.StatusOK},
		{"a GET of 8,001 bytes", http.MethodGet, room + 1, 0, http.StatusRequestURITooLong},
		{"a POST with a query of 8,000 bytes", http.MethodPost, room, 0, http.StatusOK},
		{"a POST with a query of 8,001 bytes", http.MethodPost, room + 1, 0, http.StatusRequestURITooLong},
		{"a POST with a body of 60,000 bytes", http.MethodPost, 0, 60_000, http.StatusOK},
		{"a POST with a body of 60,001 bytes", http.MethodPost, 0, 60_001, http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			var query, body string
			if test.query > 0 {
				query = padded(t, test.query)
			}
			if test.body > 0 {
				body = padded(t, test.body)
			}
			for _, length := range []int64{int64(test.body), -1} {
				e := newEmulator(t, Settings{})
				r := newRequest(t, test.method, updateURL, query, body)
				r.ContentLength = length
				status, _ := serve(t, e, r)
				assert.Equal(t, test.status, status, "content length %d", length)
			}
		})
	}
}

func TestATooLargeBodyIsNotReadToItsEnd(t *testing.T) {
	endless := &countingReader{}
	for name, length := range map[string]int64{"of a known length": 1 << 40, "of an unknown length": -1} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			r := postForm(t, goldUpdate)
			endless.read = 0
			r.Body, r.ContentLength = io.NopCloser(endless), length
			recorded := httptest.NewRecorder()
			e.ServeHTTP(recorded, r)

			assert.Equal(t, http.StatusRequestEntityTooLarge, recorded.Code)
			assert.Equal(t, "close", recorded.Header().Get("Connection"))
			assert.LessOrEqual(t, endless.read, maxBodyBytes+1)
		})
	}
}

type countingReader struct{ read int }

func (c *countingReader) Read(p []byte) (int, error) {
	c.read += len(p)
	return len(p), nil
}

func TestBodiesAndTheirHeaders(t *testing.T) {
	for _, test := range []struct {
		name        string
		method      string
		query, body string
		header      http.Header
		status      int
	}{
		{"a form", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType}}, 200},
		{"a form with its charset", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType + "; charset=utf-8"}}, 200},
		{"a form with its charset in capitals", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType + ";charset=UTF-8"}}, 200},
		{"a media type in capitals", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {strings.ToUpper(formType)}}, 200},
		{"a query needs no content type", http.MethodPost, goldUpdate, "", http.Header{}, 200},
		{"a query beside any content type", http.MethodPost, goldUpdate, "", http.Header{"Content-Type": {"text/plain"}}, 200},
		{"another charset", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType + "; charset=latin1"}}, 415},
		{"another parameter of the content type", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType + "; boundary=x"}}, 415},
		{"JSON", http.MethodPost, "", `{"a":"b"}`, http.Header{"Content-Type": {"application/json"}}, 415},
		{"a multipart form", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, 415},
		{"no content type", http.MethodPost, "", goldUpdate, http.Header{}, 415},
		{"two content types", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType, formType}}, 415},
		{"a content type that is none", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {";"}}, 415},
		{"a compressed body", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType}, "Content-Encoding": {"gzip"}}, 415},
		{"a body said not to be compressed", http.MethodPost, "", goldUpdate, http.Header{"Content-Type": {formType}, "Content-Encoding": {"identity"}}, 415},
		{"a query with a content encoding", http.MethodGet, goldUpdate, "", http.Header{"Content-Encoding": {"gzip"}}, 415},
		{"parameters in query and body", http.MethodPost, "profile.a=b", goldUpdate, http.Header{"Content-Type": {formType}}, 400},
		{"a GET with a body", http.MethodGet, "", goldUpdate, http.Header{"Content-Type": {formType}}, 400},
		{"a GET with query and body", http.MethodGet, goldUpdate, "profile.a=b", http.Header{"Content-Type": {formType}}, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			r := newRequest(t, test.method, updateURL, test.query, test.body)
			r.Header = test.header
			status, _ := serve(t, e, r)

			assert.Equal(t, test.status, status)
			if test.status != http.StatusOK {
				assert.Equal(t, map[int]int{test.status: 1}, e.Stats().Malformed)
				assert.Empty(t, e.Profiles())
			}
		})
	}
}

func TestABodyThatBreaksOffIsMalformed(t *testing.T) {
	e := newEmulator(t, Settings{})
	r := postForm(t, goldUpdate)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(goldUpdate), iotest.ErrReader(io.ErrUnexpectedEOF)))
	status, _ := serve(t, e, r)

	assert.Equal(t, http.StatusBadRequest, status)
	assert.Empty(t, e.Profiles())
}

func TestOnTheWire(t *testing.T) {
	chunked := func(body string) string {
		return "POST /m2/acme/profile/update HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType +
			"\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	for _, test := range []struct {
		name, raw string
		status    int
	}{
		{"the literal path with Adobe's host", "GET /m2/client/profile/update?" + goldUpdate + " HTTP/1.1\r\nHost: acme.tt.omtrdc.net\r\n\r\n", 200},
		{"an absolute request target", "GET http://acme.tt.omtrdc.net/m2/client/profile/update?" + goldUpdate + " HTTP/1.1\r\nHost: acme.tt.omtrdc.net\r\n\r\n", 200},
		{"a chunked body", chunked(goldUpdate), 200},
		{"a chunked body of 60,000 bytes", chunked(padded(t, 60_000)), 200},
		{"a chunked body of 60,001 bytes", chunked(padded(t, 60_001)), 413},
		{"a body of a promised terabyte", "POST /m2/acme/profile/update HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType + "\r\nContent-Length: 1099511627776\r\n\r\n", 413},
		{"a raw character past ASCII", "GET /m2/acme/profile/update?" + goldUpdate + "é HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"a raw space", "GET /m2/acme/profile/update?" + goldUpdate + " b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"a raw number sign", "GET /m2/acme/profile/update?" + goldUpdate + "#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		{"a semicolon", "GET /m2/acme/profile/update?" + goldUpdate + ";profile.a=b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			server := startServer(t, e)
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, test.raw)
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer response.Body.Close()

			assert.Equal(t, test.status, response.StatusCode)
			if test.status == http.StatusOK {
				profile, found := e.Profile(Mbox3rdPartyID, "crm-1")
				require.True(t, found)
				assert.Equal(t, "acme", profile.Client)
				assert.Equal(t, "gold", profile.Attributes["tier"].Value)
				return
			}
			assert.Empty(t, e.Profiles())
		})
	}
}
