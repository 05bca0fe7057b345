// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// finalCounts are the counters of a run at its very end, when everything has been
// shut down: no page shows those.
type finalCounts struct {
	// read are the records that a receiver passed on, and that were taken; received are those
	// that the exporters took.
	read, received               int
	delivered, skipped, rejected int
	// recovered are those that an earlier run has left.
	recovered int
	calls     int
}

func (f finalCounts) ended() int { return f.delivered + f.skipped + f.rejected }

// left returns how many records the run has left for the next one.
func (f finalCounts) left() int { return f.received + f.recovered - f.ended() }

func (f finalCounts) plus(g finalCounts) finalCounts {
	return finalCounts{
		read: f.read + g.read, received: f.received + g.received, delivered: f.delivered + g.delivered, skipped: f.skipped + g.skipped,
		rejected: f.rejected + g.rejected, recovered: f.recovered + g.recovered, calls: f.calls + g.calls,
	}
}

// consoleMetrics is the part of what the console exporter prints that is read here.
type consoleMetrics struct {
	ScopeMetrics []struct {
		Metrics []struct {
			Name string
			Data json.RawMessage
		}
	}
}

type consoleSum struct {
	DataPoints []struct {
		Attributes []struct {
			Key   string
			Value struct{ Value any }
		}
		Value float64
	}
}

// finals returns the last counters of a run that has ended.
func (c *collector) finals(t *testing.T) finalCounts {
	t.Helper()
	var f finalCounts
	found := false
	lines := json.NewDecoder(strings.NewReader(c.stdout.String()))
	for {
		var page consoleMetrics
		err := lines.Decode(&page)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "what the console exporter printed")
		f, found = page.counts(t), true
	}
	require.True(t, found, "the run printed its last metrics")
	return f
}

func (m consoleMetrics) counts(t *testing.T) (f finalCounts) {
	t.Helper()
	for _, scope := range m.ScopeMetrics {
		for _, metric := range scope.Metrics {
			switch metric.Name {
			case "otelcol_receiver_accepted_log_records":
				f.read += sum(t, metric.Data, "")
			case "otelcol.adobe_target.records":
				f.delivered += sum(t, metric.Data, "delivered")
				f.skipped += sum(t, metric.Data, "skipped")
				f.rejected += sum(t, metric.Data, "rejected")
			case "otelcol.adobe_target.records.received":
				f.received += sum(t, metric.Data, "")
			case "otelcol.adobe_target.records.recovered":
				f.recovered += sum(t, metric.Data, "")
			case "otelcol.adobe_target.calls":
				f.calls += sum(t, metric.Data, "")
			}
		}
	}
	return f
}

// sum adds up the series that have an outcome, or all of them.
func sum(t *testing.T, data json.RawMessage, outcome string) int {
	t.Helper()
	var series consoleSum
	require.NoError(t, json.Unmarshal(data, &series))
	total := 0.0
	for _, point := range series.DataPoints {
		matches := outcome == ""
		for _, a := range point.Attributes {
			matches = matches || a.Key == "outcome" && a.Value.Value == outcome
		}
		if matches {
			total += point.Value
		}
	}
	return int(total)
}
