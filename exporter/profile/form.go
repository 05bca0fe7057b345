// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import "unicode/utf8"

const (
	// MaxBody is the most bytes of a POST body.
	// Single Profile Update API: "POST at most 60 KB", read as 60,000 bytes.
	MaxBody = 60_000
	// MaxRequestTarget is the most bytes of a request target (path, '?' and query).
	// Single Profile Update API: "GET at most 8 KB", read as 8,000 bytes.
	MaxRequestTarget = 8_000
)

const (
	namePrefix = "&profile."
	upperHex   = "0123456789ABCDEF"
	// replacement is U+FFFD in UTF-8, percent-encoded.
	replacement = "%EF%BF%BD"
	// maxGrowth is the most bytes that one byte of input becomes: a lone invalid
	// byte turns into the replacement.
	maxGrowth = len(replacement)
)

// unreserved marks the bytes that stand for themselves (RFC 3986, section 2.3).
var unreserved = func() (table [utf8.RuneSelf]bool) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			table[c] = true
		}
	}
	return table
}()

// AppendForm appends to dst the visitor and as many of the leading parameters as
// fit into limit bytes, as `mboxPC=…&profile.name=value&…` in percent-encoded
// UTF-8. It returns the form and how many parameters it holds: 0 means that not
// even the first fits, and the form is of no use.
func AppendForm(dst []byte, v Visitor, parameters []Parameter, limit int) (form []byte, n int) {
	start := len(dst)
	dst = append(dst, v.Parameter...)
	dst = append(dst, '=')
	dst = AppendEscaped(dst, v.ID)
	for i := range parameters {
		end := len(dst)
		dst = append(dst, namePrefix...)
		dst = AppendEscaped(dst, parameters[i].Name)
		dst = append(dst, '=')
		dst = AppendEscaped(dst, parameters[i].Value)
		if len(dst)-start > limit {
			return dst[:end], i
		}
	}
	return dst, len(parameters)
}

// Fits tells whether a call with this one parameter alone stays within limit
// bytes. A parameter is never divided: one that does not fit cannot be sent.
func Fits(v Visitor, name, value string, limit int) bool {
	fixed := len(v.Parameter) + len("=") + len(namePrefix) + len("=")
	if fixed+maxGrowth*(len(v.ID)+len(name)+len(value)) <= limit {
		return true
	}
	return fixed+EscapedLen(v.ID)+EscapedLen(name)+EscapedLen(value) <= limit
}

// AppendEscaped appends s percent-encoded. A run of invalid UTF-8 becomes one
// U+FFFD, as strings.ToValidUTF8 would have it.
func AppendEscaped(dst []byte, s string) []byte {
	plain := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if !unreserved[c] {
				dst = append(append(dst, s[plain:i]...), '%', upperHex[c>>4], upperHex[c&15])
				plain = i + 1
			}
			i++
			continue
		}
		dst = append(dst, s[plain:i]...)
		if size := validSize(s[i:]); size > 0 {
			for _, c := range []byte(s[i : i+size]) {
				dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
			}
			i += size
		} else {
			dst = append(dst, replacement...)
			i = skipInvalid(s, i)
		}
		plain = i
	}
	return append(dst, s[plain:]...)
}

// EscapedLen returns len(AppendEscaped(nil, s)).
func EscapedLen(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if unreserved[c] {
				n++
			} else {
				n += len("%XX")
			}
			i++
			continue
		}
		if size := validSize(s[i:]); size > 0 {
			n += size * len("%XX")
			i += size
		} else {
			n += len(replacement)
			i = skipInvalid(s, i)
		}
	}
	return n
}

// validSize returns the bytes of the rune that s begins with, 0 when it begins
// with invalid UTF-8.
func validSize(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}

// skipInvalid returns the position after the run of invalid bytes at i.
func skipInvalid(s string, i int) int {
	for i < len(s) && s[i] >= utf8.RuneSelf && validSize(s[i:]) == 0 {
		i++
	}
	return i
}
