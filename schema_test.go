// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"
)

var update = flag.Bool("update", false, "write docs/adobe_target.schema.json anew")

// editorSchema is what editors complete and check a Collector's configuration by. It is made with the
// newest Collector, so that it knows the keys of the distribution.
var editorSchema = filepath.Join("docs", "adobe_target.schema.json")

// settings returns config.schema.yaml with what it refers to.
func settings(t *testing.T) map[string]any {
	t.Helper()
	resolved, err := schema.Resolve(".", schema.NewModules("go.newest.mod"))
	require.NoError(t, err)
	return resolved
}

func TestEditorSchema_IsOfConfigSchema(t *testing.T) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(schema.OfCollector("adobe_target", schema.Standalone(settings(t)))))
	if *update {
		require.NoError(t, os.WriteFile(editorSchema, text.Bytes(), 0o600))
	}
	committed, err := os.ReadFile(editorSchema) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(committed), "it is out of date: go test . -run TestEditorSchema -update")
}

// judge says what an editor has against a configuration.
type judge struct{ schema *jsonschema.Resolved }

func newJudge(t *testing.T) judge {
	t.Helper()
	text, err := os.ReadFile(editorSchema) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	var read jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &read))
	resolved, err := read.Resolve(nil)
	require.NoError(t, err)
	return judge{resolved}
}

// exporter judges the section of one exporter.
func (j judge) exporter(t *testing.T, section any) error {
	t.Helper()
	return j.collector(t, map[string]any{"exporters": map[string]any{"adobe_target": section}})
}

// collector judges a whole configuration.
func (j judge) collector(t *testing.T, config any) error {
	t.Helper()
	text, err := json.Marshal(config) // as an editor sees it, which knows no NaN
	require.NoError(t, err)
	var instance any
	require.NoError(t, json.Unmarshal(text, &instance))
	return j.schema.Validate(instance)
}

func TestEditorSchema_TakesEveryExample(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("examples", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	j := newJudge(t)
	for _, file := range append(files, filepath.Join("testdata", "every-component.yaml")) {
		text, err := os.ReadFile(file) //nolint:gosec // a file of the repository
		require.NoError(t, err)
		var config map[string]any
		require.NoError(t, yaml.Unmarshal(text, &config))
		require.Contains(t, config, "exporters", file)
		assert.NoError(t, j.collector(t, config), file)
	}
}

func TestEditorSchema_TakesEveryYAMLOfTheDocumentation(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join("docs", "*.md"))
	require.NoError(t, err)
	j, judged := newJudge(t), 0
	for _, document := range append(documents, "README.md") {
		text, err := os.ReadFile(document) //nolint:gosec // a document of the repository
		require.NoError(t, err)
		for _, part := range strings.Split(string(text), "```yaml\n")[1:] {
			block, _, _ := strings.Cut(part, "\n```")
			var config map[string]any
			if yaml.Unmarshal([]byte(block), &config) != nil || config["dist"] != nil { // a builder's manifest, or a list
				continue
			}
			require.NoError(t, j.collector(t, config), "%s:\n%s", document, block)
			judged++
		}
	}
	assert.Positive(t, judged)
}

// unseen are the mistakes that a schema does not see: what concerns two settings at once, what is
// inside a text, and how long a duration is.
var unseen = map[string]string{
	"config.yaml": "",
	"invalid.yaml": `accept_encoding condition content_type drain_timeout duration_of_nanoseconds endpoint_host
		endpoint_of_a_call_before_a_gateway endpoint_of_another_call endpoint_of_the_call endpoint_password endpoint_port
		endpoint_with_a_path_at_target fewer_connections_than_calls give_up_after host idempotency_key initial_interval
		insecure_beside_a_certificate insecure_beside_a_version
		initial_interval_zero max_interval max_retry_after max_retry_after_long merge_window_long merge_window_negative
		path_escape path_of_another_call profile_expression profile_path_without_context profile_with_a_control_character
		profile_with_two_sources proxy
		proxy_host proxy_password proxy_port query_with_get queue_smaller_than_batch quota_window timeout visitor_expression`,
	"route.yaml": `api_with_delivery auth_with_delivery authorization_with_delivery cookie_with_delivery delivery_switched_off
		delivery_with_single endpoint_of_a_gateways_call endpoint_of_an_update long_values_with_delivery quota_without_calls
		rate_limit_off_with_delivery rate_limit_with_delivery several_faults`,
	"bulk.yaml": `bulk_with_delivery bulk_with_single bytes_too_many callers_wait delivery_with_bulk endpoint_of_a_status
		endpoint_of_an_update endpoint_of_an_upload endpoint_of_an_upload_with_single interval_short path_of_an_upload
		remembered_by_v1 several_faults status_after_its_end switched_off without_a_queue`,
	"quota.yaml": `redis_and_storage redis_as_a_url redis_db_in_a_cluster redis_lease_short redis_of_two_kinds redis_with_a_line_break
		redis_port_zero redis_username_alone redis_without_endpoint shared_and_in_redis shared_by_too_many shared_uploads_by_many`,
	"overflow.yaml": `bulk_switched_off bulk_with_delivery callers_wait delivery_switched_off delivery_with_bulk of_bulk
		of_delivery wait_alone wait_long wait_short wait_with_bulk without_a_queue`,
}

// unfinished has a key without a value: the exporter takes its default, an editor says that it is empty.
const unfinished = "adobe_target/delivery_with_nothing"

// TestEditorSchema_TakesWhatTheExporterTakes has the two judge the configurations that the tests of
// Config load.
func TestEditorSchema_TakesWhatTheExporterTakes(t *testing.T) {
	j := newJudge(t)
	for file, unseen := range unseen {
		conf, err := confmaptest.LoadConf(filepath.Join("testdata", file))
		require.NoError(t, err)
		var passed []string
		for _, block := range slices.Sorted(maps.Keys(conf.ToStringMap())) {
			section := conf.Get(block)
			if block == unfinished || block == "adobe_target/multiplier_not_a_number" { // which JSON does not know
				continue
			}
			_, refused := loadConfig(t, file, block)
			judged := j.exporter(t, section)
			if refused == nil {
				require.NoError(t, judged, "%s %s", file, block)
			} else if judged == nil {
				passed = append(passed, strings.TrimPrefix(block, "adobe_target/"))
			}
		}
		assert.ElementsMatch(t, strings.Fields(unseen), passed, file)
	}
}
