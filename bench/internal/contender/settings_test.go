// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestOnlyWhatIsSetStandsInTheExportersConfiguration(t *testing.T) {
	bare := Settings{Endpoint: "http://127.0.0.1:1"}.exporter()
	assert.Equal(t, map[string]any{"enabled": false}, bare["rate_limit"])
	assert.Equal(t, map[string]any{"enabled": true}, bare["sending_queue"])
	assert.Len(t, bare["profile"], len(records.Fields))
	for _, name := range []string{"concurrency", "outbox", "tls", "force_attempt_http2", "route", "bulk"} {
		assert.NotContains(t, bare, name)
	}

	full := Settings{
		Certificate: "/certificates", Concurrency: 64, MergeWindow: "0s", Queue: InStorage,
		QueueSize: 9, Pace: 11.57, Burst: 1,
	}.exporter()
	assert.Equal(t, map[string]any{"calls_per_second": 11.57, "burst": 1}, full["rate_limit"])
	assert.Equal(t, map[string]any{
		"enabled": true, "storage": "file_storage/queue",
		"queue_size": 9,
	}, full["sending_queue"])
	assert.Equal(t, map[string]any{"merge_window": "0s"}, full["outbox"])
	assert.Equal(t, map[string]any{"ca_file": "/certificates/certificate.pem"}, full["tls"])
	assert.Equal(t, false, full["force_attempt_http2"])
	assert.Equal(t, 64, full["concurrency"])

	uploads := Settings{MaxRows: 100_000}.exporter()
	assert.Equal(t, "bulk", uploads["route"])
	assert.Equal(t, 100_000, uploads["bulk"].(map[string]any)["max_rows"])

	assert.Equal(t, map[string]any{"enabled": false},
		Settings{Queue: NoQueue}.exporter()["sending_queue"])
}

func TestTheExporterTakesItsConfiguration(t *testing.T) {
	cfg := adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config)
	set := Settings{
		Endpoint: "http://127.0.0.1:1", Concurrency: 64, Queue: InStorage,
		QueueSize: 20_000, Pace: 11.57, Burst: 1,
	}
	require.NoError(t, confmap.NewFromStringMap(set.exporter()).Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	assert.Equal(t, 64, cfg.Concurrency)
	assert.Equal(t, InStorage, Queue(cfg.QueueConfig.Get().StorageID.String()))
}

func TestTheExporterTakesUploadsAsLargeAsTheyMayBe(t *testing.T) {
	cfg := adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config)
	set := Settings{
		Endpoint: "http://127.0.0.1:1", Queue: InStorage, MergeWindow: "24h",
		MaxRows: route.MaxBulkRows,
	}
	require.NoError(t, confmap.NewFromStringMap(set.exporter()).Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	bulk := cfg.Bulk.Get()
	assert.Equal(t, route.ToBulk, cfg.Route)
	assert.Equal(t, []int{route.MaxBulkRows, route.MaxBulkBytes, route.MaxBulkCalls},
		[]int{bulk.MaxRows, int(bulk.MaxBytes), bulk.CallsPerMinute})
}

func TestACollectorHasTheReceiverAndTheExtensionsThatAreAskedFor(t *testing.T) {
	at := ports{metrics: 1, otlp: 2, profiles: 3}
	file := configured(t, Setup{File: "actions.jsonl"}, at)
	assert.Equal(t, []any{"file_log"},
		file["service"].(map[string]any)["pipelines"].(map[string]any)["logs"].(map[string]any)["receivers"])
	assert.Empty(t, file["service"].(map[string]any)["extensions"])
	assert.Contains(t, file["receivers"], "file_log")

	full := configured(t, Setup{Storage: "/queue", Profiled: true}, at)
	assert.Equal(t, []any{"file_storage/queue", "pprof"},
		full["service"].(map[string]any)["extensions"])
	assert.Contains(t, full["receivers"], "otlp")
	assert.Equal(t, map[string]any{"directory": "/queue", "create_directory": true},
		full["extensions"].(map[string]any)["file_storage/queue"])
	exporter := full["exporters"].(map[string]any)["adobe_target"].(map[string]any)
	assert.Equal(t, map[string]any{"enabled": true, "storage": "file_storage/queue"},
		exporter["sending_queue"])
}

// configured returns a configuration as a collector reads it.
func configured(t *testing.T, s Setup, at ports) map[string]any {
	t.Helper()
	text, err := yaml.Marshal(s.collector(at))
	require.NoError(t, err)
	parsed, err := confmap.NewRetrievedFromYAML(text)
	require.NoError(t, err)
	conf, err := parsed.AsConf()
	require.NoError(t, err)
	return conf.ToStringMap()
}
