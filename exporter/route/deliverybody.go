// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

var jsonContentType = []string{"application/json"}

const (
	lowerHex = "0123456789abcdef"
	// bodyOverhead is more than what is the same in most bodies.
	bodyOverhead = 400
	// parameterOverhead is what a parameter takes beside its texts.
	parameterOverhead = len(`"":"",`)
)

// appendBody returns the JSON of a call: the visitor, and one mbox or notification with the
// parameters.
func (d *Delivery) appendBody(v profile.Visitor, parameters []profile.Parameter, receipt string, now time.Time) []byte {
	size := bodyOverhead + len(v.ID)
	for i := range parameters {
		size += parameterOverhead + len(parameters[i].Name) + len(parameters[i].Value)
	}
	dst := make([]byte, 0, size+size/8) // a guess at what escaping adds
	dst = append(dst, `{"id":{`...)
	if v.Parameter == profile.Mbox3rdPartyID {
		dst = append(dst, `"thirdPartyId":`...)
	} else {
		dst = append(dst, `"tntId":`...)
	}
	dst = append(appendJSON(dst, v.ID), d.behindID...)
	dst = appendJSON(dst, receipt)
	if d.form == Notification {
		dst = append(dst, `,"type":"display","timestamp":`...)
		dst = strconv.AppendInt(dst, now.UnixMilli(), 10)
	}
	dst = append(dst, d.behindReceipt...)
	for i := range parameters {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSON(dst, parameters[i].Name), ':')
		dst = appendJSON(dst, parameters[i].Value)
	}
	return append(dst, d.behind...)
}

// escaped marks the bytes that a string of JSON cannot hold as they are.
var escaped = func() (table [256]bool) {
	for c := range table {
		table[c] = c < ' ' || c == '"' || c == '\\'
	}
	return table
}()

// appendJSON appends s as a string of JSON. A run of invalid UTF-8 becomes one U+FFFD, as in the
// form of a single update.
func appendJSON(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	dst = append(dst, '"')
	plain := 0 // what stands behind it needs no escape
	for i := range len(s) {
		c := s[i]
		if !escaped[c] {
			continue
		}
		dst = append(dst, s[plain:i]...)
		plain = i + 1
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	return append(append(dst, s[plain:]...), '"')
}
