// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetricsAreRead(t *testing.T) {
	samples, err := readMetrics(strings.NewReader(`# HELP x_total what it counts
# TYPE x_total counter
x_total 3

plain 2.5 1700000000000
labels{a="1",b="two words"} 7
empty{} 1e+06
escaped{path="C:\\dir",quote="\"",line="a\nb",brace="{}"} 4
`))
	require.NoError(t, err)
	assert.Equal(t, []sample{
		{"x", map[string]string{}, 3},
		{"plain", map[string]string{}, 2.5},
		{"labels", map[string]string{"a": "1", "b": "two words"}, 7},
		{"empty", map[string]string{}, 1e6},
		{"escaped", map[string]string{"path": `C:\dir`, "quote": `"`, "line": "a\nb", "brace": "{}"}, 4},
	}, samples)
}

func TestWhatIsNoMetricsPageIsAnError(t *testing.T) {
	for name, tt := range map[string]struct{ page, want string }{
		"only a name":                  {"ok 1\nname\n", "metrics, line 2: no name and value"},
		"no name":                      {"{a=\"1\"} 1\n", "metrics, line 1: no name and value"},
		"no value":                     {"name{a=\"1\"}\n", "metrics, line 1: no value"},
		"a word for a value":           {"name many\n", "metrics, line 1: the value is no number"},
		"words behind the value":       {"name 1 2 3\n", "metrics, line 1: no value"},
		"a label without a value":      {"name{a} 1\n", "metrics, line 1: a label without a value"},
		"a label that does not end":    {"name{a=\"1} 1\n", "metrics, line 1: a label whose value does not end"},
		"a brace that does not end":    {"name{a=\"1\" 1\n", "metrics, line 1: a label without a value"},
		"a line that is no metric one": {"<html>\n", "metrics, line 1: no name and value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readMetrics(strings.NewReader(tt.page))
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestTheAccountAddsUpWhatTheMetricsSay(t *testing.T) {
	samples, err := readMetrics(strings.NewReader(`
otelcol_receiver_accepted_log_records_total{receiver="a"} 7
otelcol_receiver_accepted_log_records_total{receiver="b"} 4
otelcol_adobe_target_records_total{outcome="delivered"} 8
otelcol_adobe_target_records_total{outcome="skipped",reason="condition"} 2
otelcol_adobe_target_records_total{outcome="rejected",reason="status_400"} 1
otelcol_adobe_target_parameters_dropped_total{reason="null"} 3
otelcol_adobe_target_calls_total{http_response_status_code="200",outcome="delivered"} 3
otelcol_adobe_target_calls_total{error_type="timeout",outcome="not_now"} 1
otelcol_adobe_target_outbox_records 2
otelcol_adobe_target_call_records_bucket{le="1"} 1
otelcol_adobe_target_call_records_bucket{le="+Inf"} 3
otelcol_adobe_target_call_records_sum 8
otelcol_adobe_target_call_records_count 3
otelcol_process_uptime 12
`))
	require.NoError(t, err)
	a := newAccount(samples)
	assert.Equal(t, account{
		read:    11,
		outbox:  2,
		carried: 8,
		updates: 3,
		records: map[ending]int{{"delivered", ""}: 8, {"skipped", "condition"}: 2, {"rejected", "status_400"}: 1},
		dropped: map[string]int{"null": 3},
		calls:   map[call]int{{"delivered", "200", ""}: 3, {"not_now", "", "timeout"}: 1},
	}, a)
	assert.Equal(t, 11, a.ended())
	assert.Equal(t, 8, a.outcome("delivered"))
	assert.Equal(t, 5, a.merged())
	assert.Equal(t, map[string]int{"condition": 2}, a.reasons("skipped"))
	assert.True(t, a.equal(newAccount(samples)))
	assert.False(t, a.equal(newAccount(samples[1:])))
}
