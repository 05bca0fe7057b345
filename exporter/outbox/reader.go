// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"encoding/binary"
	"math"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

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

func (r *reader) parameters() []profile.Parameter {
	count := r.int()
	if r.failed || count > len(r.text) {
		r.failed = true
		return nil
	}
	parameters := make([]profile.Parameter, count)
	for i := range parameters {
		parameters[i] = profile.Parameter{Name: r.string(), Value: r.string()}
	}
	return parameters
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
