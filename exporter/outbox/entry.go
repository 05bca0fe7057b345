// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"encoding/binary"
	"errors"
	"math"
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
	dst = append(dst, 0)                                           // kept for what is to come
	dst = binary.AppendUvarint(dst, uint64(len(e.Parameters)))
	for i := range e.Parameters {
		dst = appendText(appendText(dst, e.Parameters[i].Name), e.Parameters[i].Value)
	}
	return string(dst)
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
	_ = r.string()
	count := r.int()
	if r.failed || count > len(r.text) {
		return nil, errCorrupt
	}
	e.Parameters = make([]profile.Parameter, count)
	for i := range e.Parameters {
		e.Parameters[i] = profile.Parameter{Name: r.string(), Value: r.string()}
	}
	if r.failed || r.text != "" {
		return nil, errCorrupt
	}
	return e, nil
}

// reader reads the parts of an entry one after another. What it returns after it has
// failed is of no meaning.
type reader struct {
	text   string
	failed bool
}

func (r *reader) visitor() profile.Visitor {
	if r.text == "" || int(r.text[0]) >= len(visitorParameters) {
		r.failed, r.text = true, ""
		return profile.Visitor{}
	}
	parameter := visitorParameters[r.text[0]]
	r.text = r.text[1:]
	return profile.Visitor{Parameter: parameter, ID: r.string()}
}

func (r *reader) uvarint() uint64 {
	var value uint64
	for i := 0; i < len(r.text) && i < binary.MaxVarintLen64; i++ {
		c := r.text[i]
		value |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.text = r.text[i+1:]
			return value
		}
	}
	r.failed, r.text = true, ""
	return 0
}

func (r *reader) int() int {
	value := r.uvarint()
	if value > math.MaxInt32 {
		r.failed = true
		return 0
	}
	return int(value)
}

func (r *reader) signed() int64 {
	value := r.uvarint()
	return int64(value>>1) ^ -int64(value&1)
}

func (r *reader) string() string {
	size := r.int()
	if size > len(r.text) {
		r.failed, r.text = true, ""
		return ""
	}
	s := r.text[:size]
	r.text = r.text[size:]
	return s
}
