// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNameLength is the most characters of a profile parameter's name, without
// "profile.". Delivery API: "Max. length: 128"; the Single Profile Update API
// does not restate it.
const MaxNameLength = 128

// Parameter is one profile attribute to set.
type Parameter struct {
	// Name is the attribute's name without the "profile." it gets in a call.
	Name string
	// Value is the attribute's new value. Target keeps only strings.
	Value string
}

// Reserved tells whether a profile parameter's name belongs to Target itself:
// the namespace of profile scripts, the mbox parameters and the built-in
// attributes. Adobe publishes no full list.
func Reserved(name string) bool {
	switch name {
	case "browserTime", "sessionCount", "averageDaysBetweenVisits":
		return true
	}
	return strings.HasPrefix(name, "user.") ||
		strings.HasPrefix(name, "mbox") ||
		strings.HasPrefix(name, "geolocation.") ||
		strings.HasPrefix(name, "mobile.")
}

// Malformed tells whether a profile parameter's name holds a control character. No page of Adobe says what becomes of one,
// and one name must not have the whole update refused.
func Malformed(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c < ' ' || c == '\x7f':
			return true
		case c >= utf8.RuneSelf: // most names have none
			return strings.ContainsFunc(name[i:], unicode.IsControl)
		}
	}
	return false
}

// NameTooLong tells whether a profile parameter's name has more characters than
// Target takes.
func NameTooLong(name string) bool {
	return len(name) > MaxNameLength && utf8.RuneCountInString(name) > MaxNameLength
}

// UTF16Length returns the length of a text in units of UTF-16, in which characters from U+10000
// on, such as emoji, are two.
func UTF16Length(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > math.MaxUint16 {
			n++
		}
	}
	return n
}

// CleanName returns the name with invalid UTF-8 replaced as the encoding would
// replace it, so that two names that differ only in broken bytes are seen to be
// one before they stand twice in a call.
func CleanName(name string) string {
	return strings.ToValidUTF8(name, "\uFFFD")
}
