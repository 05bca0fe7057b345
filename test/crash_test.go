// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// sender sends records by OTLP as a careful client does: one request after the
// other, each again until it is taken.
type sender struct {
	url    string
	random *rand.Rand

	mu       sync.Mutex
	seq      int
	requests int
	last     map[string]map[string]string
}

// send goes on until it is told to stop, and ends with a request that was taken.
func (s *sender) send(t *testing.T, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		body, last := s.request(t)
		for !s.taken(t, body) {
			time.Sleep(5 * time.Millisecond)
		}
		s.mu.Lock()
		s.requests++
		maps.Copy(s.last, last)
		s.mu.Unlock()
	}
}

// request makes a request of records of a few visitors, with a number that rises
// from record to record.
func (s *sender) request(t *testing.T) ([]byte, map[string]map[string]string) {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	last := make(map[string]map[string]string)
	for range 20 {
		s.seq++
		visitor := "v" + strconv.Itoa(s.random.IntN(300))
		record := records.AppendEmpty()
		record.Attributes().PutStr("mbox3rdPartyId", visitor)
		record.Attributes().PutInt("profile.seq", int64(s.seq))
		last[visitor] = map[string]string{"seq": strconv.Itoa(s.seq)}
	}
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil { // not require: this is not the test's own goroutine
		t.Error(err)
	}
	return body, last
}

func (s *sender) taken(t *testing.T, body []byte) bool {
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// TestAfterAnyNumberOfCrashesNothingIsLostAndNothingIsOutOfOrder kills the
// distribution again and again while records come in and Target fails now and
// then. Every value that the collector took has to arrive, and no visitor may ever
// see an older value after a newer one.
func TestAfterAnyNumberOfCrashesNothingIsLostAndNothingIsOutOfOrder(t *testing.T) {
	const crashes = 20
	target := startTarget(t, "-sequence", "seq", "-latency", "2ms", "-jitter", "5ms")
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 503, "probability": 0.03},
		{"kind": "reset", "probability": 0.01, "applied": true},
	})
	port := freePort(t)
	config := fmt.Sprintf(`
extensions:
  file_storage/queue: {directory: %s, create_directory: true}
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%d"}}}
exporters:
  adobe_target:
    client_code: acme
    endpoint: %s
    concurrency: 4
    rate_limit: {enabled: false}
    sending_queue:
      storage: file_storage/queue
      batch: {flush_timeout: 100ms, min_size: 400}
    retry_on_failure: {initial_interval: 20ms, max_interval: 50ms}
service:
  extensions: [file_storage/queue]
  pipelines:
    logs: {receivers: [otlp], exporters: [adobe_target]}
`, t.TempDir(), port, target.url)

	s := &sender{
		url:    fmt.Sprintf("http://127.0.0.1:%d/v1/logs", port),
		random: rand.New(rand.NewPCG(1, 2)),
		last:   make(map[string]map[string]string),
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.send(t, stop)
	}()

	random := rand.New(rand.NewPCG(3, 4))
	for range crashes {
		before := target.stats(t).Accepted
		c := startCollector(t, config)
		require.Eventually(t, func() bool { return target.stats(t).Accepted > before+random.IntN(400) }, patience, 5*time.Millisecond)
		require.NoError(t, c.cmd.Process.Kill())
		<-c.done
	}
	c := startCollector(t, config)
	close(stop)
	<-done
	target.set(t, "faults", []map[string]any{})
	require.EventuallyWithT(t, func(col *assert.CollectT) {
		assert.Equal(col, s.last, target.profiles(t))
	}, patience, tick)

	stats := target.stats(t)
	t.Logf("%d crashes, %d records taken by the collector in %d requests, %d calls, %d failed, %d values sent again, %d out of order, %d of the last run recovered, %d superseded",
		crashes, 20*s.requests, s.requests, stats.Attempts, stats.Faulted, stats.Repeats, stats.Disorders,
		c.metric("otelcol_adobe_target_records_recovered"), c.metric("otelcol_adobe_target_records", `reason="superseded"`))
	assert.Zero(t, stats.Disorders, "older values after newer ones")
	assert.Zero(t, stats.NotNumbers)
	c.end(t)
}
