// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"
)

// uploadResponse is the XML form of the answer to an upload.
type uploadResponse struct {
	XMLName     xml.Name `xml:"response"`
	Success     []string `xml:"success"`
	BatchStatus []string `xml:"batchStatus"`
}

// readUpload returns what a 2xx answer to an upload says, and the URL at which its status may be
// asked for. Only XML of Target's with one success that is true or false says something.
func (b *Bulk) readUpload(code int, body []byte) (answer Answer, status string) {
	answer = Answer{Verdict: SetupFault, StatusCode: code, Reason: ReasonForeign, Detail: "the answer is " + kindOf(body)}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if !bytes.HasPrefix(body, []byte("<")) {
		return answer, ""
	}
	var r uploadResponse
	if err := lenientXML(&textReader{from: bufio.NewReader(bytes.NewReader(body)), room: math.MaxInt}).Decode(&r); err != nil || len(r.Success) != 1 {
		return answer, ""
	}
	switch strings.TrimSpace(r.Success[0]) {
	case "true":
		answer = Answer{Verdict: Delivered, StatusCode: code}
	case "false":
		return Answer{Verdict: Rejected, StatusCode: code, Reason: ReasonRefused, Detail: "see bulk::version"}, ""
	default:
		return answer, ""
	}
	if len(r.BatchStatus) != 1 || strings.TrimSpace(r.BatchStatus[0]) == "" {
		answer.Detail = "the answer does not say where the status is"
		return answer, ""
	}
	u, why := b.statusURL(r.BatchStatus[0])
	if why != "" {
		answer.Detail = why
		return answer, ""
	}
	return answer, u.String()
}

// unknownUpload is the answer to a status that Target does not keep any more, or not yet.
var unknownUpload = Answer{Verdict: NotNow, StatusCode: http.StatusNotFound, Reason: statusReason(http.StatusNotFound)}

// errForeign ends the reading of what is not Target's.
var errForeign = errors.New("the answer is not Target's")

// lenientXML returns a decoder of XML as servers write it: with bare ampersands, unknown entities,
// and bytes that are no text in whatever charset it says.
func lenientXML(r *textReader) *xml.Decoder {
	decoder := xml.NewDecoder(r)
	decoder.Strict = false
	// Whatever the charset says, the words that count are ASCII.
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	return decoder
}

// textReader reads bytes and puts U+FFFD where they are no text of XML. encoding/xml reads it byte
// by byte and no further than it needs.
type textReader struct {
	from *bufio.Reader
	room int // for further bytes
	rune [utf8.UTFMax]byte
	rest []byte // of the rune
}

// ReadByte reads one byte.
func (t *textReader) ReadByte() (byte, error) {
	if t.room == 0 {
		return 0, errForeign
	}
	t.room--
	if len(t.rest) == 0 {
		c, err := t.from.ReadByte()
		if err != nil || (c >= ' ' && c < utf8.RuneSelf) { // nearly all are
			return c, err
		}
		_ = t.from.UnreadByte() // it was just read
		r, _, err := t.from.ReadRune()
		if err != nil {
			return 0, err
		}
		if (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r == 0xFFFE || r == 0xFFFF {
			r = utf8.RuneError
		}
		t.rest = utf8.AppendRune(t.rune[:0], r)
	}
	first := t.rest[0]
	t.rest = t.rest[1:]
	return first, nil
}

// Read reads one byte: encoding/xml asks for it and does not use it.
func (t *textReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := t.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}
