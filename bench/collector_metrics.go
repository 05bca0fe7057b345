// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// recordsMetric counts the records that reached their end, by outcome.
const recordsMetric = "otelcol_adobe_target_records"

// What a collector can not tell yet when it has only just started.
var (
	errNoPage   = errors.New("there is no metrics page")
	errNoMetric = errors.New("the page has no such metric")
)

// notYet reports whether a metric is only missing so far.
func notYet(err error) bool { return errors.Is(err, errNoPage) || errors.Is(err, errNoMetric) }

// metrics are those of a collector, by name.
type metrics map[string]*dto.MetricFamily

// metrics returns what the collector counts now. The error is an errNoPage when it may not be so far yet.
func (c *collector) metrics(ctx context.Context) (metrics, error) {
	page, err := get(ctx, c.metricsURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPage, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("the metrics at %s: %w", c.metricsURL, err)
	}
	return families, nil
}

// sum returns the sum of a metric over its series. The error is an errNoMetric when there is none.
func (m metrics) sum(name string) (float64, error) {
	family, found := m[name]
	if !found {
		return 0, fmt.Errorf("%s: %w", name, errNoMetric)
	}
	sum := 0.0
	for _, series := range family.GetMetric() {
		sum += valueOf(series)
	}
	return sum, nil
}

func valueOf(series *dto.Metric) float64 {
	return series.GetCounter().GetValue() + series.GetGauge().GetValue() + series.GetUntyped().GetValue()
}

// outcomes are how many records have come to each of their ends.
type outcomes map[string]int

// outcomes returns those of all records so far.
func (m metrics) outcomes() outcomes {
	found := make(outcomes)
	for _, series := range m[recordsMetric].GetMetric() {
		for _, label := range series.GetLabel() {
			if label.GetName() == "outcome" {
				found[label.GetValue()] += int(valueOf(series))
			}
		}
	}
	return found
}

// records is the number of records at any end.
func (o outcomes) records() int {
	sum := 0
	for _, records := range o {
		sum += records
	}
	return sum
}

// goroutines returns how many goroutines a collector with the pprof extension has.
func (c *collector) goroutines(ctx context.Context) (int, error) {
	text, err := get(ctx, "http://"+c.profile+"/debug/pprof/goroutine?debug=1")
	if err != nil {
		return 0, fmt.Errorf("the goroutines of the collector: %w", err)
	}
	return goroutinesIn(text)
}

// goroutinesIn reads the total at the head of a goroutine profile in text.
func goroutinesIn(profile []byte) (int, error) {
	head, _, _ := strings.Cut(string(profile), "\n")
	total, found := strings.CutPrefix(head, "goroutine profile: total ")
	number, err := strconv.Atoi(total)
	if !found || err != nil {
		return 0, fmt.Errorf("%q is no head of a goroutine profile", head)
	}
	return number, nil
}
