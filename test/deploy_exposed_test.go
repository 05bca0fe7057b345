// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
