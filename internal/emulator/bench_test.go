// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkUpdate is the emulator alone, without a connection.
func BenchmarkUpdate(b *testing.B) { benchmarkUpdate(b, 0) }

// BenchmarkUpdateKept is the same where the newest calls are kept to be shown.
func BenchmarkUpdateKept(b *testing.B) { benchmarkUpdate(b, 1000) }

func benchmarkUpdate(b *testing.B, recentCalls int) {
	b.Helper()
	e, err := New(Settings{Quota: Quota{Calls: 1_000_000_000}, Sequences: []string{"seq"}, RecentCalls: recentCalls})
	require.NoError(b, err)
	var next atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			e.ServeHTTP(httptest.NewRecorder(), formRequest(fmt.Sprintf("mbox3rdPartyId=crm-%d&profile.tier=gold&profile.seq=%d", n%10_000, n)))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkUpdateOverTCP includes the server and as lean a caller as can be, which share the processors.
func BenchmarkUpdateOverTCP(b *testing.B) {
	e, err := New(Settings{Quota: Quota{Calls: 1_000_000_000}})
	require.NoError(b, err)
	server := httptest.NewServer(e)
	defer server.Close()
	body := goldUpdate
	raw := fmt.Sprintf("POST /m2/acme/profile/update HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", formType, len(body), body)
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		answers := bufio.NewReader(conn)
		for pb.Next() {
			if err := roundTrip(conn, answers, raw); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func roundTrip(conn net.Conn, answers *bufio.Reader, raw string) error {
	if _, err := conn.Write([]byte(raw)); err != nil {
		return err
	}
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	if _, err := answers.Discard(int(response.ContentLength)); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
