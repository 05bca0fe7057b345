// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

// setup is what differs between the collectors of the harness. What is not set is as the defaults are.
type setup struct {
	Endpoint string
	// File is what file_log reads. Without it the collector takes OTLP at Port.
	File string
	Port int
	// Storage is the folder of a persistent queue; without it the queue is in memory.
	Storage string
	// Concurrency, MinBatch and QueueSize are the exporter's settings, 0 for the default.
	Concurrency, MinBatch, QueueSize int
	// Pace is calls_per_second; 0 is no pace. Burst is how many calls may leave at once after a rest, 0 for the default.
	Pace  float64
	Burst int
	// Metrics is the port of the metrics page.
	Metrics int
	// Group bounds the memory, unless it is nil.
	Group   *group
	Profile string // address of the pprof extension, if any
}

// The quota is out of the way, for the harness makes more calls than a day has. The pace is too, unless it is measured.
var configuration = template.Must(template.New("").Funcs(template.FuncMap{"fields": func() any { return fields }}).Parse(`
extensions:
{{- if .Storage}}
  file_storage/queue: {directory: {{.Storage}}, create_directory: true}
{{- end}}
{{- if .Profile}}
  pprof: {endpoint: {{.Profile}}}
{{- end}}
receivers:
{{- if .File}}
  file_log:
    include: [{{.File}}]
    start_at: beginning
    max_concurrent_files: 1
    retry_on_failure: {enabled: true, max_elapsed_time: 0}
    operators:
      - {type: json_parser, parse_to: attributes, parse_ints: true}
{{- else}}
  otlp: {protocols: {http: {endpoint: "127.0.0.1:{{.Port}}"}}}
{{- end}}
exporters:
  adobe_target:
    client_code: acme
    endpoint: {{.Endpoint}}
    visitor: [{parameter: mbox3rdPartyId, attribute: customer.id}]
    profile:
{{- range fields}}
      - {parameter: {{.Parameter}}, attribute: {{.Field}}}
{{- end}}
{{- if .Concurrency}}
    concurrency: {{.Concurrency}}
{{- end}}
    quota: {calls: 1000000000}
{{- if .Pace}}
    rate_limit: {calls_per_second: {{.Pace}}{{if .Burst}}, burst: {{.Burst}}{{end}}}
{{- else}}
    rate_limit: {enabled: false}
{{- end}}
    sending_queue:
      enabled: true
{{- if .Storage}}
      storage: file_storage/queue
{{- end}}
{{- if .QueueSize}}
      queue_size: {{.QueueSize}}
{{- end}}
{{- if .MinBatch}}
      batch: {min_size: {{.MinBatch}}}
{{- end}}
service:
  extensions: [{{if .Storage}}file_storage/queue{{end}}{{if and .Storage .Profile}}, {{end}}{{if .Profile}}pprof{{end}}]
  pipelines:
    logs: {receivers: [{{if .File}}file_log{{else}}otlp{{end}}], exporters: [adobe_target]}
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus: {host: 127.0.0.1, port: {{.Metrics}}, without_scope_info: true, without_type_suffix: true, without_units: true}
`))

// collector is the distribution in its own process.
type collector struct {
	*process
	metricsURL string
	profile    string // address of the pprof extension, if there is one
}

// settling is how long a collector that has little to do takes until all of it has begun.
const settling = 3 * time.Second

// keepOrder makes file_log hand on what it read before it reads on, as the examples have it.
const keepOrder = "--feature-gates=stanza.synchronousLogEmitter"

func (s *suite) startCollector(ctx context.Context, set setup) (*collector, error) {
	var err error
	if set.Metrics, err = freePort(ctx); err != nil {
		return nil, err
	}
	path := s.path("collector.yaml")
	file, err := os.Create(path) //nolint:gosec // G304: a file of the harness
	if err != nil {
		return nil, err
	}
	defer file.Close()
	err = configuration.Execute(file, set)
	if err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(s.collector)
	if err != nil {
		return nil, err
	}
	args := []string{"--config", path, keepOrder}
	if set.Group != nil {
		binary, args = set.Group.command(binary, args...)
	}
	p, err := start(ctx, binary, args...)
	if err != nil {
		return nil, err
	}
	p.name = filepath.Base(s.collector)
	return &collector{process: p, metricsURL: fmt.Sprintf("http://127.0.0.1:%d/metrics", set.Metrics), profile: set.Profile}, nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := listen(ctx)
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
