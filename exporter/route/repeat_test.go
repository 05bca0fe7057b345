// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endings are how a server can end a connection on which it has read a call.
var endings = map[string]func(t *testing.T, conn *net.TCPConn){
	"closes it": func(*testing.T, *net.TCPConn) {},
	"resets it": func(t *testing.T, conn *net.TCPConn) { assert.NoError(t, conn.SetLinger(0)) },
}

// leavesSecondUnanswered is a server that answers all calls but the second one,
// which it reads and then ends the connection.
func leavesSecondUnanswered(t *testing.T, end func(*testing.T, *net.TCPConn)) *wireServer {
	t.Helper()
	return newWireServer(t, func(conn *net.TCPConn, request int) bool {
		if request == 2 {
			end(t, conn)
			return false
		}
		return answering(okAnswer)(conn, request)
	})
}

func TestCallThatMayHaveArrivedIsNotRepeated(t *testing.T) {
	for way, cfg := range ways {
		for ending, end := range endings {
			t.Run(way+", the server "+ending, func(t *testing.T) {
				server := leavesSecondUnanswered(t, end)
				client := newSingle(t, cfg, server.url(), &http.Client{})

				require.Equal(t, Delivered, send(t.Context(), t, client).Verdict)
				answer := send(t.Context(), t, client)
				assert.Equal(t, NotNow, answer.Verdict)
				assert.Contains(t, []string{ReasonConnectionClosed, ReasonConnectionReset}, answer.Reason)
				assert.Len(t, server.seen(), 2, "one attempt for each Send")

				require.Equal(t, Delivered, send(t.Context(), t, client).Verdict)
				assert.Len(t, server.seen(), 3)
			})
		}
	}
}

// Without its measures against it, a call is repeated behind the client's back, and
// the server above sees it.
func TestPlainRequestIsRepeated(t *testing.T) {
	tests := map[string]func(url string) (*http.Request, error){
		"a GET without a body of its own": func(url string) (*http.Request, error) {
			return http.NewRequest(http.MethodGet, url+"/?"+form, http.NoBody)
		},
		"a POST that says it may be repeated": func(url string) (*http.Request, error) {
			req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(form))
			req.Header.Set("Idempotency-Key", "1")
			return req, err
		},
	}
	for name, request := range tests {
		for ending, end := range endings {
			t.Run(name+", the server "+ending, func(t *testing.T) {
				server := leavesSecondUnanswered(t, end)
				client := &http.Client{Transport: &http.Transport{}}
				t.Cleanup(client.CloseIdleConnections)
				for range 2 {
					req, err := request(server.url())
					require.NoError(t, err)
					resp, err := client.Do(req.WithContext(t.Context()))
					require.NoError(t, err)
					discard(resp)
				}
				assert.Len(t, server.seen(), 3, "the second was made twice")
			})
		}
	}
}

func TestFirstCallOnAConnectionIsNotRepeatedEither(t *testing.T) {
	for way, cfg := range ways {
		for ending, end := range endings {
			t.Run(way+", the server "+ending, func(t *testing.T) {
				server := newWireServer(t, func(conn *net.TCPConn, _ int) bool {
					end(t, conn)
					return false
				})
				client := newSingle(t, cfg, server.url(), &http.Client{})
				assert.Equal(t, NotNow, send(t.Context(), t, client).Verdict)
				assert.Len(t, server.seen(), 1)
			})
		}
	}
}
