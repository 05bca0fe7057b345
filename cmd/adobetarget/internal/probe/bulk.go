// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	// mostOfStatuses is how often the status of a batch is asked for, statusPause what lies between.
	mostOfStatuses = 2
	statusPause    = 10 * time.Second
)

// askBulk uploads a batch of one row, by the version that the configuration has for such an id, and
// follows its status; then by version 1 if that was the other, and one that is none.
func (p *probe) askBulk(ctx context.Context, f *Finding) error {
	configured, err := route.NewBulk(p.subject.bulk, p.subject.endpoint, p.subject.config.ClientCode)
	if err != nil {
		return err
	}
	creates := configured.Creates(p.subject.Visitor.Parameter)
	taken, err := p.upload(ctx, f, versionOf(creates), configured, "Bulk")
	if err != nil {
		return err
	}
	other := p.subject.bulk
	other.Version = route.BulkV1
	if !creates {
		other.Version = route.BulkV2
	}
	// A pcId by version 2 could create a profile beside that of the ECID.
	otherTaken := false
	if creates {
		v1, err := route.NewBulk(other, p.subject.endpoint, p.subject.config.ClientCode)
		if err != nil {
			return err
		}
		if otherTaken, err = p.upload(ctx, f, versionOf(false), v1, "BulkV1"); err != nil {
			return err
		}
	}
	if err := p.wrongUpload(ctx, f, configured); err != nil {
		return err
	}
	switch {
	case taken:
		f.conclude(Fits, "uploads are taken by the configured version"+versions(creates, otherTaken))
	case otherTaken:
		f.conclude(Differs, "uploads of such ids are taken by version 1 only", Setting{Path: "bulk::version", Value: string(other.Version)})
	default:
		f.conclude(Open, "no upload was taken: see the answers")
	}
	return nil
}

func versionOf(creates bool) string {
	if creates {
		return "v2"
	}
	return "v1"
}

func versions(creates, v1 bool) string {
	switch {
	case !creates:
		return ""
	case v1:
		return ", and by version 1 too"
	}
	return "; version 1 takes no such ids"
}

// upload uploads one row of the visitor and asks for its status.
func (p *probe) upload(ctx context.Context, f *Finding, asked string, bulk *route.Bulk, suffix string) (bool, error) {
	if err := p.line.wait(ctx); err != nil {
		return false, p.judge(ctx, route.Answer{}, answered)
	}
	row := route.Row{Visitor: p.subject.Visitor, Parameters: []profile.Parameter{p.mark(suffix)}}
	answer, status := p.uploads(bulk).Upload(ctx, sheetOf(bulk, row), one(row))
	submitted := p.line.heard
	if err := p.settle(ctx, f, "a batch of one row by "+asked, refused, answer); err != nil || answer.Verdict != route.Delivered {
		return false, err
	}
	p.awaited[Prefix+suffix] = p.marker
	last := &f.Cases[len(f.Cases)-1]
	last.parameter, last.Found = Prefix+suffix, p.whereStatusIs(submitted.body)
	if status == "" {
		last.Found += "; it is not followed: " + answer.Detail
		return true, nil
	}
	return true, p.follow(ctx, f, bulk, status)
}

// follow asks for the status of a batch until it is complete, a few times.
func (p *probe) follow(ctx context.Context, f *Finding, bulk *route.Bulk, status string) error {
	for i := range mostOfStatuses {
		pause := pace
		if i > 0 {
			pause = min(statusPause, max(pace, p.wait))
		}
		if err := p.line.pause(ctx, pause); err != nil {
			return p.judge(ctx, route.Answer{}, answered)
		}
		progress, answer := p.uploads(bulk).Status(ctx, status)
		if err := p.settle(ctx, f, "its status", refused, answer); err != nil {
			return err
		}
		if answer.Verdict != route.Delivered {
			return nil
		}
		f.Cases[len(f.Cases)-1].Found = fmt.Sprintf("%s: %d rows, %d without a profile, %d failed", progress.State, progress.Rows, progress.NotFound, progress.Failed)
		if progress.State != route.UploadIncomplete {
			return nil
		}
	}
	return nil
}

// wrongUpload sends a file that does not begin as one.
func (p *probe) wrongUpload(ctx context.Context, f *Finding, bulk *route.Bulk) error {
	if err := p.line.wait(ctx); err != nil {
		return p.judge(ctx, route.Answer{}, refused)
	}
	p.line.replace = func(composed *http.Request) (*http.Request, error) {
		body, err := io.ReadAll(composed.Body)
		body = bytes.TrimPrefix(body, []byte("batch="))
		r := composed.Clone(composed.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return r, err
	}
	defer func() { p.line.replace = nil }()
	row := route.Row{Visitor: p.subject.Visitor, Parameters: []profile.Parameter{p.mark("Wrong")}}
	answer, _ := p.uploads(bulk).Upload(ctx, sheetOf(bulk, row), one(row))
	return p.settle(ctx, f, "a body without batch=", refused, answer)
}

func (p *probe) uploads(bulk *route.Bulk) *route.UploadCaller {
	timeout := p.subject.client.Timeout
	return route.NewUploadCaller(bulk, p.line.client(timeout), userAgent, timeout, maxRetryAfter, noop.Tracer{})
}

func sheetOf(bulk *route.Bulk, row route.Row) *route.Sheet {
	sheet := route.NewSheet(row.Visitor.Parameter)
	sheet.Creates = bulk.Creates(row.Visitor.Parameter)
	sheet.Add(row.Visitor, row.Parameters)
	return sheet
}

func one(row route.Row) iter.Seq2[route.Row, error] {
	return func(yield func(route.Row, error) bool) { yield(row, nil) }
}

var statusAddress = regexp.MustCompile(`<batchStatus>\s*(\w+)://([^/\s<]+)(/[^?\s<]*)?`)

// whereStatusIs says how the answer to an upload names the status: by which scheme, host and path.
func (p *probe) whereStatusIs(body []byte) string {
	found := statusAddress.FindSubmatch(body)
	if found == nil {
		return "the answer names no status"
	}
	host, path := string(found[2]), string(found[3])
	where := "another host"
	switch {
	case host == p.subject.host:
		where = "the host of the endpoint"
	case strings.HasSuffix(host, ".tt.omtrdc.net"):
		where = "an edge of Target"
	}
	at := "without /v2/ in its path"
	if strings.Contains(path, "/v2/") {
		at = "with /v2/ in its path"
	}
	return fmt.Sprintf("the status is named by %s, on %s, %s", found[1], where, at)
}
