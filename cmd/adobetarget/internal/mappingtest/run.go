// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"context"
	"iter"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
)

// Result is what came of one test.
type Result struct {
	*Test
	// Differences are lines that say what differs, none when the test has passed.
	Differences []string
	Took        time.Duration

	got *Expected
}

// Passed reports whether all came as expected.
func (r *Result) Passed() bool { return len(r.Differences) == 0 }

// Run runs the tests whose names are chosen. The error is that of the configuration.
func (f *File) Run(ctx context.Context, chosen func(name string) bool, logger *zap.Logger) ([]*Result, error) {
	exporter, err := preview.Load(ctx, preview.Source{URIs: f.Config, Exporter: f.Exporter, Logger: logger})
	if err != nil {
		return nil, err
	}
	var results []*Result
	for _, t := range f.Tests {
		if !chosen(t.Name) {
			continue
		}
		start := time.Now()
		got, err := t.run(ctx, exporter)
		if err != nil {
			return results, at(t.node, "%s: %w", t.Name, err)
		}
		results = append(results, &Result{Test: t, Differences: t.differences(got), Took: time.Since(start), got: got})
	}
	return results, nil
}

func (t *Test) run(ctx context.Context, exporter *preview.Exporter) (*Expected, error) {
	p, err := preview.New(exporter, preview.Options{Each: t.each, ShowIDs: true})
	if err != nil {
		return nil, err
	}
	shown := &preview.Result{}
	if _, err := p.Run(ctx, yielding(t.records), shown); err != nil {
		return nil, err
	}
	got := &Expected{}
	for _, c := range shown.Calls {
		rows := c.Rows
		if c.Row != nil {
			rows = []preview.Row{*c.Row}
		}
		for _, row := range rows {
			got.Calls = append(got.Calls, Call{Visitor: row.Visitor, Parameters: row.Parameters, Records: row.Records, Route: c.Route})
		}
	}
	for _, r := range shown.Records {
		if r.Outcome == preview.OutcomeSkipped {
			got.Skipped = append(got.Skipped, Skip{Record: r.Record, Reason: r.Reason, Place: place(exporter, r.Place), path: r.Place})
		}
	}
	return got, nil
}

// place returns a place in the settings of the exporter.
func place(of *preview.Exporter, path string) string {
	return strings.TrimPrefix(path, "exporters::"+of.ID.String()+"::")
}

func yielding(records []plog.Logs) iter.Seq2[plog.Logs, error] {
	return func(yield func(plog.Logs, error) bool) {
		for _, ld := range records {
			if !yield(ld, nil) {
				return
			}
		}
	}
}
