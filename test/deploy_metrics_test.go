// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyRoute is a collector with what shows all metrics: a queue in a storage, uploads, and an exporter that refuses.
func everyRoute(t *testing.T, port int, endpoint string) string {
	t.Helper()
	return fmt.Sprintf(`
extensions:
  file_storage/queue: {directory: %[3]s}
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%[1]d"}}}
exporters:
  adobe_target: {client_code: acme, endpoint: "%[2]s", outbox: {merge_window: 0s}, sending_queue: {storage: file_storage/queue}}
  adobe_target/bulk: {client_code: acme, endpoint: "%[2]s", route: bulk, outbox: {merge_window: 0s}, bulk: {%[4]s}}
  adobe_target/full:
    client_code: acme
    endpoint: "%[2]s"
    outbox: {merge_window: 1h, max_visitors: 1}
    sending_queue: {queue_size: 1, block_on_overflow: false}
    drain_timeout: 1s
service:
  extensions: [file_storage/queue]
  pipelines:
    logs: {receivers: [otlp], exporters: [adobe_target, adobe_target/bulk, adobe_target/full]}
`, port, endpoint, t.TempDir(), quickUploads)
}

// expose runs the built collector until it has delivered, uploaded and refused, and returns what it exposes.
func expose(t *testing.T, settings string) exposed {
	t.Helper()
	target, port, metricsPort := startTarget(t), freePort(t), freePort(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(everyRoute(t, port, target.url)), 0o600))
	args := []string{"--config", file, "--config", fmt.Sprintf(
		"yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d%s}}}}]", metricsPort, settings)}
	c := &collector{process: run(t, "otelcol-adobetarget", args...), metricsURL: fmt.Sprintf("http://127.0.0.1:%d/metrics", metricsPort)}
	c.running(t)
	s := newSender(overHTTP(port), 1)
	s.perRequest = 1
	text := ""
	require.EventuallyWithT(t, func(col *assert.CollectT) {
		ld, _, _ := s.request()
		_ = s.export(t.Context(), ld) // one of the exporters refuses it in the end
		var err error
		text, err = get(c.metricsURL)
		require.NoError(col, err)
		for _, event := range []string{
			`otelcol_adobe_target_records(_total)?\{exporter="adobe_target",outcome="delivered",route="single"\} [1-9]`,
			`otelcol_adobe_target_uploads(_total)?\{exporter="adobe_target/bulk",outcome="complete"\} [1-9]`,
			`otelcol_adobe_target_records_given_back(_total)?\{exporter="adobe_target/full",reason="queue_full"\} [1-9]`,
		} {
			assert.Regexp(col, event, text)
		}
	}, patience, 5*tick)
	return readExposed(text)
}

// ofPrometheus are the series that Prometheus makes itself, and those that rules record.
func ofPrometheus(e exposed, rules []rule) exposed {
	own := exposed{}
	for _, r := range rules {
		if r.record != "" {
			own[r.record] = map[string][]string{"job": nil, "instance": nil, "exporter": nil}
		}
	}
	own["ALERTS"] = map[string][]string{
		"alertname": append(alertsOf(rules), "AdobeTarget.*"), "alertstate": {"pending", "firing"}, "severity": nil,
		"job": nil, "instance": nil, "exporter": nil,
	}
	own["up"] = map[string][]string{"job": nil, "instance": nil}
	maps.Copy(own, e)
	return own
}

var (
	grafanaTime = regexp.MustCompile(`\$__(?:rate_interval|range|interval)`)
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
)

// checkDashboard returns what the dashboard names that is not exposed.
func (e exposed) checkDashboard(t *testing.T, file string) (unknown []string) {
	t.Helper()
	d := readDashboard(t, file)
	note := func(where string, what []string) {
		for _, w := range what {
			unknown = append(unknown, where+": "+w)
		}
	}
	for _, v := range d.Templating.List {
		if query, ok := v.Query.(map[string]any); ok {
			parts := labelValues.FindStringSubmatch(textOf(query, "query"))
			require.NotNil(t, parts, v.Name)
			note("variable "+v.Name, e.unknownIn("sum by ("+parts[2]+") ("+parts[1]+")"))
		}
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			note(p.Title, e.unknownIn(grafanaTime.ReplaceAllString(target.Expr, "5m")))
			for _, label := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				note(p.Title+", legend", e.unknownIn("sum by ("+label[1]+") ("+grafanaTime.ReplaceAllString(target.Expr, "5m")+")"))
			}
		}
	}
	return unknown
}

func TestRulesAndDashboardNameOnlyWhatTheBuiltCollectorExposes(t *testing.T) {
	for names, settings := range map[string]string{
		plain:    "",
		suffixed: ", without_type_suffix: false, without_units: false",
	} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			rules := readRules(t, deployed[names].alerts)
			e := ofPrometheus(expose(t, settings), rules)
			for _, r := range rules {
				assert.Empty(t, e.unknownIn(r.expr), r.alert+r.record)
			}
			assert.Empty(t, e.checkDashboard(t, deployed[names].dashboard))
			other := plain
			if names == plain {
				other = suffixed
			}
			assert.NotEmpty(t, e.checkDashboard(t, deployed[other].dashboard), "the dashboard for %s", other)
		})
	}
}
