// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers of RFC 9113.
const (
	prefaceLength = 24

	frameData, frameHeaders, frameReset, frameSettings = 0, 1, 3, 4

	flagEndStream, flagAck = 1, 1

	resetProtocolError, resetInternalError, resetRefusedStream = 1, 2, 7
)

// resetServer speaks as much HTTP/2 as it takes to read calls and to reset each of
// them with a code. It calls read for each.
func resetServer(t *testing.T, code uint32, read func()) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.EnableHTTP2 = true
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { serveResets(conn, code, read) },
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func serveResets(conn io.ReadWriter, code uint32, read func()) {
	if _, err := io.CopyN(io.Discard, conn, prefaceLength); err != nil {
		return
	}
	_, err := conn.Write([]byte{0, 0, 0, frameSettings, 0, 0, 0, 0, 0})
	for err == nil {
		var head [9]byte
		if _, err = io.ReadFull(conn, head[:]); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err = io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		switch kind, flags := head[3], head[4]; {
		case kind == frameSettings && flags&flagAck == 0:
			_, err = conn.Write([]byte{0, 0, 0, frameSettings, flagAck, 0, 0, 0, 0})
		case (kind == frameHeaders || kind == frameData) && flags&flagEndStream != 0:
			read()
			stream := head[5:]
			_, err = conn.Write(binary.BigEndian.AppendUint32(append([]byte{0, 0, 4, frameReset, 0}, stream...), code))
		}
	}
}

var resets = map[string]uint32{
	"a protocol error": resetProtocolError, "an internal error": resetInternalError, "a refused stream": resetRefusedStream,
}

func TestCallThatAnHTTP2ServerResetsIsNotRepeated(t *testing.T) {
	for way, cfg := range map[string]Config{"POST with a body": postBody, "GET": get} {
		for name, code := range resets {
			t.Run(way+", "+name, func(t *testing.T) {
				var calls atomic.Int64
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				server := resetServer(t, code, func() {
					if calls.Add(1) == 20 {
						cancel() // or a repeat would have no end
					}
				})
				client := newSingle(t, cfg, server.URL, server.Client())
				assert.False(t, client.api.needsHTTP1())
				assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonNetwork}, send(ctx, t, client))
				assert.EqualValues(t, 1, calls.Load())
			})
		}
	}
}

// What the other ways are spared, and why a POST with a query needs HTTP/1.1: its
// call goes out anew for as long as it may.
func TestPostWithAQueryWouldBeRepeatedOverHTTP2(t *testing.T) {
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := resetServer(t, resetProtocolError, func() {
		if calls.Add(1) == 20 {
			cancel()
		}
	})
	client := newSingle(t, postQuery, server.URL, server.Client())
	require.True(t, client.api.needsHTTP1())
	assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonCanceled}, send(ctx, t, client))
	assert.GreaterOrEqual(t, calls.Load(), int64(20))
}
