// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"strings"
	"unicode/utf8"
)

// pair is one decoded parameter of a form.
type pair struct {
	name, value string
}

// parseForm decodes an application/x-www-form-urlencoded query or body, in order. It is stricter than browsers and
// net/url: every pair has exactly one "=" and a name, everything outside the query characters of RFC 3986 must be
// percent-encoded, and what is decoded must be UTF-8.
func parseForm(encoded string) ([]pair, *refusal) {
	if encoded == "" {
		return nil, nil
	}
	for i := range len(encoded) {
		if !mayStandRaw(encoded[i]) {
			return nil, malformed("a byte that must be percent-encoded is not")
		}
	}
	pairs := make([]pair, 0, strings.Count(encoded, "&")+1)
	for part := range strings.SplitSeq(encoded, "&") {
		p, refused := parsePair(part)
		if refused != nil {
			return nil, refused
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func parsePair(part string) (pair, *refusal) {
	name, value, found := strings.Cut(part, "=")
	switch {
	case !found:
		return pair{}, malformed("a parameter has no =")
	case strings.Contains(value, "="):
		return pair{}, malformed("a parameter has an = that is not percent-encoded")
	case name == "":
		return pair{}, malformed("a parameter has no name")
	}
	var p pair
	var refused *refusal
	if p.name, refused = unescape(name); refused != nil {
		return pair{}, refused
	}
	if p.value, refused = unescape(value); refused != nil {
		return pair{}, refused
	}
	return p, nil
}

func unescape(encoded string) (string, *refusal) {
	if !strings.ContainsAny(encoded, "%+") {
		return encoded, nil
	}
	decoded := make([]byte, 0, len(encoded))
	for i := 0; i < len(encoded); i++ {
		switch encoded[i] {
		case '+':
			decoded = append(decoded, ' ')
		case '%':
			if i+2 >= len(encoded) {
				return "", malformed("a percent-escape is cut short")
			}
			high, highOK := hexDigit(encoded[i+1])
			low, lowOK := hexDigit(encoded[i+2])
			if !highOK || !lowOK {
				return "", malformed("a percent-escape has no two hexadecimal digits")
			}
			decoded = append(decoded, high<<4|low)
			i += 2
		default:
			decoded = append(decoded, encoded[i])
		}
	}
	if !utf8.Valid(decoded) {
		return "", malformed("a parameter is not UTF-8")
	}
	return string(decoded), nil
}

func hexDigit(c byte) (digit byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// mayStandRaw tells whether RFC 3986 allows a byte in a query. The semicolon is left out: some servers take it for "&".
func mayStandRaw(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-._~!$&'()*+,=:@/?%", c) >= 0
}
