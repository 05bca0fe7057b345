// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Entry is what waits of one visitor.
type Entry struct {
	Visitor profile.Visitor
	// Parameters are the merged parameters, the latest value of each, sorted by name.
	Parameters []profile.Parameter
	// Records is how many log records are behind them.
	Records int
	// First is when the oldest of the records arrived.
	First time.Time
	// Attempts is how often its call failed while others got through, 0 unless the entry
	// fails alone.
	Attempts int
	// Failing is for how long it has failed alone, by the clock of who sends it.
	Failing time.Duration
	// Seen is where that clock stood at the last attempt. It is not stored.
	Seen time.Duration
	// OneWay is that it waits for one of the ways by which it may be sent, as the others cannot
	// carry it. It is not stored: another run finds it out anew.
	OneWay bool

	// Sent are the parameters that uploads have carried of the visitor, as long as they are
	// remembered. One that is in Row or Parameters too is newer there.
	Sent []profile.Parameter
	// Upload is the number of the upload in which the visitor stands, 0 for none. Row is what that
	// carries first, and Uploaded how many further records came with it.
	Upload   uint32
	Row      []profile.Parameter
	Uploaded int

	slot uint32
}

var errCorrupt = errors.New("an entry of the outbox cannot be read")

var visitorParameters = [...]profile.VisitorParameter{profile.MboxPC, profile.Mbox3rdPartyID}

// kind returns how the parameter of a visitor is stored.
func kind(v profile.Visitor) byte {
	if v.Parameter == profile.Mbox3rdPartyID {
		return 1
	}
	return 0
}

// isOf reports whether an entry that was encoded is the visitor's.
func isOf(stored string, v profile.Visitor) bool {
	of, err := decodeVisitor(stored)
	return err == nil && of == v
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// usualSize is more than most entries take.
const usualSize = 512

// encode returns the entry as it is stored.
func (e *Entry) encode() string {
	dst := make([]byte, 0, usualSize)
	dst = appendText(append(dst, kind(e.Visitor)), e.Visitor.ID)
	dst = binary.AppendUvarint(dst, uint64(e.Records)) //nolint:gosec // counts up from 0
	dst = binary.AppendVarint(dst, e.First.UnixMilli())
	dst = binary.AppendUvarint(dst, uint64(e.Attempts))            //nolint:gosec // counts up from 0
	dst = binary.AppendUvarint(dst, uint64(e.Failing/time.Second)) //nolint:gosec // never negative
	sent := e.appendSent(make([]byte, 0, usualSize))
	dst = append(binary.AppendUvarint(dst, uint64(len(sent))), sent...)
	return string(appendParameters(dst, e.Parameters))
}

// sentMark begins what uploads hold of a visitor. Earlier builds kept a word in its place.
const sentMark = "\x01"

// appendSent appends what uploads hold of the visitor, nothing for nothing.
func (e *Entry) appendSent(dst []byte) []byte {
	if e.Upload == 0 && len(e.Sent) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(append(dst, sentMark...), uint64(e.Upload))
	dst = binary.AppendUvarint(dst, uint64(e.Uploaded)) //nolint:gosec // counts up from 0
	return appendParameters(appendParameters(dst, e.Sent), e.Row)
}

// decodeSent is the reverse of appendSent.
func (e *Entry) decodeSent(text string) (whole bool) {
	text, is := strings.CutPrefix(text, sentMark)
	if !is {
		return true
	}
	r := reader{text: text}
	e.Upload = uint32(min(r.uvarint(), math.MaxUint32))
	e.Uploaded = r.int()
	e.Sent, e.Row = r.parameters(), r.parameters()
	return !r.failed && r.text == ""
}

func appendParameters(dst []byte, parameters []profile.Parameter) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(parameters)))
	for i := range parameters {
		dst = appendText(appendText(dst, parameters[i].Name), parameters[i].Value)
	}
	return dst
}

// decodeVisitor returns the visitor of an entry that was encoded.
func decodeVisitor(stored string) (profile.Visitor, error) {
	r := reader{text: stored}
	v := r.visitor()
	if r.failed {
		return v, errCorrupt
	}
	return v, nil
}

// decode returns the entry that was encoded. Its texts are parts of what was stored.
func decode(stored string) (*Entry, error) {
	r := reader{text: stored}
	e := &Entry{Visitor: r.visitor()}
	e.Records = int(r.uvarint()) //nolint:gosec // written from one
	e.First = time.UnixMilli(r.signed())
	e.Attempts = r.int()
	e.Failing = time.Duration(r.int()) * time.Second
	sent := e.decodeSent(r.string())
	e.Parameters = r.parameters()
	if !sent || r.failed || r.text != "" {
		return nil, errCorrupt
	}
	return e, nil
}
