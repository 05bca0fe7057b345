// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/plog"
)

// maxLine is the most bytes of a line of text, and about that of an object.
const maxLine = 64 << 20

var errTooLong = fmt.Errorf("is longer than %d bytes", maxLine)

// byteOrderMark may begin a file of UTF-8.
var byteOrderMark = []byte("\xEF\xBB\xBF")

// Reader reads records: JSON objects one after another, each of OTLP/JSON or of a Form, or lines of text. It is for one use.
type Reader struct {
	from   io.Reader
	form   Form
	floats bool

	records, otlp bool // what was read
}

// NewReader returns a Reader. With floats it reads each number as a floating-point one, as json_parser does without
// parse_ints: then large whole numbers are rounded.
func NewReader(from io.Reader, form Form, floats bool) *Reader {
	return &Reader{from: from, form: form, floats: floats}
}

// Form returns as what records were read: the form that was decided for, or otlp.
func (r *Reader) Form() Form {
	if r.otlp && !r.records {
		return asOTLP
	}
	return r.form
}

// Records yields the records, those of one OTLP object together. It ends with the first error, which names the line
// and holds nothing of it.
func (r *Reader) Records() iter.Seq2[plog.Logs, error] {
	from := bufio.NewReaderSize(r.from, 64<<10)
	begins, err := from.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return func(yield func(plog.Logs, error) bool) { yield(plog.Logs{}, err) }
	}
	if bytes.Equal(begins, byteOrderMark) {
		_, _ = from.Discard(len(byteOrderMark)) // they were just read
	}
	if r.form == AsText {
		return texts(from, &r.records)
	}
	return r.objects(from)
}

// texts yields the lines that are not empty.
func texts(from *bufio.Reader, found *bool) iter.Seq2[plog.Logs, error] {
	return func(yield func(plog.Logs, error) bool) {
		lines := bufio.NewScanner(from)
		lines.Buffer(nil, maxLine)
		number := 0
		for lines.Scan() {
			number++
			text := lines.Text()
			if text == "" {
				continue
			}
			*found = true
			if !utf8.ValidString(text) {
				yield(plog.Logs{}, fmt.Errorf("line %d: is not UTF-8", number))
				return
			}
			ld, record := newRecord()
			record.log.Body().SetStr(text)
			if !yield(ld, nil) {
				return
			}
		}
		switch err := lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(plog.Logs{}, fmt.Errorf("line %d: %w", number+1, errTooLong))
		case err != nil:
			yield(plog.Logs{}, fmt.Errorf("line %d: %w", number+1, err))
		}
	}
}

// objects yields the records of JSON objects, which may stand on several lines each.
func (r *Reader) objects(from io.Reader) iter.Seq2[plog.Logs, error] {
	return func(yield func(plog.Logs, error) bool) {
		lines := &lineCounter{from: from}
		decoder := json.NewDecoder(lines)
		for {
			ended := decoder.InputOffset()
			var object json.RawMessage
			err := decoder.Decode(&object)
			if errors.Is(err, io.EOF) {
				return
			}
			begins := decoder.InputOffset() - int64(len(object))
			var ld plog.Logs
			if err != nil {
				begins = ended + space(decoder.Buffered())
				err = broken(err)
			} else {
				ld, err = r.record(object)
			}
			if err != nil {
				yield(plog.Logs{}, fmt.Errorf("line %d: %w", lines.at(begins), err))
				return
			}
			lines.at(decoder.InputOffset())
			if !yield(ld, nil) {
				return
			}
		}
	}
}

var (
	errNoJSON   = errors.New("is no JSON object, as one line of JSON lines is one; --as text reads lines of text")
	errNoObject = errors.New("is JSON and no object: a record is an object on a line, as jq -c '.[]' makes them of a list")
	errNoOTLP   = errors.New("has resourceLogs and cannot be read as OTLP/JSON")
)

// broken says what is wrong without what stands there.
func broken(err error) error {
	if _, syntax := errors.AsType[*json.SyntaxError](err); syntax || errors.Is(err, io.ErrUnexpectedEOF) {
		return errNoJSON
	}
	return err
}

// record reads one object.
func (r *Reader) record(object []byte) (plog.Logs, error) {
	if object[0] != '{' {
		return plog.Logs{}, errNoObject
	}
	fields := make(map[string]any)
	decoder := json.NewDecoder(bytes.NewReader(object))
	if !r.floats {
		decoder.UseNumber()
	}
	if err := decoder.Decode(&fields); err != nil {
		if r.floats { // it is JSON, so a number is out of range
			return plog.Logs{}, errors.New("holds a number that no floating-point one can be")
		}
		return plog.Logs{}, errNoJSON
	}
	if isOTLP(fields) {
		r.otlp = true
		ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs(object)
		if err != nil {
			return plog.Logs{}, errNoOTLP // its error may hold a part of the record
		}
		return ld, nil
	}
	r.records = true
	numbers(fields)
	if r.form == Auto {
		r.form = AsAttributes
		if isRecord(fields) {
			r.form = AsRecord
		}
	}
	if r.form == AsRecord {
		return NewRecord(fields)
	}
	ld, record := newRecord()
	if r.form == AsBody {
		return ld, put(record.log.Body(), fields)
	}
	return ld, putAll(record.log.Attributes(), fields)
}

func isOTLP(fields map[string]any) bool {
	_, is := fields["resourceLogs"]
	if !is {
		_, is = fields["resource_logs"]
	}
	return is
}

// numbers makes each number a whole one where it is one, as json_parser with parse_ints does.
func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case map[string]any:
		for name, member := range v {
			v[name] = numbers(member)
		}
	case []any:
		for i, element := range v {
			v[i] = numbers(element)
		}
	}
	return value
}
