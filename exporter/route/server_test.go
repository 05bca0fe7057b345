// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	userAgent = "otelcol-adobetarget/1.2.3"

	secretID    = "SECRET-ID"
	secretValue = "SECRET-VALUE"
	secretToken = "SECRET-TOKEN"

	form = "mboxPC=" + secretID + "&profile.tier=" + secretValue

	okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"
)

// What form carries.
var (
	secretVisitor = profile.Visitor{Parameter: profile.MboxPC, ID: secretID}
	secretTier    = profile.Parameter{Name: "tier", Value: secretValue}
)

var (
	postBody  = Config{Method: http.MethodPost, Path: "/m2/{client_code}/profile/update"}
	postQuery = Config{Method: http.MethodPost, Parameters: Query, Path: "/m2/{client_code}/profile/update"}
	get       = Config{Method: http.MethodGet, Path: "/m2/{client_code}/profile/update"}
)

// ways are all the ways of a call.
var ways = map[string]Config{"POST with a body": postBody, "POST with a query": postQuery, "GET": get}

// calls makes the calls of an API, untraced.
type calls struct {
	*Traced
	api API
}

// newCalls returns calls whose connections end with the test.
func newCalls(tb testing.TB, api API, c *http.Client) calls {
	tb.Helper()
	if c.Transport == nil {
		c.Transport = &http.Transport{}
	}
	tb.Cleanup(c.CloseIdleConnections)
	return calls{NewTraced(NewCaller(api, c, userAgent, 24*time.Hour), noop.Tracer{}), api}
}

// newSingle returns the calls of the Single Profile Update API.
func newSingle(t *testing.T, cfg Config, endpoint string, c *http.Client) calls {
	t.Helper()
	api, err := NewSingle(cfg, endpoint, "acme")
	require.NoError(t, err)
	return newCalls(t, api, c)
}

type sender interface {
	Send(ctx context.Context, v profile.Visitor, parameters []profile.Parameter) (carried int, answer Answer)
}

// send makes the call that carries form, and returns its answer.
func send(ctx context.Context, t *testing.T, s sender) Answer {
	t.Helper()
	carried, answer := s.Send(ctx, secretVisitor, []profile.Parameter{secretTier})
	assert.Equal(t, 1, carried)
	assertUsual(t, answer)
	return answer
}

// assertUsual checks that an answer whose reason has a name was known beforehand.
func assertUsual(t *testing.T, a Answer) {
	t.Helper()
	if a.Verdict != NotSent && (a.StatusCode == 0 || a.StatusCode == http.StatusOK) {
		known := slices.Contains(Usual(), Answer{Verdict: a.Verdict, StatusCode: a.StatusCode, Reason: a.Reason})
		assert.True(t, known, "%+v", a)
	}
}

// wireServer is a server below HTTP: it keeps the bytes of each request, and lets
// the test write the answer.
type wireServer struct {
	listener net.Listener
	answer   func(conn *net.TCPConn, request int) (goOn bool)
	running  sync.WaitGroup

	mu       sync.Mutex
	requests []string
	conns    []net.Conn
}

// newWireServer starts a server that calls answer for each request, which are
// numbered from 1 on over all connections. A connection is closed unless answer
// returns true.
func newWireServer(t *testing.T, answer func(conn *net.TCPConn, request int) bool) *wireServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &wireServer{listener: listener, answer: answer}
	s.running.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

// answering returns an answer function for newWireServer that writes these bytes.
func answering(text string) func(*net.TCPConn, int) bool {
	return func(conn *net.TCPConn, _ int) bool {
		_, err := io.WriteString(conn, text)
		return err == nil
	}
}

func (s *wireServer) url() string { return "http://" + s.listener.Addr().String() }

func (s *wireServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.running.Go(func() { s.serve(conn.(*net.TCPConn)) })
	}
}

func (s *wireServer) serve(conn *net.TCPConn) {
	defer conn.Close()
	var raw bytes.Buffer
	reader := bufio.NewReader(io.TeeReader(conn, &raw))
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err = io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, raw.String())
		n := len(s.requests)
		s.mu.Unlock()
		raw.Reset()
		if !s.answer(conn, n) {
			return
		}
	}
}

// seen returns the requests so far, byte by byte.
func (s *wireServer) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *wireServer) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}
