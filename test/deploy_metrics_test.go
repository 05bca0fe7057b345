// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exposed are the values of each label of each metric.
type exposed map[string]map[string][]string

var (
	sampleLine = regexp.MustCompile(`(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? `)
	labelPair  = regexp.MustCompile(`([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"`)
)

// readExposed reads a page of metrics. Prometheus adds the labels of a scrape.
func readExposed(text string) exposed {
	all := exposed{}
	for _, line := range sampleLine.FindAllStringSubmatch(text, -1) {
		labels := all[line[1]]
		if labels == nil {
			labels = map[string][]string{"job": nil, "instance": nil}
			all[line[1]] = labels
		}
		for _, pair := range labelPair.FindAllStringSubmatch(line[2], -1) {
			labels[pair[1]] = append(labels[pair[1]], pair[3])
		}
	}
	return all
}

var (
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	grouping   = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	selector   = regexp.MustCompile(`([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][\w:]*(\s*\()?`)
	duration   = regexp.MustCompile(`\[[^\]]*\]|\b\d+[smhdw]\b|\b\d[\d.]*(?:e\d+)?\b`)
	keywords   = []string{"and", "or", "unless", "offset", "bool"}
)

// unknownIn returns what an expression names that is not exposed: metrics, labels, and values of labels.
func (e exposed) unknownIn(expr string) (unknown []string) {
	var used []string
	expr = selector.ReplaceAllStringFunc(expr, func(text string) string {
		parts := selector.FindStringSubmatch(text)
		for _, pair := range labelPair.FindAllStringSubmatch(parts[2], -1) {
			unknown = append(unknown, e.unknownLabel(parts[1], pair[1], pair[2], pair[3])...)
		}
		return parts[1] + " "
	})
	expr = quoted.ReplaceAllString(expr, "")
	groups := grouping.FindAllStringSubmatch(expr, -1)
	expr = duration.ReplaceAllString(grouping.ReplaceAllString(expr, " "), " ")
	for _, found := range identifier.FindAllString(expr, -1) {
		if strings.HasSuffix(found, "(") || slices.Contains(keywords, found) {
			continue
		}
		used = append(used, found)
		if e[found] == nil {
			unknown = append(unknown, "metric "+found)
		}
	}
	for _, group := range groups {
		for label := range strings.FieldsFuncSeq(group[1], func(r rune) bool { return r == ',' || r == ' ' }) {
			if !slices.ContainsFunc(used, func(metric string) bool { return e.has(metric, label) }) {
				unknown = append(unknown, "label "+label+" of none of "+strings.Join(used, ", "))
			}
		}
	}
	return unknown
}

func (e exposed) has(metric, label string) bool {
	_, has := e[metric][label]
	return has
}

// unknownLabel returns what is not exposed of a matcher. Variables of a dashboard, and what Prometheus or a scrape adds,
// stand for any value.
func (e exposed) unknownLabel(metric, label, operator, value string) (unknown []string) {
	switch {
	case e[metric] == nil:
		return nil // said where the metric is
	case !e.has(metric, label):
		return []string{"label " + label + " of " + metric}
	case strings.Contains(value, "$") || len(e[metric][label]) == 0:
		return nil
	}
	values := []string{value}
	if strings.HasSuffix(operator, "~") {
		values = strings.Split(value, "|")
	}
	for _, v := range values {
		if !slices.Contains(e[metric][label], v) {
			unknown = append(unknown, fmt.Sprintf("value %q of %s of %s", v, label, metric))
		}
	}
	return unknown
}

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
	require.NoError(t, os.WriteFile(file, []byte(everyRoute(t, port, target.url)), 0o600)) //nolint:gosec // in a folder of the test
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
			`otelcol_exporter_enqueue_failed_log_records(_total)?\{exporter="adobe_target/full"\} [1-9]`,
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
	for name, labels := range e {
		own[name] = labels
	}
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

func TestWhatIsNotExposedIsFoundInAnExpression(t *testing.T) {
	e := readExposed("# HELP a_calls x\na_calls{exporter=\"x\",outcome=\"delivered\"} 1\na_calls{exporter=\"x\",outcome=\"rejected\"} 0\na_age 3\n")
	for expr, unknown := range map[string][]string{
		`sum without (outcome) (rate(a_calls{outcome="delivered", job=~"$job"}[5m])) > 0.5 and on (job, instance) a_age offset 1h < 3600`: nil,
		`max_over_time((a_calls unless a_age > 0)[30m:1m]) / ignoring (outcome) group_left () a_age`:                                      nil,
		`rate(a_call[5m]) > 0`:                  {"metric a_call"},
		`a_calls_total or a_age`:                {"metric a_calls_total"},
		`a_calls{outcom="delivered"}`:           {"label outcom of a_calls"},
		`a_age{exporter=~"$exporter"}`:          {"label exporter of a_age"},
		`a_calls{outcome=~"deliverd|rejected"}`: {`value "deliverd" of outcome of a_calls`},
		`a_calls{outcome!="not_now"}`:           {`value "not_now" of outcome of a_calls`},
		`sum by (route) (a_calls)`:              {"label route of none of a_calls"},
		`a_calls / on (exporters) a_age`:        {"label exporters of none of a_calls, a_age"},
	} {
		assert.Equal(t, unknown, e.unknownIn(expr), expr)
	}
}
