// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"flag"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write anew what deploy/ has of other files")

// The names of metrics that the files in deploy/ are for.
const (
	plain    = "names without suffixes"
	suffixed = "names with suffixes"
)

// ofTheCore are the names that the Collector's own metrics have with suffixes, those that rules and dashboard use. Those of
// the exporter are made of metadata.yaml.
var ofTheCore = map[string]string{
	"otelcol_process_memory_rss": "otelcol_process_memory_rss_bytes",
	"otelcol_process_uptime":     "otelcol_process_uptime_seconds_total",
}

// units are what Prometheus writes behind a name for a unit. One in braces is none.
var units = map[string]string{"s": "_seconds", "By": "_bytes"}

// suffixes returns the names of the exporter's and the Collector's metrics with suffixes, by those without.
func suffixes(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	for name, m := range readYAML(t, "../metadata.yaml")["telemetry"].(map[string]any)["metrics"].(map[string]any) {
		metric := m.(map[string]any)
		before := strings.ReplaceAll(textOf(metric, "prefix")+name, ".", "_")
		after := before
		if unit := units[textOf(metric, "unit")]; !strings.HasSuffix(after, unit) {
			after += unit
		}
		if sum, ok := metric["sum"].(map[string]any); ok && sum["monotonic"] == true {
			after += "_total"
		}
		names[before] = after
		if _, ok := metric["histogram"]; ok {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				names[before+part] = after + part
			}
		}
	}
	maps.Copy(names, ofTheCore)
	return names
}

var ownName = regexp.MustCompile(`\botelcol_[a-z_]+`)

// withSuffixes returns a text with every name of a metric as it is with suffixes.
func withSuffixes(t *testing.T, text string) string {
	t.Helper()
	names := suffixes(t)
	return ownName.ReplaceAllStringFunc(text, func(name string) string {
		if after, known := names[name]; known {
			return after
		}
		return name
	})
}

// generated begins the rules that are made of others.
const generated = `# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Made of ../alerts.yaml by "make generate", for metrics whose names end in _total
# and have their units: by without_type_suffix: false and without_units: false, or sent over OTLP. Do not edit.

`

func TestTheFilesForNamesWithSuffixesAreMadeOfTheOthers(t *testing.T) {
	from, to := deployed[plain], deployed[suffixed]
	alerts := readFile(t, from.alerts)
	_, alerts, found := strings.Cut(alerts, "\n\ngroups:")
	require.True(t, found)
	d := readDashboard(t, from.dashboard)
	board := strings.Replace(readFile(t, from.dashboard), `"`+d.UID+`"`, `"`+d.UID+`-suffixes"`, 1)
	board = strings.Replace(board, `"`+d.Title+`"`, `"`+d.Title+`, names with suffixes"`, 1)
	for file, want := range map[string]string{to.alerts: generated + "groups:" + withSuffixes(t, alerts), to.dashboard: withSuffixes(t, board)} {
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(want), 0o644)) //nolint:gosec // everybody may read it
		}
		assert.Equal(t, want, readFile(t, file), "%s is out of date: make generate", file)
	}
}
