// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

// The metrics that the harness reads, as the exporter names them and as they stand on the page,
// where units are left out.
const (
	// recordsInstrument and recordsMetric count the records that reached their end, by outcome.
	recordsInstrument = "otelcol.adobe_target.records"
	recordsMetric     = "otelcol_adobe_target_records"
	// QueueSize is the number of records in the exporterhelper's queue.
	QueueSize = "otelcol_exporter_queue_size"
	// OutboxRecords and OutboxVisitors are the numbers of those that wait in the outbox.
	OutboxRecords  = "otelcol_adobe_target_outbox_records"
	OutboxVisitors = "otelcol_adobe_target_outbox_visitors"
)

// What a collector can not tell yet when it has only just started.
var (
	ErrNoPage   = errors.New("there is no metrics page")
	ErrNoMetric = errors.New("the page has no such metric")
)

// NotYet reports whether a metric is only missing so far.
func NotYet(err error) bool { return errors.Is(err, ErrNoPage) || errors.Is(err, ErrNoMetric) }

// Metrics are those of a collector, by name.
type Metrics map[string]*dto.MetricFamily

// Metrics returns what the collector counts now. The error is an ErrNoPage when it may not be so
// far yet.
func (c *Collector) Metrics(ctx context.Context) (Metrics, error) {
	page, err := process.Get(ctx, c.MetricsURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPage, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("the metrics at %s: %w", c.MetricsURL, err)
	}
	return families, nil
}

// Sum returns the sum of a metric over its series. The error is an ErrNoMetric when there is none.
func (m Metrics) Sum(name string) (float64, error) {
	family, found := m[name]
	if !found {
		return 0, fmt.Errorf("%s: %w", name, ErrNoMetric)
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

// Outcomes are how many records have come to each of their ends.
type Outcomes map[string]int

// Outcomes returns those of all records so far.
func (m Metrics) Outcomes() Outcomes {
	found := make(Outcomes)
	for _, series := range m[recordsMetric].GetMetric() {
		for _, label := range series.GetLabel() {
			if label.GetName() == "outcome" {
				found[label.GetValue()] += int(valueOf(series))
			}
		}
	}
	return found
}

// Records is the number of records at any end.
func (o Outcomes) Records() int {
	sum := 0
	for _, records := range o {
		sum += records
	}
	return sum
}

// holds reports whether so many visitors wait in the outbox, and nothing in the queue before it. It
// is an error when a record has come to an end.
func (m Metrics) holds(visitors int) (waiting float64, all bool, err error) {
	if ends := m.Outcomes(); ends.Records() > 0 {
		return 0, false, fmt.Errorf("records that have to wait came to %v", ends)
	}
	queued, err := m.Sum(QueueSize)
	if err != nil {
		return 0, false, err
	}
	waiting, err = m.Sum(OutboxVisitors)
	return waiting, err == nil && queued == 0 && waiting >= float64(visitors), err
}

// Held returns the number of records that the collector holds, in its queue and in the outbox.
func (m Metrics) Held() (float64, error) {
	queued, err := m.Sum(QueueSize)
	if err != nil {
		return 0, err
	}
	waiting, err := m.Sum(OutboxRecords)
	return queued + waiting, err
}
