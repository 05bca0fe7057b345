// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"io"
	"iter"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// chunkOfUpload is how many bytes of a body are made at a time, and a row more.
const chunkOfUpload = 32 << 10

// What is wrong with the rows of an upload.
const (
	rowsUnread  = "the rows could not be read"
	rowForeign  = "a row does not belong to the file"
	rowsDiffer  = "the rows make another file than the one that was counted"
	fileUnknown = "the file has no column of ids"
	fileEmpty   = "the file has no rows"
	fileTooLong = "the file has more rows than an upload may have"
	fileTooBig  = "the file has more bytes than an upload may have"
)

// errUpload ends a body that is not to be sent any further.
var errUpload = errors.New("the upload has ended")

// uploadBody is the body of an upload. It reads the rows while it is read, once. Its last bytes are
// held back until the rows have ended and made the very file that the sheet says, so that what
// is sent is this file or only a part of one.
type uploadBody struct {
	sheet *Sheet
	turn  chan struct{} // holds one thing while the body is in use: net/http may read on after its answer
	next  func() ([]byte, bool)
	stop  func()

	rest  []byte // of the chunk
	read  int64
	ended error
	fault string // what is wrong with the rows, "" for nothing
	// values are those of one row, by column.
	values []string
}

func newUploadBody(sheet *Sheet, rows iter.Seq2[Row, error]) *uploadBody {
	b := &uploadBody{sheet: sheet, turn: make(chan struct{}, 1), values: make([]string, len(sheet.Names))}
	b.next, b.stop = iter.Pull(b.chunks(rows))
	return b
}

// Read reads on, as an io.Reader does.
func (b *uploadBody) Read(p []byte) (n int, err error) {
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	for len(b.rest) == 0 && b.ended == nil {
		chunk, is := b.next()
		switch {
		case is:
			b.rest = chunk
		case b.fault != "":
			b.ended = errUpload
		default:
			b.ended = io.EOF
		}
	}
	if b.ended != nil {
		return 0, b.ended
	}
	n = copy(p, b.rest)
	b.rest = b.rest[n:]
	b.read += int64(n)
	return n, nil
}

// Close ends the body: nothing more is read of the rows once it returns.
func (b *uploadBody) Close() error {
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	b.stop()
	if b.ended == nil {
		b.ended = errUpload
	}
	return nil
}

// end ends the body and returns whether it was read whole, and what is wrong with the rows.
func (b *uploadBody) end() (whole bool, fault string) {
	_ = b.Close() // it never fails
	return b.read == b.sheet.Bytes, b.fault
}

// chunks returns the body, in parts of one buffer. If it ends early it sets fault.
func (b *uploadBody) chunks(rows iter.Seq2[Row, error]) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		buffer := b.sheet.appendHeader(make([]byte, 0, chunkOfUpload+chunkOfUpload/4))
		made, count := int64(0), 0 // made are the bytes before the buffer
		for row, err := range rows {
			if err != nil {
				b.fault = rowsUnread
				return
			}
			var belongs bool
			if buffer, belongs = b.appendRow(buffer, &row); !belongs {
				b.fault = rowForeign
				return
			}
			count++
			size := made + int64(len(buffer))
			if size > b.sheet.Bytes || count > b.sheet.Rows {
				b.fault = rowsDiffer
				return
			}
			if len(buffer) < chunkOfUpload || size == b.sheet.Bytes {
				continue
			}
			if !yield(buffer) {
				return
			}
			made, buffer = size, buffer[:0]
		}
		if made+int64(len(buffer)) != b.sheet.Bytes || count != b.sheet.Rows {
			b.fault = rowsDiffer
			return
		}
		yield(buffer)
	}
}

// appendRow appends a row, without its empty fields at the end.
func (b *uploadBody) appendRow(dst []byte, row *Row) (_ []byte, belongs bool) {
	if row.Visitor.Parameter != b.sheet.Of || !BulkNames(row.Visitor) {
		return dst, false
	}
	last := 0
	for i := range row.Parameters {
		p := &row.Parameters[i]
		column, is := b.sheet.column(p.Name)
		if !is || divides(p.Value) || b.values[column] != "" {
			return dst, false
		}
		if p.Value != "" {
			b.values[column] = p.Value
			last = max(last, column+1)
		}
	}
	dst = profile.AppendEscaped(append(dst, '\n'), row.Visitor.ID)
	for i, value := range b.values[:last] {
		dst = profile.AppendEscaped(append(dst, ','), value)
		b.values[i] = ""
	}
	return dst, true
}

// refuses returns why the file cannot be uploaded, "" when it can.
func (b *Bulk) refuses(sheet *Sheet) string {
	_, known := idColumns[sheet.Of]
	switch {
	case !known:
		return fileUnknown
	case sheet.Rows <= 0:
		return fileEmpty
	case sheet.Rows > MaxBulkRows:
		return fileTooLong
	case sheet.Bytes > MaxBulkBytes:
		return fileTooBig
	}
	for _, name := range sheet.Names {
		if !isColumn(name) {
			return rowForeign
		}
	}
	return ""
}
