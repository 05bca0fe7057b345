// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"context"
	"io"
	"iter"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"
)

const (
	// The names of the spans of calls.
	spanOfUpload = "adobe_target/upload"
	spanOfStatus = "adobe_target/status"

	// bulkPause is the shortest pause after 503, by which Target answers the 51st call of a minute.
	bulkPause = 65 * time.Second
)

// UploadCaller makes uploads and asks for their status, each call in a span of its own. A span
// holds what came of the call and nothing of what it carried: no URL, id or value. It is safe for
// concurrent use.
type UploadCaller struct {
	bulk          *Bulk
	transport     http.RoundTripper
	userAgent     []string
	timeout       time.Duration // of a status
	maxRetryAfter time.Duration
	tracer        trace.Tracer
	start         []trace.SpanStartOption // those of every span
}

// NewUploadCaller returns an UploadCaller that calls the API through the transport of c, as a
// Caller does: once, and no redirect is followed. The timeout is that of a status. A Retry-After
// beyond maxRetryAfter counts as that, but for the pause after 503, which is 65 s at least.
func NewUploadCaller(
	bulk *Bulk, c *http.Client, userAgent string, timeout, maxRetryAfter time.Duration, tracer trace.Tracer,
) *UploadCaller {
	return &UploadCaller{
		bulk: bulk, transport: c.Transport, userAgent: []string{userAgent}, timeout: timeout, maxRetryAfter: maxRetryAfter,
		tracer: tracer, start: []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)},
	}
}

// Upload makes an upload of the rows, which must make the file that the sheet says. It returns what
// came of it, and the URL that Status can follow, "" when there is none. Delivered means that
// Target has taken the file and not yet what is in it. The rows are read while they are sent, by
// another goroutine, and no longer once Upload returns. If they fail, or make another file,
// Target does not get the whole of it: then the answer is ReasonRows.
func (u *UploadCaller) Upload(ctx context.Context, sheet *Sheet, rows iter.Seq2[Row, error]) (answer Answer, status string) {
	if why := u.bulk.refuses(sheet); why != "" {
		return rowsAnswer(why), ""
	}
	ctx, span := u.tracer.Start(ctx, spanOfUpload, u.start...)
	defer span.End()
	answer, status = u.upload(ctx, sheet, rows)
	describe(span, http.MethodPost, answer)
	return answer, status
}

func (u *UploadCaller) upload(ctx context.Context, sheet *Sheet, rows iter.Seq2[Row, error]) (answer Answer, status string) {
	ctx, cancel := context.WithTimeout(ctx, u.bulk.timeout)
	defer cancel()
	c := call{method: http.MethodPost, url: u.bulk.url(sheet)}
	req := c.request(ctx, u.userAgent)
	body := newUploadBody(sheet, rows)
	req.Header["Content-Type"] = formContentType
	req.Body, req.ContentLength = body, sheet.Bytes
	answer, status = u.submit(req)
	switch whole, fault := body.end(); {
	case fault != "":
		return rowsAnswer(fault), ""
	case answer.Verdict == Delivered && !whole:
		return Answer{Verdict: NotNow, Reason: ReasonConnectionClosed, Detail: "the answer came before the whole file was sent"}, ""
	}
	return answer, status
}

// submit makes the request and reads its answer.
func (u *UploadCaller) submit(req *http.Request) (answer Answer, status string) {
	resp, answer := u.roundTrip(req)
	if resp == nil {
		if answer.Verdict == Rejected {
			answer.Detail = "see bulk::version"
		}
		return answer, ""
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if err := readAnswer(&body, resp); err != nil {
		return failure(err), ""
	}
	return u.bulk.readUpload(resp.StatusCode, body.Bytes())
}

// Status asks how far an upload is. Delivered means that the progress could be read.
func (u *UploadCaller) Status(ctx context.Context, status string) (Progress, Answer) {
	c := call{method: http.MethodGet}
	var why string
	if c.url, why = u.bulk.statusURL(status); why != "" {
		return Progress{}, Answer{Verdict: NotNow, Reason: ReasonForeignHost, Detail: why}
	}
	askForDetails(c.url)
	ctx, span := u.tracer.Start(ctx, spanOfStatus, u.start...)
	defer span.End()
	progress, answer := u.status(ctx, &c)
	describe(span, c.method, answer)
	return progress, answer
}

func (u *UploadCaller) status(ctx context.Context, c *call) (Progress, Answer) {
	if u.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, u.timeout)
		defer cancel()
	}
	resp, answer := u.roundTrip(c.request(ctx, u.userAgent))
	if resp == nil {
		if answer.StatusCode == http.StatusNotFound {
			answer.Verdict = unknownUpload.Verdict
		}
		return Progress{}, answer
	}
	defer resp.Body.Close()
	progress, answer := readProgress(&io.LimitedReader{R: resp.Body, N: maxProgress})
	discard(resp)
	if answer.Reason == "" || answer.Reason == ReasonForeign {
		answer.StatusCode = resp.StatusCode
	}
	return progress, answer
}

// roundTrip makes a request. It returns a response that is 2xx, or what else came of it.
func (u *UploadCaller) roundTrip(req *http.Request) (*http.Response, Answer) {
	resp, answer := roundTrip(u.transport, req, u.maxRetryAfter)
	if answer.StatusCode == http.StatusServiceUnavailable {
		answer.RetryAfter = max(answer.RetryAfter, bulkPause)
	}
	return resp, answer
}

// rowsAnswer is the answer to an upload that its rows have ended.
func rowsAnswer(why string) Answer { return Answer{Verdict: NotNow, Reason: ReasonRows, Detail: why} }
