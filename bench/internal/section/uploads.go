// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// leastRows is how many rows a second uploads have to bring.
const leastRows = 100_000

// uploadsOfBacklog are how many uploads a backlog becomes, by their size: of a million visitors
// those of 100,000 rows, and the largest that Adobe allows.
var uploadsOfBacklog = []int{10, 2}

// uploaded is what was seen while a backlog went by uploads, until all of them were complete.
type uploaded struct {
	drained
	maxRows int
	began   time.Time // when the collector had started, with the whole backlog
}

func (u uploaded) perSecond() float64 {
	return float64(u.stats.Rows) / time.Unix(0, u.stats.LastRow).Sub(u.began).Seconds()
}

// repeated is how many rows there were for each visitor.
func (u uploaded) repeated() float64 { return float64(u.stats.Rows) / float64(u.visitors) }

// uploads builds the largest backlog behind a long merge_window, and sends copies of it by uploads
// of one size and of another.
func (s *suite) uploads(ctx context.Context) (string, error) {
	visitors := s.Backlogs[len(s.Backlogs)-1]
	queue := s.path("queue-uploads")
	held := contender.Settings{MergeWindow: "24h", MaxRows: min(visitors, route.MaxBulkRows)}
	if err := s.build(ctx, queue, visitors, held); err != nil {
		return "", fmt.Errorf("building a backlog: %w", err)
	}
	var runs []uploaded
	for _, uploads := range uploadsOfBacklog {
		run, err := s.upload(ctx, queue, visitors, visitors/uploads)
		if err != nil {
			return "", fmt.Errorf("%d uploads: %w", uploads, err)
		}
		s.progress("  max_rows %d: %.0f rows/s", run.maxRows, run.perSecond())
		runs = append(runs, run)
	}
	return uploadsText(runs), os.RemoveAll(queue)
}

// upload starts a collector on a copy of a backlog, and has all of it come by uploads.
func (s *suite) upload(ctx context.Context, queue string,
	visitors, maxRows int,
) (u uploaded, err error) {
	copied := queue + "-copy"
	err = os.CopyFS(copied, os.DirFS(queue))
	if err != nil {
		return u, err
	}
	seen := server.NewArrivals(visitors)
	to, err := server.Start(ctx, server.Options{Visitors: visitors})
	if err != nil {
		return u, err
	}
	defer to.Kill()
	c, err := s.collectors().Start(ctx, contender.Setup{Storage: copied, Settings: contender.Settings{
		Endpoint: to.URL, MergeWindow: "0s", MaxRows: maxRows,
	}})
	if err != nil {
		return u, err
	}
	defer c.Kill()
	err = c.Offer(ctx, nil)
	if err != nil {
		return u, err
	}
	u.maxRows, u.began = maxRows, time.Now()
	w := &drainWatch{collector: c, server: to, backlog: visitors}
	if u.drained, err = w.run(ctx, seen); err != nil {
		return u, err
	}
	return u, errors.Join(allCame(seen, u.log), os.RemoveAll(copied))
}

func uploadsText(runs []uploaded) string {
	t := report.NewTable("visitors uploaded", "max_rows", "uploads", "MB", "rows/s", "CPU µs/row",
		"peak RSS MB", "its own MB", "rows/visitors")
	for _, u := range runs {
		t.Add(strconv.Itoa(u.visitors), strconv.Itoa(u.maxRows), strconv.FormatInt(u.stats.Uploads, 10),
			report.Short(process.Megabytes(u.stats.Bytes)), fmt.Sprintf("%.0f", u.perSecond()),
			fmt.Sprintf("%.1f", u.cpu.Seconds()*1e6/float64(u.stats.Rows)),
			fmt.Sprintf("%.0f", process.Megabytes(u.Peak)), fmt.Sprintf("%.0f", process.Megabytes(u.Own)),
			fmt.Sprintf("%.2f", u.repeated()))
	}
	var verdicts report.Verdicts
	usual, largest := runs[0], runs[len(runs)-1]
	what := fmt.Sprintf("uploads of %d rows: ", usual.maxRows)
	verdicts.AtLeast(what+"rows/s", usual.perSecond(), leastRows)
	verdicts.AtMost(what+"peak RSS in MB", process.Megabytes(usual.Peak), mostMemory)
	verdicts.AtMost(what+"rows over distinct visitors", usual.repeated(), 1)
	verdicts.Note("Uploads of %d rows took %.2f times the peak RSS of those of %d", largest.maxRows,
		float64(largest.Peak)/float64(usual.Peak), usual.maxRows)
	return t.String() + "\n" + verdicts.String()
}
