// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endless is a body without end that counts what is read of it.
type endless struct {
	read   int
	closed bool
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func (e *endless) Close() error {
	e.closed = true
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnswersAreReadWithinBounds(t *testing.T) {
	tests := map[string]struct {
		status int
		most   int
		want   Answer
	}{
		"an answer that counts": {200, 2 * maxAnswer, Answer{SetupFault, 200, ReasonForeign, "the answer is an empty body", 0}},
		"an error":              {500, maxAnswer, Answer{NotNow, 500, "status_500", "", 0}},
		"a redirect":            {302, maxAnswer, Answer{SetupFault, 302, "status_302", "", 0}},
		"another protocol":      {101, 0, Answer{SetupFault, 101, "status_101", "", 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := &endless{}
			client := newSingle(t, postBody, "http://acme.invalid", &http.Client{
				Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: tt.status, Body: body}, nil
				}),
			})
			assert.Equal(t, tt.want, send(t.Context(), t, client))
			assert.LessOrEqual(t, body.read, tt.most)
			assert.True(t, body.closed)
		})
	}
}

func TestSuccessCountsWithinBoundsOnly(t *testing.T) {
	tests := map[string]struct {
		padding int
		want    Verdict
	}{
		"an answer of exactly the bound is read whole": {maxAnswer - len(usualAnswer), Delivered},
		"what stands after the bound is not seen":      {maxAnswer - len(usualAnswer) + 1, SetupFault},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, strings.Repeat(" ", tt.padding))
				_, _ = w.Write(usualAnswer)
			}))
			t.Cleanup(server.Close)
			client := newSingle(t, postBody, server.URL, &http.Client{})
			assert.Equal(t, tt.want, send(t.Context(), t, client).Verdict)
		})
	}
}

// connections counts the connections of a test server.
type connections struct {
	opened atomic.Int64
	closed chan struct{}
}

func (c *connections) note(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.opened.Add(1)
	case http.StateClosed:
		c.closed <- struct{}{}
	case http.StateActive, http.StateIdle, http.StateHijacked:
	}
}

func startCounting(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *connections) {
	t.Helper()
	c := &connections{closed: make(chan struct{}, 1000)}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = c.note
	server.Start()
	t.Cleanup(server.Close)
	return server, c
}

func TestConnectionIsUsedAgain(t *testing.T) {
	tests := map[string]func(w http.ResponseWriter){
		"after success":              func(w http.ResponseWriter) { _, _ = w.Write(usualAnswer) },
		"after a refusal":            func(w http.ResponseWriter) { _, _ = io.WriteString(w, "false") },
		"after an empty answer":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"after an error with a page": func(w http.ResponseWriter) { http.Error(w, strings.Repeat("x", maxAnswer-100), http.StatusBadGateway) },
		"after a redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, "moved")
		},
		"after a chunked answer": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "true")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+1000))
		},
	}
	for name, answer := range tests {
		for wayName, way := range ways {
			t.Run(name+" to a "+wayName, func(t *testing.T) {
				server, conns := startCounting(t, func(w http.ResponseWriter, _ *http.Request) { answer(w) })
				client := newSingle(t, way, server.URL, &http.Client{})
				for range 20 {
					require.NotZero(t, send(t.Context(), t, client).StatusCode)
				}
				assert.EqualValues(t, 1, conns.opened.Load())
			})
		}
	}
}
