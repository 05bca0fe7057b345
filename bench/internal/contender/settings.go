// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Settings are the exporter's, as far as they differ between what is measured. What is not set is
// as the defaults are, but for the quota and the pace: the harness makes more calls than a day has,
// so they are out of the way unless they are measured.
type Settings struct {
	Endpoint string
	// Certificate is the folder of the certificate to trust, if any.
	Certificate string
	HTTP2       bool
	Concurrency int
	// MergeWindow is how long a visitor's entry waits, such as "0s"; "" is the default.
	MergeWindow string
	// Queue is where records wait first.
	Queue     Queue
	QueueSize int
	// Pace is calls_per_second; 0 is no pace. Burst is how many calls may leave at once after a
	// rest.
	Pace  float64
	Burst int
	// MaxRows is how many rows an upload may have. 0 is by single calls.
	MaxRows int
}

// Queue is where records wait first.
type Queue string

// The queues of an exporter.
const (
	InMemory  Queue = ""
	InStorage Queue = "file_storage/queue"
	// NoQueue has whoever hands on records wait for their calls.
	NoQueue Queue = "none"
)

// exporter returns the settings as a configuration has them.
func (s Settings) exporter() map[string]any {
	profile := make([]any, len(records.Fields))
	for i, f := range records.Fields {
		profile[i] = map[string]any{"parameter": f.Parameter, "attribute": f.Field}
	}
	queue := map[string]any{"enabled": s.Queue != NoQueue}
	if s.Queue == InStorage {
		queue["storage"] = string(InStorage)
	}
	if s.QueueSize > 0 {
		queue["queue_size"] = s.QueueSize
	}
	exporter := map[string]any{
		"client_code": "acme",
		"endpoint":    s.Endpoint,
		"visitor": []any{map[string]any{
			"parameter": "mbox3rdPartyId",
			"attribute": "customer.id",
		}},
		"profile":       profile,
		"quota":         map[string]any{"calls": 1_000_000_000},
		"rate_limit":    s.rateLimit(),
		"sending_queue": queue,
	}
	if s.Certificate != "" {
		exporter["tls"] = map[string]any{"ca_file": server.CertificateFile(s.Certificate)}
		exporter["force_attempt_http2"] = s.HTTP2
	}
	if s.Concurrency > 0 {
		exporter["concurrency"] = s.Concurrency
	}
	if s.MergeWindow != "" {
		exporter["outbox"] = map[string]any{"merge_window": s.MergeWindow}
	}
	if s.MaxRows > 0 {
		exporter["route"], exporter["bulk"] = "bulk", s.bulk()
	}
	return exporter
}

// bulk has uploads be as many and as large as Adobe allows, and ends them soon.
func (s Settings) bulk() map[string]any {
	return map[string]any{
		"max_rows": s.MaxRows, "max_bytes": "48MB", "calls_per_minute": route.MaxBulkCalls,
		"interval": "1s", "status": map[string]any{"initial_delay": "1s"},
	}
}

func (s Settings) rateLimit() map[string]any {
	if s.Pace == 0 {
		return map[string]any{"enabled": false}
	}
	limit := map[string]any{"calls_per_second": s.Pace}
	if s.Burst > 0 {
		limit["burst"] = s.Burst
	}
	return limit
}
