// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// operating is the page that alerts and panels lead to, and where it is for who has no checkout.
const (
	operating    = "docs/operating.md"
	operatingURL = "https://github.com/otelcol-adobetarget/adobetargetexporter/blob/main/" + operating
)

// deployed are the files that operators take, by the names of metrics that they are for.
var deployed = map[string]struct{ alerts, dashboard string }{
	plain:    {"../deploy/prometheus/alerts.yaml", "../deploy/grafana/dashboard.json"},
	suffixed: {"../deploy/prometheus/suffixes/alerts.yaml", "../deploy/grafana/suffixes/dashboard.json"},
}

// rule is one of the rules of Prometheus.
type rule struct {
	alert, record, expr, severity string
	summary, description, runbook string
}

// readYAML returns a file as maps and lists.
func readYAML(t *testing.T, file string) map[string]any {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(readFile(t, file)))
	require.NoError(t, err, file)
	raw, err := retrieved.AsRaw()
	require.NoError(t, err, file)
	content, ok := raw.(map[string]any)
	require.True(t, ok, file)
	return content
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	return string(text)
}

// mapsOf returns the elements of a list that are maps.
func mapsOf(list any) (all []map[string]any) {
	elements, _ := list.([]any)
	for _, e := range elements {
		if m, ok := e.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

// textOf returns what stands in a map under keys within each other, "" where it is no text.
func textOf(m map[string]any, keys ...string) string {
	for _, key := range keys[:len(keys)-1] {
		m, _ = m[key].(map[string]any)
	}
	text, _ := m[keys[len(keys)-1]].(string)
	return text
}

func readRules(t *testing.T, file string) (rules []rule) {
	t.Helper()
	for _, group := range mapsOf(readYAML(t, file)["groups"]) {
		for _, r := range mapsOf(group["rules"]) {
			rules = append(rules, rule{
				alert: textOf(r, "alert"), record: textOf(r, "record"), expr: textOf(r, "expr"), severity: textOf(r, "labels", "severity"),
				summary: textOf(r, "annotations", "summary"), description: textOf(r, "annotations", "description"),
				runbook: textOf(r, "annotations", "runbook_url"),
			})
		}
	}
	require.NotEmpty(t, rules, file)
	return rules
}

// alertsOf returns the names of the alerts among rules.
func alertsOf(rules []rule) (names []string) {
	for _, r := range rules {
		if r.alert != "" {
			names = append(names, r.alert)
		}
	}
	return names
}

// assertOnThePage looks whether links lead to headings of the operator's page.
func assertOnThePage(t *testing.T, links ...string) {
	t.Helper()
	anchors := readDocument(readFile(t, "../"+operating)).anchors
	for _, link := range links {
		anchor, found := strings.CutPrefix(link, operatingURL+"#")
		assert.True(t, found && anchors[anchor], "%s leads to no heading of %s", link, operating)
	}
}

func TestEveryAlertSaysWhatItMeansAndLeadsToItsSection(t *testing.T) {
	for names, files := range deployed {
		seen, links := map[string]bool{}, []string(nil)
		for _, r := range readRules(t, files.alerts) {
			if r.alert == "" {
				continue
			}
			assert.False(t, seen[r.alert], "%s stands there twice", r.alert)
			seen[r.alert] = true
			assert.Contains(t, []string{"critical", "warning"}, r.severity, "%s, %s", r.alert, names)
			assert.NotEmpty(t, r.summary, r.alert)
			assert.NotEmpty(t, r.description, r.alert)
			assert.Equal(t, operatingURL+"#"+strings.ToLower(r.alert), r.runbook, r.alert)
			links = append(links, r.runbook)
		}
		assertOnThePage(t, links...)
	}
}

// promtool runs it, and fails where it is not there.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		path, err = exec.LookPath("../.tools/promtool")
	}
	require.NoError(t, err, "promtool tests the alert rules: scripts/debian.sh promtool gets it, or says how to")
	output, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput() //nolint:gosec // the tool and our own files
	assert.NoError(t, err, "promtool %s\n%s", strings.Join(args, " "), output)
}

// ruleTests are the files with tests of the alerts.
func ruleTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../deploy/prometheus/tests/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestTheAlertsFireWhenTheyShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	for names, files := range deployed {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			alerts, err := filepath.Abs(files.alerts)
			require.NoError(t, err)
			promtool(t, "check", "rules", alerts)
			args := []string{"test", "rules"}
			for _, file := range ruleTests(t) {
				text := strings.ReplaceAll(readFile(t, file), "rule_files: [../alerts.yaml]", "rule_files: ["+alerts+"]")
				require.Contains(t, text, alerts, file)
				if names == suffixed {
					text = withSuffixes(t, text)
				}
				copied := filepath.Join(t.TempDir(), filepath.Base(file))
				require.NoError(t, os.WriteFile(copied, []byte(text), 0o600))
				args = append(args, copied)
			}
			promtool(t, args...)
		})
	}
}

// A test without the metrics of its alert, or only with zeros, would show nothing.
func TestEveryAlertHasATestThatFiresAndOneThatDoesNot(t *testing.T) {
	rules := readRules(t, deployed[plain].alerts)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, file := range ruleTests(t) {
		for _, test := range mapsOf(readYAML(t, file)["tests"]) {
			name := textOf(test, "name")
			alert, _, _ := strings.Cut(name, " ")
			expected := mapsOf(test["promql_expr_test"])
			require.Len(t, expected, 1, name)
			require.Contains(t, textOf(expected[0], "expr"), fmt.Sprintf("ALERTS{alertname=%q, alertstate=%q}", alert, "firing"), name)
			assert.Positive(t, moving(t, rules, alert, test), "%s: no series of the alert's own, or only zeros", name)
			samples, ok := expected[0]["exp_samples"].([]any)
			require.True(t, ok, name)
			if strings.HasPrefix(name, alert+" fires ") && assert.NotEmpty(t, samples, name) {
				fires[alert] = true
			}
			if strings.HasPrefix(name, alert+" does not fire ") && assert.Empty(t, samples, name) {
				silent[alert] = true
				assert.Contains(t, textOf(expected[0], "expr"), "max_over_time(", name)
			}
		}
	}
	want := alertsOf(rules)
	slices.Sort(want)
	assert.Equal(t, want, slices.Sorted(maps.Keys(fires)), "alerts with a test that fires")
	assert.Equal(t, want, slices.Sorted(maps.Keys(silent)), "alerts with a near miss that does not")
}

// moving returns how many series of a test belong to the alert and are not 0 throughout.
func moving(t *testing.T, rules []rule, alert string, test map[string]any) (n int) {
	t.Helper()
	at := slices.IndexFunc(rules, func(r rule) bool { return r.alert == alert })
	require.GreaterOrEqual(t, at, 0, "%s is no alert", alert)
	expr := rules[at].expr
	for _, r := range rules {
		if r.record != "" {
			expr = strings.ReplaceAll(expr, r.record, r.expr)
		}
	}
	for _, series := range mapsOf(test["input_series"]) {
		name, _, _ := strings.Cut(textOf(series, "series"), "{")
		if strings.Contains(expr, name) && strings.ContainsAny(textOf(series, "values"), "123456789") {
			n++
		}
	}
	return n
}
