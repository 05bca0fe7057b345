// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"context"
	"errors"
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Options are what is to be shown.
type Options struct {
	// Each shows each record's own call. Otherwise the records of a visitor merge, as they do while they wait.
	Each bool
	// ShowIDs shows the ids of visitors, instead of what stands for them.
	ShowIDs bool
}

// ErrEachUpload is that of Options.Each with uploads, in which a visitor has one row.
var ErrEachUpload = errors.New("route bulk merges the records of a visitor into one row of an upload, so records have no calls of their own")

// Output takes what is shown: what becomes of the records in their order, and the calls as soon as they are known.
type Output interface {
	// Read is told of each record when it is read.
	Read(number int, of Origin)
	Record(r Record) error
	Call(c *Call) error
}

// Origin is the record that a Record is about.
type Origin struct {
	Resource plog.ResourceLogs
	Scope    plog.ScopeLogs
	Log      plog.LogRecord
	// Visitor is who it is about, with what stands for the id. Without an update both are of no meaning.
	Visitor profile.Visitor
	Mask    string
}

// Preview shows the calls of one exporter. It may be used for one run after another.
type Preview struct {
	exporter *Exporter
	options  Options
	api      route.API
	mapper   *mapping.Mapper
	bulk     *route.Bulk // nil unless the route is bulk
	uploads  route.BulkConfig
}

// New returns a Preview of an exporter.
func New(e *Exporter, o Options) (*Preview, error) {
	p := &Preview{exporter: e, options: o}
	var err error
	if p.api, err = e.Config.NewAPI(); err != nil {
		return nil, err
	}
	if p.mapper, err = e.Config.NewMapper(p.api); err != nil {
		return nil, err
	}
	if e.Config.Route != route.ToBulk {
		return p, nil
	}
	if o.Each {
		return nil, ErrEachUpload
	}
	p.bulk, p.uploads, err = e.Config.NewBulk()
	return p, err
}

// Run shows what becomes of the records, until they end or one cannot be read.
func (p *Preview) Run(ctx context.Context, records iter.Seq2[plog.Logs, error], out Output) (Totals, error) {
	r := newRun(p, out)
	for ld, err := range records {
		if err == nil {
			err = r.read(ctx, ld)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return r.totals, err
		}
	}
	return r.totals, r.end(ctx)
}
