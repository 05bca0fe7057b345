// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// recipe returns the configuration that stands under a heading of the page about receivers.
func recipe(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "receivers.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## "+heading+"\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := yamlBlocks(section)
	require.Len(t, blocks, 1)
	return blocks[0]
}

// startRecipe starts the distribution with a recipe and a target. The state is in a folder of
// the test, and lasts over restarts.
func startRecipe(t *testing.T, text string, target *adobe, args ...string) *collector {
	t.Helper()
	args = append(args, inOrder, fmt.Sprintf(
		"--config=yaml:exporters::adobe_target: {endpoint: '%s', outbox: {%s}, rate_limit: {enabled: false}, retry_on_failure: %s}",
		target.url, quickOutbox, quickRetry))
	return startCollector(t, text, args...).running(t)
}

// inAnOutage starts a target that takes nothing until its faults are cleared.
func inAnOutage(t *testing.T) *adobe {
	t.Helper()
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	return target
}

// full are settings with which queue and outbox are soon full in an outage.
var full = []string{
	"--set=exporters.adobe_target.sending_queue.queue_size=100",
	"--set=exporters.adobe_target.outbox.max_visitors=200",
}

// actionsOf returns a record for each of so many visitors, whom no other request has.
func actionsOf(visitors int, request string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for n := range visitors {
		attributes := records.AppendEmpty().Attributes()
		attributes.PutStr("customer.id", fmt.Sprintf("%s-%d", request, n))
		attributes.PutStr("profile.tier", "gold")
	}
	return ld
}

// asJSON posts records by OTLP in JSON, and returns the answer's status and Retry-After.
func asJSON(t *testing.T, port int, ld plog.Logs) (code int, retryAfter string) {
	t.Helper()
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	url := fmt.Sprintf("http://127.0.0.1:%d/v1/logs", port)
	resp, err := http.Post(url, "application/json", bytes.NewReader(text)) //nolint:gosec,noctx // a loopback address of this test
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Retry-After")
}

// TestAnOTLPClientOfAFullQueueIsToldToComeAgain fills queue and outbox in an outage. Clients are told
// so in a way that has them come again, and of a request that can never be taken that it is in vain.
func TestAnOTLPClientOfAFullQueueIsToldToComeAgain(t *testing.T) {
	httpPort, grpcPort := freePort(t), freePort(t)
	t.Setenv("OTLP_HTTP_ENDPOINT", fmt.Sprintf("127.0.0.1:%d", httpPort))
	t.Setenv("OTLP_GRPC_ENDPOINT", fmt.Sprintf("127.0.0.1:%d", grpcPort))
	t.Setenv("STATE_DIR", t.TempDir())
	target := inAnOutage(t)
	c := startRecipe(t, recipe(t, "OTLP from SDKs"), target, full...)
	byGRPC := overGRPC(t, grpcPort)

	taken := 0
	for ; ; taken += 50 {
		require.Less(t, taken, 1000, "the queue does not get full")
		code, retryAfter := asJSON(t, httpPort, actionsOf(50, strconv.Itoa(taken)))
		assert.Empty(t, retryAfter)
		if code != http.StatusOK {
			assert.Equal(t, http.StatusServiceUnavailable, code)
			break
		}
	}
	assert.Equal(t, codes.Unavailable, status.Code(byGRPC(t.Context(), actionsOf(50, "refused"))))
	code, _ := asJSON(t, httpPort, actionsOf(101, "large"))
	assert.Equal(t, http.StatusInternalServerError, code)
	assert.Equal(t, codes.Internal, status.Code(byGRPC(t.Context(), actionsOf(101, "large"))))

	target.set(t, "faults", []map[string]any{})
	require.Eventually(t, func() bool { return len(target.profiles(t)) == taken }, patience, tick, "what was answered is kept")
	c.end(t)
}

// syslogMessage is one of 500 visitors, with so many words more.
func syslogMessage(n, words int) string {
	return fmt.Sprintf(`<13>1 2026-01-05T08:00:04.129Z store-17 till - - [offline@32473 customer.id="c%d" profile.n="%d"] %s`,
		n%500, n, strings.Repeat("padding ", words))
}

// lastOfEach are the profiles that so many syslog messages leave.
func lastOfEach(messages int) map[string]map[string]string {
	last := make(map[string]map[string]string)
	for n := range messages {
		last[fmt.Sprintf("c%d", n%500)] = map[string]string{"n": strconv.Itoa(n)}
	}
	return last
}

// TestASyslogSenderOverTCPWaitsForAFullQueue sends more than queue and sockets hold. The sender
// can write no more until Target is back, and then everything arrives.
func TestASyslogSenderOverTCPWaitsForAFullQueue(t *testing.T) {
	const messages = 900
	endpoint := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	t.Setenv("SYSLOG_ENDPOINT", endpoint)
	t.Setenv("STATE_DIR", t.TempDir())
	target := inAnOutage(t)
	c := startRecipe(t, recipe(t, "Syslog"), target, full...)
	var dialer net.Dialer
	till, err := dialer.DialContext(t.Context(), "tcp", endpoint)
	require.NoError(t, err)
	defer till.Close()

	var written atomic.Int64
	failed := make(chan error, 1)
	go func() {
		for n := range messages {
			if _, err := fmt.Fprintln(till, syslogMessage(n, 5000)); err != nil {
				failed <- err
				return
			}
			written.Add(1)
		}
		failed <- nil
	}()
	before := int64(-1)
	require.Eventually(t, func() bool {
		last := before
		before = written.Load()
		return before > 0 && before == last
	}, patience, time.Second, "the sender is not made to wait")
	assert.Less(t, before, int64(messages))
	assert.Less(t, c.metric("otelcol_adobe_target_records_received"), messages)

	target.set(t, "faults", []map[string]any{})
	require.NoError(t, <-failed)
	c.settled(t, messages)
	assert.Equal(t, lastOfEach(messages), target.profiles(t))
	c.end(t)
}

// TestSyslogOverUDPLosesWhatItHasNoRoomFor is why the documentation advises against it: the same messages at
// the same pace all arrive while there is room.
func TestSyslogOverUDPLosesWhatItHasNoRoomFor(t *testing.T) {
	const messages = 1500
	endpoint := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	t.Setenv("SYSLOG_ENDPOINT", endpoint)
	t.Setenv("STATE_DIR", t.TempDir())
	target := startTarget(t)
	c := startRecipe(t, strings.Replace(recipe(t, "Syslog"), "    tcp:\n", "    udp:\n", 1), target,
		append(full, "--set=extensions.file_storage/queue.fsync=false")...)
	var dialer net.Dialer
	till, err := dialer.DialContext(t.Context(), "udp", endpoint)
	require.NoError(t, err)
	defer till.Close()
	send := func() {
		for n := range messages {
			_, err := fmt.Fprint(till, syslogMessage(n, 1))
			require.NoError(t, err)
			if n%10 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	send()
	c.settled(t, messages)

	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	send()
	target.set(t, "faults", []map[string]any{})
	assert.Zero(t, c.drained(t, patience))
	received := c.metric("otelcol_adobe_target_records_received")
	assert.Greater(t, received, messages)
	assert.Less(t, received, 2*messages)
	assert.Equal(t, received, c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	c.end(t)
}
