// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"sync/atomic"

	"go.uber.org/zap"
)

// maxShown is the most bytes that are shown of the body of an upload.
const maxShown = 64 << 10

// UploadDryRun shows uploads instead of making them. It is safe for concurrent use.
type UploadDryRun struct {
	bulk    *Bulk
	logger  *zap.Logger
	uploads atomic.Int64
}

// NewUploadDryRun returns an UploadDryRun that writes to the logger, ids and values included:
// that is what it is for.
func NewUploadDryRun(bulk *Bulk, logger *zap.Logger) *UploadDryRun {
	return &UploadDryRun{bulk: bulk, logger: logger}
}

// Upload writes the beginning of the upload as it would leave, once. It returns no status, and
// ReasonRows as UploadCaller.Upload does.
func (d *UploadDryRun) Upload(_ context.Context, sheet *Sheet, rows iter.Seq2[Row, error]) (answer Answer, status string) {
	if why := d.bulk.refuses(sheet); why != "" {
		return rowsAnswer(why), ""
	}
	body := newUploadBody(sheet, rows)
	shown, err := io.ReadAll(io.LimitReader(body, maxShown))
	if err == nil {
		_, err = io.Copy(io.Discard, body) // the rows may fail later
	}
	if _, fault := body.end(); errors.Is(err, errUpload) {
		return rowsAnswer(fault), ""
	}
	if int64(len(shown)) < sheet.Bytes {
		shown = shown[:max(bytes.LastIndexByte(shown, '\n'), 0)]
	}
	draft := d.bulk.Draft(sheet)
	d.logger.Info("Dry run, not sent: upload "+strconv.FormatInt(d.uploads.Add(1), 10),
		zap.String("method", draft.Method), zap.String("url", draft.URL.String()), zap.Int("rows", sheet.Rows), zap.Int64("bytes", sheet.Bytes),
		zap.ByteString("body", shown), zap.Int("rows_not_shown", sheet.Rows-bytes.Count(shown, []byte("\n"))))
	return Answer{Verdict: NotSent}, ""
}

// Status asks nothing: there is no upload.
func (d *UploadDryRun) Status(context.Context, string) (Progress, Answer) {
	return Progress{}, Answer{Verdict: NotSent}
}
