// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// callTimeout is the time of one call in the scenarios.
const callTimeout = 2 * time.Second

// quickOutbox and quickRetry are for scenarios that have no time to lose.
const (
	quickOutbox = "merge_window: 100ms"
	quickRetry  = "{initial_interval: 100ms, max_interval: 200ms}"
)

// setup is what a scenario runs the distribution with: one pipeline from a
// receiver to the exporter, and its state on disk.
type setup struct {
	target *adobe
	port   int
	// state is the folder of the queue, which lasts over restarts. Without it the
	// queue is in memory.
	state string
	// receiver is the configuration of the one receiver, OTLP/HTTP when empty.
	receiver string
	// exporter holds further settings of the exporter, each line indented by four
	// spaces.
	exporter string
	// queue holds further settings of sending_queue, and outbox those of outbox.
	queue, outbox string
	// retry is that of retry_on_failure.
	retry string
}

func newSetup(t *testing.T, target *adobe) setup {
	t.Helper()
	return setup{
		target: target, port: freePort(t), state: t.TempDir(),
		outbox: quickOutbox, retry: quickRetry,
	}
}

func (s setup) start(t *testing.T, args ...string) *collector {
	t.Helper()
	return startCollector(t, s.config(), args...).running(t)
}

func (s setup) config() string {
	receiver := s.receiver
	if receiver == "" {
		receiver = fmt.Sprintf(`  otlp: {protocols: {http: {endpoint: "127.0.0.1:%d"}}}`, s.port)
	}
	queue, extensions, ids := s.queue, "", []string{}
	if s.state != "" {
		queue = strings.TrimSuffix("storage: file_storage/queue, "+queue, ", ")
		extensions = fmt.Sprintf(`extensions:
  file_storage/queue: {directory: %[1]s/queue, create_directory: true}
  file_storage/quota: {directory: %[1]s/quota, create_directory: true}
  file_storage/checkpoints: {directory: %[1]s/checkpoints, create_directory: true}`, s.state)
		ids = []string{"file_storage/queue", "file_storage/quota", "file_storage/checkpoints"}
	}
	name, _, _ := strings.Cut(strings.TrimSpace(receiver), ":")
	return fmt.Sprintf(`%s
receivers:
%s
exporters:
  adobe_target:
    client_code: acme
    endpoint: %s
    timeout: %s
    sending_queue: {%s}
    outbox: {%s}
    retry_on_failure: %s
%s
service:
  extensions: [%s]
  pipelines:
    logs: {receivers: [%s], exporters: [adobe_target]}
`, extensions, receiver, s.target.url, callTimeout, queue, s.outbox, s.retry, s.exporter, strings.Join(ids, ", "), name)
}
