// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTLSThatDoesNotComeAbout(t *testing.T) {
	tests := map[string]struct {
		server func(*tls.Config)
		client func(c *tls.Config)
		detail string
	}{
		"nobody knows the authority": {
			client: func(c *tls.Config) { c.RootCAs = x509.NewCertPool() },
			detail: "the certificate is signed by an unknown authority, see tls::ca_file",
		},
		"the certificate is for another host": {
			client: func(c *tls.Config) { c.ServerName = "acme.invalid" },
			detail: "the certificate is of another host",
		},
		"the certificate has expired": {
			client: func(c *tls.Config) { c.Time = func() time.Time { return time.Now().AddDate(100, 0, 0) } },
			detail: "the certificate expired on 2084-01-29",
		},
		"the certificate is not valid yet": {
			client: func(c *tls.Config) { c.Time = func() time.Time { return time.Now().AddDate(-100, 0, 0) } },
			detail: "the certificate is valid from 1970-01-01 on",
		},
		"the server wants a certificate": {
			detail: "the handshake ended with tls: handshake failure",
			server: func(c *tls.Config) {
				c.ClientAuth = tls.RequireAnyClientCert
				// With 1.3 the alert comes after the call has left, and may be lost with it.
				c.MaxVersion = tls.VersionTLS12
			},
		},
		"there is no version that both speak": {
			detail: "the handshake ended with tls: protocol version not supported",
			server: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
			client: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			if tt.server != nil {
				tt.server(server.TLS)
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			transport := server.Client().Transport.(*http.Transport)
			if tt.client != nil {
				tt.client(transport.TLSClientConfig)
			}
			answer := send(t.Context(), t, newSingle(t, get, server.URL, &http.Client{Transport: transport}))
			assert.Equal(t, Answer{Verdict: SetupFault, Reason: ReasonTLS, Detail: tt.detail}, answer)
			assertNoSecret(t, answer)
			assert.Zero(t, calls.Load())
		})
	}
}

func TestServerThatSpeaksNoTLS(t *testing.T) {
	for name, text := range map[string]string{"but HTTP": okAnswer, "nor HTTP": secretValue + strings.Repeat("\n", 10)} {
		t.Run(name, func(t *testing.T) {
			address := speakFirst(t, text)
			answer := send(t.Context(), t, newSingle(t, get, "https://"+address, &http.Client{}))
			assert.Equal(t, Answer{Verdict: SetupFault, Reason: ReasonTLS, Detail: "the server does not speak TLS, see endpoint"}, answer)
			assertNoSecret(t, answer)
		})
	}
}

// speakFirst is a server that reads a little, writes the text and closes. It returns
// its address.
func speakFirst(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, acceptErr := listener.Accept()
		if acceptErr != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 64<<10))
		_, _ = io.WriteString(conn, text)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}
