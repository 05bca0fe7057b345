// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assertNoSecret checks all that an Answer holds.
func assertNoSecret(t *testing.T, answer Answer) {
	t.Helper()
	all := fmt.Sprintf("%+v %#v", answer, answer)
	for _, secret := range []string{secretID, secretValue, secretToken, "acme", "127.0.0.1", "invalid", "/m2/", "mboxPC"} {
		assert.NotContains(t, all, secret)
	}
}

func TestFailuresOnTheWire(t *testing.T) {
	tests := map[string]struct {
		answer func(*net.TCPConn, int) bool
		want   Answer
	}{
		"the server resets the connection": {
			func(conn *net.TCPConn, _ int) bool { return conn.SetLinger(0) != nil },
			Answer{Verdict: NotNow, Reason: ReasonConnectionReset},
		},
		"the server closes the connection": {
			func(*net.TCPConn, int) bool { return false },
			Answer{Verdict: NotNow, Reason: ReasonConnectionClosed},
		},
		"the answer is cut in its head": {
			func(conn *net.TCPConn, n int) bool {
				return !answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n")(conn, n)
			},
			Answer{Verdict: NotNow, Reason: ReasonConnectionClosed},
		},
		"the answer is cut in its body": {
			func(conn *net.TCPConn, n int) bool {
				return !answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntrue")(conn, n)
			},
			Answer{Verdict: NotNow, Reason: ReasonConnectionClosed},
		},
		"the answer is cut in a chunk": {
			func(conn *net.TCPConn, n int) bool {
				return !answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntrue\r\n5\r\nx")(conn, n)
			},
			Answer{Verdict: NotNow, Reason: ReasonConnectionClosed},
		},
		"an error is cut in its body": {
			func(conn *net.TCPConn, n int) bool {
				return !answering("HTTP/1.1 503 Unavailable\r\nContent-Length: 100\r\n\r\nx")(conn, n)
			},
			Answer{Verdict: NotNow, StatusCode: 503, Reason: "status_503"},
		},
		"the answer is no HTTP": {
			func(conn *net.TCPConn, n int) bool { return !answering(secretValue+"\r\n\r\n")(conn, n) },
			Answer{Verdict: NotNow, Reason: ReasonNetwork},
		},
	}
	for name, tt := range tests {
		for way, cfg := range ways {
			t.Run(name+", "+way, func(t *testing.T) {
				server := newWireServer(t, tt.answer)
				answer := send(t.Context(), t, newSingle(t, cfg, server.url(), &http.Client{}))
				assert.Equal(t, tt.want, answer)
				assertNoSecret(t, answer)
			})
		}
	}
}

func TestRefusedPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	answer := send(t.Context(), t, newSingle(t, get, "http://"+listener.Addr().String(), &http.Client{}))
	assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonConnectionRefused}, answer)
	assertNoSecret(t, answer)
}

func TestTimeout(t *testing.T) {
	tests := map[string]string{"no answer at all": "", "a body without end": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntrue"}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			server := newWireServer(t, func(conn *net.TCPConn, n int) bool { return answering(text)(conn, n) })
			client := newSingle(t, get, server.url(), &http.Client{Timeout: 50 * time.Millisecond})
			answer := send(t.Context(), t, client)
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonTimeout}, answer)
			assertNoSecret(t, answer)
		})
		t.Run(name+", the context's deadline", func(t *testing.T) {
			server := newWireServer(t, func(conn *net.TCPConn, n int) bool { return answering(text)(conn, n) })
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			answer := send(ctx, t, newSingle(t, get, server.url(), &http.Client{}))
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonTimeout}, answer)
		})
	}
}

func TestCanceledCall(t *testing.T) {
	for name, text := range map[string]string{"before the answer": "", "within the answer": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntrue"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := newWireServer(t, func(conn *net.TCPConn, n int) bool {
				goOn := answering(text)(conn, n)
				cancel()
				return goOn
			})
			answer := send(ctx, t, newSingle(t, get, server.url(), &http.Client{}))
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonCanceled}, answer)
			assertNoSecret(t, answer)
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		server := newWireServer(t, answering(okAnswer))
		answer := send(ctx, t, newSingle(t, get, server.url(), &http.Client{}))
		assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonCanceled}, answer)
		assert.Empty(t, server.seen())
	})
}

func TestErrorsAreReadByKind(t *testing.T) {
	tests := map[string]struct {
		err  error
		want Answer
	}{
		"a broken pipe":                       {os.NewSyscallError("write", syscall.EPIPE), Answer{Verdict: NotNow, Reason: ReasonConnectionReset}},
		"a connection that was aborted":       {os.NewSyscallError("read", syscall.ECONNABORTED), Answer{Verdict: NotNow, Reason: ReasonConnectionReset}},
		"a refused port on Windows":           {os.NewSyscallError("connectex", syscall.Errno(10061)), Answer{Verdict: NotNow, Reason: ReasonConnectionRefused}},
		"a connect that times out on Windows": {os.NewSyscallError("connectex", syscall.Errno(10060)), Answer{Verdict: NotNow, Reason: ReasonTimeout}},
		"a reset on Windows":                  {os.NewSyscallError("wsarecv", syscall.Errno(10054)), Answer{Verdict: NotNow, Reason: ReasonConnectionReset}},
		"an aborted connection on Windows":    {os.NewSyscallError("wsasend", syscall.Errno(10053)), Answer{Verdict: NotNow, Reason: ReasonConnectionReset}},
		"a time-out of the socket":            {os.ErrDeadlineExceeded, Answer{Verdict: NotNow, Reason: ReasonTimeout}},
		"an end within an answer":             {io.ErrUnexpectedEOF, Answer{Verdict: NotNow, Reason: ReasonConnectionClosed}},
		"no way to the network":               {os.NewSyscallError("connect", syscall.ENETUNREACH), Answer{Verdict: NotNow, Reason: ReasonNetwork}},
		"an error of an extension":            {errors.New("token server said " + secretToken), Answer{Verdict: NotNow, Reason: ReasonNetwork}},
		"a name that is not there":            {&net.DNSError{Name: "acme.invalid", IsNotFound: true}, Answer{Verdict: SetupFault, Reason: ReasonDNS, Detail: "no such host"}},
		"a name server that fails":            {&net.DNSError{Name: "acme.invalid", IsTemporary: true}, Answer{Verdict: NotNow, Reason: ReasonDNS}},
		"a name server that sleeps":           {&net.DNSError{Name: "acme.invalid", IsTimeout: true}, Answer{Verdict: NotNow, Reason: ReasonDNS}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			wrapped := &url.Error{Op: "Get", URL: "http://acme.invalid/?" + form, Err: &net.OpError{Op: "read", Err: tt.err}}
			assert.Equal(t, tt.want, failure(wrapped))
			assertNoSecret(t, failure(wrapped))
			assertUsual(t, failure(wrapped))
		})
	}
}
