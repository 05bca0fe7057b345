// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nameServer answers every question with this code and no record.
func nameServer(t *testing.T, code byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		message := make([]byte, 1024)
		for {
			n, from, readErr := conn.ReadFrom(message)
			if readErr != nil {
				return
			}
			message[2], message[3] = 0x81, 0x80|code // an answer, recursion available
			_, _ = conn.WriteTo(message[:n], from)
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return resolver(conn.LocalAddr().String())
}

func TestNamesThatDoNotResolve(t *testing.T) {
	tests := map[string]struct {
		resolver *net.Resolver
		want     Answer
	}{
		"there is no such name":        {nameServer(t, 3), Answer{Verdict: SetupFault, Reason: ReasonDNS, Detail: "no such host"}},
		"the name server fails":        {nameServer(t, 2), Answer{Verdict: NotNow, Reason: ReasonDNS}},
		"the name server is not there": {deadNameServer(t), Answer{Verdict: NotNow, Reason: ReasonDNS}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := newSingle(t, get, "http://acme.invalid.", &http.Client{
				Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: tt.resolver}).DialContext},
			})
			answer := send(t.Context(), t, client)
			assert.Equal(t, tt.want, answer)
			assertNoSecret(t, answer)
		})
	}
}

// deadNameServer has nobody at its port.
func deadNameServer(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	return resolver(conn.LocalAddr().String())
}

func resolver(nameServer string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", nameServer)
	}}
}
