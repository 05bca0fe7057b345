// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// VisitorParameter is the parameter of a call that names its visitor. The Single
// Profile Update API takes exactly one of the two.
type VisitorParameter string

const (
	// MboxPC carries the id that Target gave the visitor (pcId, also called tntId).
	MboxPC VisitorParameter = "mboxPC"
	// Mbox3rdPartyID carries the customer's own id of the visitor.
	Mbox3rdPartyID VisitorParameter = "mbox3rdPartyId"
)

const (
	// MaxMboxPCLength is the most characters of an mboxPC.
	// Single Profile Update API: "up to 128 characters".
	MaxMboxPCLength = 128
	// DefaultMaxThirdPartyIDLength is the most characters of an mbox3rdPartyId
	// unless the user raises it; Adobe's pages name 60, 128 and 256.
	DefaultMaxThirdPartyIDLength = 128
	// MaxThirdPartyIDLength is the highest limit Adobe names for an mbox3rdPartyId.
	MaxThirdPartyIDLength = 256
)

// Validate returns an error unless the parameter is one the API knows.
func (p VisitorParameter) Validate() error {
	switch p {
	case MboxPC, Mbox3rdPartyID:
		return nil
	case "":
		return fmt.Errorf("required, one of %s, %s", MboxPC, Mbox3rdPartyID)
	default:
		return fmt.Errorf("%q is not a visitor parameter, use one of %s, %s", string(p), MboxPC, Mbox3rdPartyID)
	}
}

// Visitor names one visitor of Target. It is comparable: two updates are of one
// visitor when their Visitors are equal.
type Visitor struct {
	Parameter VisitorParameter
	ID        string
}

// Usable tells whether Target can know a visitor by this id. It refuses what the
// API's rules refuse (an mbox3rdPartyId with '+' or '/', an mboxPC with two
// dots, an id that is too long) and what could only be a mistake in the data
// (control characters, nothing but white space) or make one visitor of several
// (invalid UTF-8 and the U+FFFD that stands for it, the <nil> of a part that was
// missing). An id is never trimmed or altered to make it fit.
func (v Visitor) Usable(maxThirdPartyID int) bool {
	length := 0
	for _, r := range v.ID {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return false
		}
		length++
	}
	if strings.TrimSpace(v.ID) == "" || lacksPart(v.ID) {
		return false
	}
	if v.Parameter == MboxPC {
		return length <= MaxMboxPCLength && strings.Count(v.ID, ".") <= 1
	}
	return length <= maxThirdPartyID && !strings.ContainsAny(v.ID, "+/")
}

// lacksPart reports whether a part of the id was missing when a program put it together.
func lacksPart(id string) bool {
	at := strings.IndexByte(id, '<')
	return at >= 0 && (strings.Contains(id[at:], "<nil>") || strings.Contains(id[at:], "<NIL>"))
}
