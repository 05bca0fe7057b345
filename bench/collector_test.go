// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestTheConfigurationIsYAMLWithWhatIsSetAndNoMore(t *testing.T) {
	bare := rendered(t, setup{Endpoint: "http://127.0.0.1:1", File: "actions.jsonl"})
	exporter := bare["exporters"].(map[string]any)["adobe_target"].(map[string]any)
	assert.Equal(t, map[string]any{"enabled": false}, exporter["rate_limit"])
	assert.Equal(t, map[string]any{"enabled": true}, exporter["sending_queue"])
	assert.NotContains(t, exporter, "concurrency")
	assert.Len(t, exporter["profile"], len(fields))
	assert.Contains(t, bare["receivers"], "file_log")

	full := rendered(t, setup{Storage: "/queue", Profile: "127.0.0.1:1", Port: 4318, Concurrency: 64, MinBatch: 1, QueueSize: 9, Pace: 11.57, Burst: 1})
	exporter = full["exporters"].(map[string]any)["adobe_target"].(map[string]any)
	assert.Equal(t, map[string]any{"calls_per_second": 11.57, "burst": 1}, exporter["rate_limit"])
	assert.Equal(t, map[string]any{"enabled": true, "storage": "file_storage/queue", "queue_size": 9, "batch": map[string]any{"min_size": 1}}, exporter["sending_queue"])
	assert.Equal(t, []any{"file_storage/queue", "pprof"}, full["service"].(map[string]any)["extensions"])
	assert.Contains(t, full["receivers"], "otlp")
}

func rendered(t *testing.T, set setup) map[string]any {
	t.Helper()
	var text strings.Builder
	require.NoError(t, configuration.Execute(&text, set))
	parsed, err := confmap.NewRetrievedFromYAML([]byte(text.String()))
	require.NoError(t, err)
	conf, err := parsed.AsConf()
	require.NoError(t, err)
	return conf.ToStringMap()
}
